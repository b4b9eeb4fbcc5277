"""What the page says when something goes wrong, and how one goes on from there."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from browser.conftest import (
    JPEG,
    NOTES,
    UPLOAD,
    Answered,
    OpenPage,
    answered_on,
    uploads_named,
)


def test_a_file_that_is_no_image_is_refused_in_words(open_page: OpenPage):
    page = open_page()
    page.set_input_files("#file", NOTES)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This did not work")
    expect(alert).to_contain_text("JPEG")
    expect(page.locator("#answer")).to_be_hidden()
    answered_on(page)
    expect(alert).to_have_count(0)
    page.set_input_files("#file", NOTES)
    expect(alert).to_contain_text("This did not work")
    expect(page.locator("#shown-size")).to_have_text("")  # and not that of the image before
    expect(page.locator("#heat-tools")).to_be_hidden()


def test_a_wish_that_is_refused_can_be_corrected(answered: Answered):
    page = answered.page
    page.get_by_role("button", name="Filters").click()
    make = page.get_by_label("Make")
    make.fill("Fjord")
    make.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Fjord")
    make.fill("")
    make.press("Enter")
    expect(alert).to_have_count(0)


@pytest.mark.parametrize("wish", ["k=0", "make=Fjord"])
def test_a_refused_wish_in_the_address_is_no_dead_end(open_page: OpenPage, wish: str):
    page = open_page(f"#{wish}")
    page.set_input_files("#file", UPLOAD)
    reset = page.get_by_role("alert").get_by_role("button", name="Reset all")
    Answered(page).ask(reset.click)
    expect(page.locator(".big")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert wish not in page.url


def refuse_once(page: Page, status: int, code: str, **headers: str) -> None:
    error = {"code": code, "message": f"this is {code}", "accepted": []}

    def refuse(route: Route) -> None:
        route.fulfill(status=status, json={"error": error}, headers=headers)

    page.route("**/v1/recommend", refuse, times=1)


@pytest.mark.parametrize(("status", "code"), [(503, "unavailable"), (429, "too_many_requests")])
def test_what_passes_by_itself_is_tried_again(open_page: OpenPage, status: int, code: str):
    page = open_page()
    refuse_once(page, status, code, **{"Retry-After": "1"})
    page.set_input_files("#file", UPLOAD)
    expect(page.get_by_role("alert")).to_contain_text("Trying again in 1")
    expect(page.locator(".big")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_a_network_the_page_says_so_and_tries_again_when_told(answered: Answered):
    page = answered.page
    page.route("**/v1/recommend", lambda route: route.abort())
    page.get_by_role("combobox", name="Industry").select_option("Energy")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.unroute("**/v1/recommend")
    answer = answered.ask(page.get_by_role("button", name="Try again now").click)
    assert answer["industry"] == "Energy"


@pytest.mark.parametrize("width", [390, 1280])
def test_what_went_wrong_is_seen_wherever_one_looks(open_page: OpenPage, width: int):
    page = open_page(viewport={"width": width, "height": 700})
    names = [f"car-{index}.jpg" for index in range(12)]
    Answered(page).ask(lambda: page.set_input_files("#file", uploads_named(names)))
    page.route("**/v1/recommend", lambda route: route.abort())
    page.get_by_label("Show up to").fill("4")
    alert = page.get_by_role("alert")
    for place in ("#refine", ".shelf-item", "#alternates-note", "#bundle"):
        page.locator(place).last.scroll_into_view_if_needed()
        expect(alert).to_be_in_viewport(ratio=1)
        expect(alert.get_by_role("button", name="Try again now")).to_be_in_viewport(ratio=1)


def test_a_file_that_has_changed_on_disk_is_to_be_chosen_again(open_page: OpenPage, tmp_path: Path):
    page = open_page()
    path = tmp_path / "car.jpg"
    path.write_bytes(JPEG)
    Answered(page).ask(lambda: page.set_input_files("#file", path))
    os.utime(path, (0, 0))  # browsers compare whole seconds
    page.get_by_role("combobox", name="Industry").select_option("Energy")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("“car.jpg” has changed or is gone; choose it again.")
    with page.expect_response("**/v1/score:batch"):
        Answered(page).ask(lambda: page.set_input_files("#file", path))
    expect(alert).to_have_count(0)
    figures = page.locator(".shelf-item strong")  # the newly chosen one, and the one that has gone
    expect(figures).to_have_text([re.compile("%$"), "not readable"])


def guard(page: Page, paths: str | re.Pattern[str]) -> None:
    """Let the service ask for a key."""

    def refuse(route: Route) -> None:
        if route.request.headers.get("x-api-key") == "a-long-enough-key":
            route.continue_()
            return
        error = {"code": "unauthorized", "message": "a key is needed", "accepted": []}
        route.fulfill(status=401, json={"error": error})

    page.route(paths, refuse)


def give_the_key(page: Page) -> None:
    key = page.get_by_label("API key")
    expect(key).to_be_focused()
    key.fill("a-long-enough-key")
    page.keyboard.press("Enter")
    expect(page.locator(".big")).to_be_visible()


def test_a_key_is_asked_for_kept_for_the_tab_and_sent(open_page: OpenPage):
    page = open_page()
    guard(page, "**/v1/**")
    page.set_input_files("#file", UPLOAD)
    give_the_key(page)
    # Pictures of the catalogue need the key as well, which `<img>` does not send.
    picture = page.locator("#alternates img").first
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    assert page.evaluate("Object.values(sessionStorage)") == ["a-long-enough-key"]
    assert page.evaluate("localStorage.length") == 0


def test_examples_without_a_picture_get_it_once_the_key_is_there(open_page: OpenPage):
    page = open_page()
    guard(page, re.compile("/v1/(images|recommend)"))
    with page.expect_response("**/v1/images/*"):
        page.reload()
    first, last = page.locator(".thumb img").first, page.locator(".thumb img").last
    expect(first).to_have_js_property("complete", True)
    expect(first).to_have_js_property("naturalWidth", 0)
    page.set_input_files("#file", UPLOAD)
    give_the_key(page)
    for picture in (first, last):
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_attribute("src", re.compile("^blob:"))
        expect(picture).not_to_have_js_property("naturalWidth", 0)


def test_a_picture_that_needs_the_key_is_asked_for_again_and_never_replaces_a_later_one(
    open_page: OpenPage,
):
    page = open_page()
    page.evaluate("sessionStorage.setItem('emailimg-api-key', 'a-long-enough-key')")
    held: list[Route] = []
    busy = True
    page.route("**/v1/images/*", lambda route: held.append(route) if busy else route.continue_())
    page.reload()
    with page.expect_request("**/v1/images/*"):
        Answered(page).ask(page.locator(".thumb").first.click)
    answered_on(page)
    upload = str(page.locator("#shown-image").get_attribute("src"))
    busy = False
    for route in held:
        route.fulfill(status=429)
    expect(page.locator(".thumb img").first).to_have_attribute("src", re.compile("^v1/images/"))
    expect(page.locator("#shown-image")).to_have_attribute("src", upload)
    page.locator(".thumb").first.click()
    shown = page.locator("#shown-image")
    expect(shown).to_have_attribute("src", re.compile(f"^blob:(?!{re.escape(upload[5:])})"))
