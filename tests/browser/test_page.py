"""What a campaign engineer does on the page, with the real service behind it."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from bundle_factory import bundle_config
from playwright.sync_api import Browser, Page, Route, expect

from browser.conftest import JPEG, QUESTION, UPLOAD, Answered, OpenPage
from emailimg import images

# Hands an image to the page as a browser does when it is dropped or pasted.
_HAND_OVER = """([kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "car.jpg", { type: "image/jpeg" }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


def percent(shown: str) -> float:
    """`22%` -> 0.22."""
    return float(shown.removesuffix("%")) / 100


def probabilities(page: Page, of: str) -> list[float]:
    return [
        percent(text) for text in page.locator(f"#{of} .figures-first strong").all_inner_texts()
    ]


def test_an_upload_is_answered_with_the_services_numbers(answered: Answered, base_url: str):
    files = {"image": ("car.jpg", JPEG)}
    expected = httpx.post(f"{base_url}/v1/recommend", files=files, data=QUESTION).json()
    page = answered.page
    assert percent(answered.big) == pytest.approx(expected["probability"], abs=0.005)
    assert page.locator("#edits .card").count() == len(expected["edits"])
    assert page.locator("#alternates .card").count() == len(expected["alternates"])
    assert page.locator("#bundle").inner_text() == expected["bundle"]
    assert page.title().startswith(answered.big)
    seen = page.locator("#seen").inner_text()
    assert expected["attributes_seen"]["vehicle_type"] in seen


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_images_can_be_pasted_and_dropped(open_page: OpenPage, kind: str):
    page = open_page()
    if kind == "drop":
        page.evaluate(_HAND_OVER, ["dragenter", list(JPEG)])
        expect(page.locator("#overlay")).to_be_visible()
    Answered(page).ask(lambda: page.evaluate(_HAND_OVER, [kind, list(JPEG)]))
    expect(page.locator("#overlay")).to_be_hidden()
    expect(page.locator("#shown-name")).to_have_text("car.jpg")


def test_an_image_that_comes_before_the_page_is_ready_is_not_forgotten(
    browser: Browser, base_url: str
):
    held: list[Route] = []
    with browser.new_page() as page:
        page.route("**/v1/targets", lambda route: held.append(route))
        with page.expect_request("**/v1/targets"):
            page.goto(base_url)
        page.set_input_files("#file", UPLOAD)
        expect(page.locator("#result")).to_be_hidden()
        [asked] = held
        asked.continue_()
        expect(page.locator("#shown-name")).to_have_text("car.jpg")
        expect(page.locator("#edits .card").first).to_be_visible(timeout=20_000)


def answer_with(page: Page, **changed: Any) -> None:
    """Let the service answer as it does but for some parts."""

    def answer(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | changed)

    page.route("**/v1/recommend", answer)


def test_an_image_of_the_catalogue_can_be_tried_and_is_in_the_address(open_page: OpenPage):
    page = open_page()
    answer = Answered(page).ask(page.locator(".thumb").first.click)
    assert f"image_id={answer['image_id']}" in page.url
    again = open_page(page.url.partition("/#")[2] and "#" + page.url.partition("#")[2])
    expect(again.locator(".big")).to_have_text(page.locator(".big").inner_text())


def test_another_question_is_asked_about_the_same_image(answered: Answered):
    before = answered.big
    answer = answered.choose("Campaign type", "Promotional")
    assert answer["campaign_type"] == "Promotional"
    assert percent(answered.big) == pytest.approx(answer["probability"], abs=0.005)
    assert "campaign_type=Promotional" in answered.page.url
    answered.choose("Campaign type", "Newsletter")
    assert answered.big == before


def test_where_lower_is_better_everything_says_so(answered: Answered):
    page = answered.page
    answer = answered.choose("Target", "unsubscribe_rate")
    assert "lower is better" in page.locator("#verdict").inner_text()
    assert "← better" in page.locator("#scale").inner_text()
    assert probabilities(page, "edits") == sorted(probabilities(page, "edits"))
    assert all(edit["probability"] < answer["probability"] for edit in answer["edits"])
    assert all(text.startswith("−") for text in page.locator(".change").all_inner_texts())
    # What lowers the odds helps here.
    bars = page.locator(".why .bar.helps").evaluate_all("bars => bars.map((b) => b.className)")
    assert all("down" in name for name in bars)


def test_a_target_is_chosen_from_the_list_of_all_of_them(answered: Answered):
    page = answered.page
    targets = page.locator(".target")
    expect(targets).to_have_count(3)
    expect(page.locator(".target[aria-current]")).to_contain_text("Open rate")
    answered.ask(targets.filter(has_text="Conversion rate").click)
    expect(page.locator(".target[aria-current]")).to_contain_text("Conversion rate")
    expect(page.get_by_role("combobox", name="Target")).to_have_value("conversion_rate")
    assert page.locator(".target[aria-current] strong").inner_text() == answered.big


def test_the_request_before_is_cancelled(answered: Answered):
    page = answered.page
    held: list[Route] = []
    page.route("**/v1/recommend", lambda route: held.append(route), times=1)
    with page.expect_event("requestfailed") as failed:
        with page.expect_request("**/v1/recommend"):
            page.get_by_role("combobox", name="Industry").select_option("Energy")
        expect(page.locator("#progress")).to_be_visible()
        answer = answered.choose("Industry", "Healthcare")
    assert failed.value.url.endswith("/v1/recommend")
    assert len(held) == 1
    assert answer["industry"] == "Healthcare"
    expect(page.locator("#verdict")).to_contain_text("Healthcare")
    expect(page.locator("#notice")).to_be_empty()


def test_a_late_answer_about_all_targets_does_not_replace_a_newer_one(answered: Answered):
    page = answered.page
    targets = page.locator("#targets")
    expect(targets).to_contain_text("Every target")
    before = targets.inner_text()
    held: list[Route] = []
    page.route("**/v1/score", lambda route: held.append(route), times=1)
    with page.expect_request("**/v1/score"):
        answered.choose("Industry", "Energy")
    answered.choose("Industry", "Retail")
    late = {"probabilities": {"open_rate": 0.01, "conversion_rate": 0.02}, "intervals": {}}
    held[0].fulfill(json=late)
    page.wait_for_timeout(200)
    assert targets.inner_text() == before


def test_suggestions_are_ranked_and_beat_the_upload(answered: Answered):
    for kind in ("edits", "alternates"):
        found = probabilities(answered.page, kind)
        assert len(found) > 2
        assert found == sorted(found, reverse=True)
        assert min(found) >= percent(answered.big)


def test_an_edit_is_compared_with_the_original_and_saved(
    answered: Answered, base_url: str, tmp_path: Path
):
    page = answered.page
    card = page.locator("#edits .card").first
    card.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    slider = dialog.get_by_role("slider")
    slider.focus()
    box = page.locator(".split-box")
    before = box.evaluate("box => box.style.getPropertyValue('--split')")
    page.keyboard.press("ArrowRight")
    assert float(box.evaluate("box => box.style.getPropertyValue('--split')")) > float(before)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save the edited picture").click()
    assert download.value.suggested_filename.startswith("car-")
    saved = tmp_path / "edited.jpg"
    download.value.save_as(saved)
    limits = bundle_config().images
    upload = images.decode(JPEG, limits)
    edited = images.decode(saved.read_bytes(), limits)
    assert sorted(edited.shape) == sorted(upload.shape)
    assert edited.shape != upload.shape or abs(edited.astype(int) - upload).mean() > 1
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(card).to_be_focused()


def test_one_goes_from_edit_to_edit_in_the_comparison(answered: Answered):
    page = answered.page
    page.locator("#edits .card").first.click()
    title = page.locator("#comparison-title")
    first = title.inner_text()
    following = page.get_by_role("button", name="Next")
    following.click()
    assert title.inner_text() != first
    expect(following).to_be_focused()
    page.get_by_role("button", name="Previous").click()
    expect(title).to_have_text(first)


def test_a_catalogue_image_is_looked_at_and_asked_about(answered: Answered):
    page = answered.page
    page.locator("#alternates .card").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_have_count(2)
    name = page.locator("#comparison-title").inner_text()
    answered.ask(dialog.get_by_role("button", name="Ask about this image").click)
    expect(page.locator("#shown-name")).to_have_text(name)
    expect(page.locator("#result")).to_be_focused()


def test_why_a_card_said_something_else_is_told_beside_the_probability(answered: Answered):
    page = answered.page
    answer = answered.choose("Industry", "Automotive")
    said = [dict(each) for each in answer["alternates"]]
    said[0]["probability"] = 0.031
    answer_with(page, alternates=said)
    answered.ask(lambda: page.get_by_label("Show up to").fill("5"))
    page.unroute("**/v1/recommend")
    page.locator("#alternates .card").first.click()
    answered.ask(page.get_by_role("button", name="Ask about this image").click)
    told = page.locator(".card-said")
    expect(told).to_contain_text("Its card said 3.1%")
    answered.ask(lambda: page.get_by_label("Show up to").fill("6"))
    expect(told).to_have_count(1)
    answered.choose("Industry", "Energy")  # about which the card said nothing
    expect(told).to_have_count(0)


def test_the_type_of_ones_own_vehicle_is_not_told_of_another_image(answered: Answered):
    page = answered.page
    alternates = answered.choose("Vehicle type", "Van")["alternates"]
    index, other = next(
        (index, each) for index, each in enumerate(alternates) if each["vehicle_type"] != "Van"
    )
    page.locator("#alternates .card").nth(index).click()
    answer = answered.ask(page.get_by_role("button", name="Ask about this image").click)
    assert answer["vehicle_type"] == other["vehicle_type"]
    expect(page.get_by_role("combobox", name="Vehicle type")).to_have_value("")


def test_so_many_suggestions_are_shown_as_are_asked_for(answered: Answered):
    page = answered.page
    answered.ask(lambda: page.get_by_label("Show up to").fill("3"))
    expect(page.locator("#edits .card")).to_have_count(3)
    expect(page.locator("#alternates .card")).to_have_count(3)
    page.reload()
    expect(page.get_by_label("Show up to")).to_have_value("3")


def test_filters_leave_what_they_name(answered: Answered):
    page = answered.page
    page.get_by_role("button", name="Filters").click()
    answer = answered.ask(page.get_by_label("SUV", exact=True).check)
    assert answer["alternates"]
    assert {other["vehicle_type"] for other in answer["alternates"]} == {"SUV"}
    names = page.locator("#alternates .card-title").all_inner_texts()
    assert all("SUV" in name for name in names)
    year = answer["alternates"][0]["year"] or 2010
    answer = answered.ask(lambda: page.get_by_label("From year").fill(str(year)))
    assert all((other["year"] or year) >= year for other in answer["alternates"])
    expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
    answered.ask(page.get_by_role("button", name="Reset all").click)
    expect(page.get_by_role("button", name="Filters", exact=True)).to_be_visible()
    assert "only_vehicle_types" not in page.url


def test_where_nothing_is_sure_enough_the_page_says_where_less_sure_ones_are(answered: Answered):
    page = answered.page
    answer_with(page, edits=[], alternates=[], considered=24, scope="whole catalogue")
    slider = page.get_by_role("slider", name="Sure to be better")
    answered.ask(lambda: slider.fill("0.9"))
    hint = "Lower “Sure to be better” to see what is less sure."
    expect(page.locator("#edits-note")).to_have_text(
        f"No edit is at least 90% sure to do better. {hint}"
    )
    expect(page.locator("#alternates-note")).to_have_text(
        f"None of 24 images in the whole catalogue is at least 90% sure to do better. {hint}"
    )
    expect(page.locator(".advice")).to_have_text(
        "Nothing that was tried is at least 90% sure to do better."
    )
    # What does better at all is sure by half at least.
    answered.ask(lambda: slider.fill("0.5"))
    expect(page.locator("#edits-note")).to_have_text("No edit is expected to do better.")
    expect(page.locator(".card")).to_have_count(0)


def test_where_no_image_fits_the_filters_the_page_says_so(answered: Answered):
    page = answered.page
    page.get_by_role("button", name="Filters").click()
    answer = answered.ask(lambda: page.get_by_label("From year").fill("2099"))
    assert answer["considered"] == 0
    expect(page.locator("#alternates-note")).to_have_text(
        "No other image fits. Fewer filters would leave more to choose from."
    )


@pytest.mark.parametrize(
    ("probability", "gain", "shown"),
    [
        (0.38, 0.0004, "about the same"),
        (0.38, 0.0006, "+0.1 points"),
        (0.004, 0.0004, "+0.040 points"),
        (0.004, 0.000004, "about the same"),
    ],
)
def test_a_gain_that_rounds_to_nothing_is_no_improvement(
    answered: Answered, probability: float, gain: float, shown: str
):
    page = answered.page
    [first, *_] = answered.ask(lambda: page.get_by_label("Show up to").fill("2"))["alternates"]
    first |= {"probability": probability, "interval": [0, 1], "gain": gain}
    answer_with(page, edits=[], alternates=[first])
    answered.choose("Industry", "Energy")
    figures = page.locator("#alternates .figures")
    expect(figures).to_contain_text(shown)
    same = shown == "about the same"
    expect(figures.locator(".change")).to_have_count(0 if same else 1)
    advice = page.locator(".advice")
    expect(advice).to_contain_text("Nothing that was tried" if same else "would reach")
    page.locator("#alternates .card").click()
    expect(page.get_by_role("dialog").locator(".facts")).to_contain_text(shown)


def test_the_heat_map_is_put_on_the_image_and_taken_off(answered: Answered):
    page = answered.page
    shown, toggle = page.locator("#shown-image"), page.get_by_role("button", name="Heat map")
    plain = shown.get_attribute("src")
    with page.expect_response("**/v1/heatmap") as response:
        toggle.click()
    assert response.value.ok
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(shown).to_have_attribute("src", re.compile("^data:image/jpeg"))
    expect(page.locator("#heat-note")).to_contain_text("Where the model sees")
    with page.expect_response("**/v1/heatmap") as response:
        page.get_by_label("Heat map of").select_option("vehicle_type")
    expect(page.locator("#heat-note")).to_contain_text(response.value.json()["class_name"])
    toggle.click()
    expect(shown).to_have_attribute("src", str(plain))
    expect(page.locator("#heat-note")).to_be_hidden()


def test_an_image_unlike_the_catalogue_comes_with_a_warning(answered: Answered):
    page = answered.page
    expect(page.locator(".warning")).to_have_count(0)

    def unlike(route: Route) -> None:
        # The encoder of this bundle has not been trained, and finds nothing strange.
        answer = route.fetch()
        route.fulfill(json=answer.json() | {"out_of_domain": True, "domain_distance": 1.5})

    page.route("**/v1/recommend", unlike)
    answered.choose("Industry", "Energy")
    expect(page.locator(".warning")).to_contain_text("unlike those of the catalogue")
