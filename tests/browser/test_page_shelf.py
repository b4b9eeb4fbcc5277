"""Several images on the page: the best of them, and what happens when there is no ranking."""

import re

from playwright.sync_api import Page, Request, Route, expect

from browser.conftest import NOTES, UPLOAD, Answered, OpenPage, uploads_named


def test_ones_own_image_stays_at_hand_while_one_of_the_catalogue_is_asked_about(
    answered: Answered,
):
    page = answered.page
    page.locator("#alternates .card").first.click()
    answered.ask(page.get_by_role("button", name="Ask about this image").click)
    expect(page.locator("#shelf .subtitle")).to_have_text("Your image")
    expect(page.get_by_role("button", name="Keep only this one")).to_have_count(0)
    answered.ask(page.locator(".shelf-item").click)
    expect(page.locator("#shown-name")).to_have_text(str(UPLOAD["name"]))


def test_several_images_are_ranked_and_each_can_be_asked_about(open_page: OpenPage, base_url: str):
    page = open_page()
    found = Answered(page)
    names = [f"car-{index}.jpg" for index in range(3)]
    uploads = uploads_named(names)
    with page.expect_response("**/v1/score:batch") as response:
        found.ask(lambda: page.set_input_files("#file", uploads))
    scores = {a["file_name"]: a["score"]["probability"] for a in response.value.json()["answers"]}
    shelf = page.locator(".shelf-item .name")
    ranking = sorted(names, key=lambda name: -scores[name])
    expect(shelf).to_have_text(ranking)
    expect(page.locator("#shown-name")).to_have_text(names[0])
    found.ask(page.locator(".shelf-item").first.click)
    expect(page.locator("#shown-name")).to_have_text(ranking[0])
    expect(page.locator(".shelf-item[aria-current] strong")).to_have_text(found.big)
    page.get_by_role("button", name="Keep only this one").click()
    expect(page.locator("#shelf")).to_be_empty()


def test_of_too_many_images_the_first_are_taken_and_the_others_counted(open_page: OpenPage):
    page = open_page()
    names = [f"car-{index}.jpg" for index in range(5)]
    limit(page, "batch", max_files=3)
    with page.expect_response("**/v1/score:batch"):
        page.set_input_files("#file", uploads_named(names))
    expect(page.locator("#left-out")).to_contain_text("At most 3 images")
    expect(page.locator("#left-out")).to_contain_text("2 files left out")
    expect(page.locator(".shelf-item")).to_have_count(3)
    expect(page.locator(".shelf-item[aria-current]")).to_have_attribute("title", names[0])
    assert page.locator("#shown-image").evaluate("image => image.naturalWidth") > 0
    Answered(page).ask(lambda: page.set_input_files("#file", uploads_named(names[:1])))
    expect(page.locator("#left-out")).to_have_text("1 earlier image made room.")


def limit(page: Page, of: str, **most: int) -> None:
    """Let the page believe that the service has other limits of an `image` or a `batch`."""

    def limited(route: Route) -> None:
        answer = route.fetch().json()
        route.fulfill(json=answer | {of: answer[of] | most})

    page.route("**/v1/targets", limited)
    with page.expect_response("**/v1/targets"):
        page.reload()


def test_a_file_that_is_no_image_leaves_the_others_on_the_shelf(open_page: OpenPage):
    page = open_page()
    limit(page, "image", max_bytes=50_000)
    large = UPLOAD | {"name": "large.jpg", "buffer": bytes(60_000)}
    with page.expect_response("**/v1/score:batch"):
        page.set_input_files("#file", [NOTES, large, *uploads_named(["car-0.jpg", "car-1.jpg"])])
    expect(page.get_by_role("alert")).to_contain_text("“notes.txt”")
    expect(page.locator("#left-out")).to_contain_text("“large.jpg” left out")
    expect(page.locator(".shelf-item")).to_have_count(3)
    current = page.locator(".shelf-item[aria-current]")
    expect(current).to_contain_text("not readable")
    Answered(page).ask(page.locator(".shelf-item").first.click)
    expect(page.get_by_role("alert")).to_have_count(0)
    with page.expect_response("**/v1/score:batch"):
        page.set_input_files("#file", NOTES | {"name": "more.txt"})
    expect(current).to_have_attribute("title", "more.txt")
    page.set_input_files("#file", large)
    expect(page.get_by_role("alert")).to_contain_text("“large.jpg” has")
    expect(page.get_by_role("alert")).not_to_contain_text("more.txt")


def test_the_shelf_is_ranked_again_only_where_its_scores_would_be_others(open_page: OpenPage):
    page = open_page()
    found = Answered(page)
    sent: list[Request] = []
    page.on("request", lambda each: each.url.endswith("score:batch") and sent.append(each))
    title = page.locator("#shelf .subtitle")
    figures = page.locator(".shelf-item strong")
    found.ask(lambda: page.set_input_files("#file", uploads_named(["car-0.jpg", "car-1.jpg"])))
    expect(title).to_have_text("Your 2 images, best first")
    before = figures.all_inner_texts()

    for wish, value in (("Show up to", "3"), ("Sure to be better", "0.6"), ("variety", "0.5")):
        found.ask(lambda wish=wish, value=value: page.get_by_label(wish).fill(value))
        expect(title).to_have_text("Your 2 images, best first")
        expect(figures).to_have_text(before)
    page.get_by_role("button", name="Filters").click()
    found.ask(page.get_by_label("SUV", exact=True).check)
    found.ask(page.locator(".shelf-item").last.click)
    assert len(sent) == 1

    found.choose("Target", "conversion_rate")
    found.choose("Vehicle type", "SUV")
    expect(title).to_have_text("Your 2 images, best first")
    assert len(sent) == 3
    with page.expect_response("**/v1/score:batch") as response:
        found.ask(lambda: page.set_input_files("#file", UPLOAD))
    expect(title).to_have_text("Your 3 images, best first")
    assert [each["file_name"] for each in response.value.json()["answers"]] == [UPLOAD["name"]]
    assert len(sent) == 4


def test_images_that_are_too_much_for_one_request_are_ranked_in_parts(open_page: OpenPage):
    page = open_page()
    uploads = uploads_named([f"car-{index}.jpg" for index in range(6)])
    limit(page, "batch", max_bytes=sum(len(upload["buffer"]) for upload in uploads[:4]))
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    title = page.locator("#shelf .subtitle")
    page.set_input_files("#file", uploads)
    expect(title).to_have_text("Your 6 images, best first")
    expect(page.locator("#shelf p")).to_be_empty()
    expect(page.locator(".shelf-item strong")).to_have_text([re.compile("%$")] * 6)
    assert sum(request.url.endswith("score:batch") for request in sent) == 2

    page.route("**/v1/score:batch", lambda route: route.fulfill(status=503))
    Answered(page).choose("Industry", "Energy")
    expect(title).to_have_text("Your 6 images, not ranked")
    expect(page.locator("#shelf")).to_contain_text("answered with status 503")
    expect(page.locator(".shelf-item strong")).to_have_text(["not known"] * 6)


def test_on_a_phone_the_shelf_is_a_strip_that_stays_where_it_was_moved_to(open_page: OpenPage):
    page = open_page(viewport={"width": 360, "height": 700})
    found = Answered(page)
    names = [f"car-{index}.jpg" for index in range(8)]
    found.ask(lambda: page.set_input_files("#file", uploads_named(names)))
    expect(page.locator("#shelf .subtitle")).to_have_text("Your 8 images, best first")
    strip = page.locator(".shelf")
    strip.evaluate("strip => (strip.scrollLeft = 200)")
    found.ask(lambda: page.get_by_label("Show up to").fill("3"))
    assert strip.evaluate("strip => strip.scrollLeft") == 200
    tops = page.locator(".shelf-item").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 1


def test_a_ranking_that_failed_is_tried_again_by_keyboard(open_page: OpenPage):
    page = open_page()
    uploads = uploads_named([f"car-{index}.jpg" for index in range(6)])
    limit(page, "batch", max_bytes=sum(len(upload["buffer"]) for upload in uploads[:4]))
    sent: list[Request] = []

    def first_part_only(route: Route) -> None:
        sent.append(route.request)
        route.continue_() if len(sent) == 1 else route.abort()

    page.route("**/v1/score:batch", first_part_only)
    page.set_input_files("#file", uploads)
    title, figures = page.locator("#shelf .subtitle"), page.locator(".shelf-item strong")
    expect(title).to_have_text("Your 6 images, best first, 2 not ranked")
    expect(figures).to_have_text([re.compile("%$")] * 4 + ["not known"] * 2)
    again = page.locator("#shelf").get_by_role("button", name="Try again")
    again.focus()
    with page.expect_event("requestfailed"):
        page.keyboard.press("Enter")
    expect(again).not_to_have_attribute("aria-busy", "true")
    expect(again).to_be_focused()
    page.unroute("**/v1/score:batch")
    page.keyboard.press("Enter")
    expect(title).to_have_text("Your 6 images, best first")
    expect(title).to_be_focused()
    expect(figures).to_have_text([re.compile("%$")] * 6)
    expect(again).to_have_count(0)
