"""The page by keyboard, for screen readers, on a phone, in the dark and on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import (
    WITH_LESS_SURE,
    Answered,
    OpenPage,
    answered_on,
    uploads_named,
)

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
# Roles of what can be operated; each needs a name that a screen reader can say.
OPERATED = {"button", "combobox", "slider", "spinbutton", "checkbox", "textbox", "link", "dialog"}


def opened_dialog(page: Page) -> None:
    page.locator("#edits .card").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def opened_filters(page: Page) -> None:
    page.get_by_role("button", name="Filters").click()


def failed(page: Page) -> None:
    page.route("**/v1/recommend", lambda route: route.abort())
    page.get_by_role("combobox", name="Industry").select_option("Energy")
    expect(page.get_by_role("alert")).to_be_visible()


def not_ranked(page: Page) -> None:
    page.route("**/v1/score:batch", lambda route: route.abort())
    page.set_input_files("#file", uploads_named([f"car-{index}.jpg" for index in range(8)]))
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


STATES: dict[str, Callable[[Page], Any]] = {
    "empty": lambda _: None,
    "answered": answered_on,
    "filters": lambda page: (answered_on(page), opened_filters(page)),
    "dialog": lambda page: (answered_on(page), opened_dialog(page)),
    "not ranked": not_ranked,
    "notice": lambda page: (answered_on(page), failed(page)),
}


@pytest.fixture(params=STATES)
def state(request: pytest.FixtureRequest) -> Callable[[Page], Any]:
    return STATES[request.param]


def accessible(page: Page) -> Iterator[tuple[str, str]]:
    """Role and name of everything in the tree that screen readers are given."""
    session = page.context.new_cdp_session(page)
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        if not node["ignored"]:
            yield node["role"]["value"], node.get("name", {}).get("value", "")


def test_everything_that_can_be_operated_has_a_name(
    open_page: OpenPage, state: Callable[[Page], Any]
):
    page = open_page()
    state(page)
    found = [(role, name) for role, name in accessible(page) if role in OPERATED]
    assert len(found) >= 5
    assert [role for role, name in found if not name.strip()] == []


def test_the_page_has_landmarks_headings_and_texts_for_its_pictures(answered: Answered):
    page = answered.page
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    roles = [role for role, _ in accessible(page)]
    assert roles.count("region") >= 4
    assert page.locator("h1").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))


def test_the_result_is_announced_politely(answered: Answered):
    live = answered.page.locator("#announcement")
    expect(live).to_have_attribute("aria-live", "polite")
    expect(live).to_contain_text(f"Open rate {answered.big}")
    answered.choose("Target", "conversion_rate")
    expect(live).to_contain_text(f"Conversion rate {answered.big}")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


def tab_to(page: Page, wanted: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_everything_is_done_by_keyboard_alone(open_page: OpenPage):
    page = open_page(WITH_LESS_SURE)
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    with page.expect_file_chooser():
        tab_to(page, "choose")
        page.keyboard.press("Enter")
    tab_to(page, "thumb")
    found = Answered(page)
    found.ask(lambda: page.keyboard.press("Enter"))
    tab_to(page, "card")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        inside = page.evaluate("document.activeElement.closest('dialog') !== null")
        assert inside or page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Escape")
    assert focused(page) == "card"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(
    open_page: OpenPage, state: Callable[[Page], Any], scheme: str
):
    page = open_page(color_scheme=scheme)
    state(page)
    page.wait_for_timeout(400)  # transitions
    checked, low = page.evaluate(CONTRAST)
    assert checked > 10
    assert low == []


def test_the_dark_is_dark(open_page: OpenPage):
    page = open_page(color_scheme="dark")
    answered_on(page)
    for place in ("body", ".verdict", "#alternates .card"):
        colour = page.locator(place).first.evaluate("e => getComputedStyle(e).backgroundColor")
        channels = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        assert max(channels) < 60, place


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_cut_off_at_the_side(
    open_page: OpenPage, state: Callable[[Page], Any], width: int
):
    page = open_page(viewport={"width": width, "height": 700})
    state(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    sizes = page.locator("button:visible, select:visible").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 24  # WCAG 2.5.8, target size


def test_on_a_phone_the_result_comes_right_after_the_image(open_page: OpenPage):
    page = open_page(viewport={"width": 360, "height": 700})
    answered_on(page)
    tops = [
        page.locator(place).bounding_box()["y"]  # type: ignore[index]
        for place in ("#picture", "#verdict", "#edits", "#alternates", "#why")
    ]
    assert tops == sorted(tops)


def test_the_layout_does_not_jump_when_the_question_changes(answered: Answered):
    places = ("#scale", "#refine", "#edits-title")

    def tops() -> list[float]:
        return [answered.page.locator(p).bounding_box()["y"] for p in places]  # type: ignore[index]

    before = tops()
    answered.choose("Campaign type", "Promotional")
    assert tops() == pytest.approx(before, abs=1)


def test_who_wants_less_motion_gets_none(open_page: OpenPage):
    page = open_page(reduced_motion="reduce")
    page.evaluate("document.getElementById('progress').hidden = false")
    moving = page.evaluate(
        "document.getAnimations().filter((a) => a.playState === 'running').length"
    )
    assert moving == 0


def test_on_paper_there_is_the_result_and_no_control(answered: Answered):
    page = answered.page
    page.emulate_media(media="print", color_scheme="dark")
    for shown in (".big", "#shown-image", "#alternates .card", ".why"):
        expect(page.locator(shown).first).to_be_visible()
    for hidden in ("#refine", "#change", "#examples"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.locator("body").evaluate("e => getComputedStyle(e).color") == "rgb(21, 33, 43)"
