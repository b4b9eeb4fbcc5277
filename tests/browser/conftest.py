"""One service and one Chromium for all tests of the page; every test gets a page of its own."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from playwright.sync_api import Browser, Page, sync_playwright

from emailimg import service
from emailimg.config import ClusterConfig, ServeConfig

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_MISSING = (
    "the tests of the page need Chromium, and none of {} is on the PATH; on Debian and Ubuntu: "
    "apt-get update && apt-get install -y chromium"
)
# What a browser itself says of an answer that is not a success; the page says it in words.
_EXPECTED = re.compile(r"Failed to load resource")

JPEG = showroom_jpeg(CATALOGUE_IMAGES + 10)
UPLOAD = {"name": "car.jpg", "mimeType": "image/jpeg", "buffer": JPEG}
NOTES = UPLOAD | {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not an image"}
QUESTION = {"target": "open_rate", "campaign_type": "Newsletter", "industry": "Retail"}
_HASH = "#target=open_rate&campaign_type=Newsletter&industry=Retail"
WITH_LESS_SURE = f"{_HASH}&min_better=0.5"  # suggestions: for images that nothing surely beats


@pytest.fixture(scope="package")
def base_url(ray_cluster: None, bundle_location: str) -> Iterator[str]:
    yield service.start(bundle_location, ServeConfig(port=0, fused=True), ClusterConfig())
    service.stop()


# After the service in its arguments, so that it is closed first: while Playwright runs, this thread
# has an event loop, which others do not expect.
@pytest.fixture(scope="package")
def browser(base_url: str) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(_MISSING.format(", ".join(_NAMES)), pytrace=False)
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root.
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=args)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, base_url: str) -> Iterator[OpenPage]:
    """Opens the page, with options of a browser context; its scripts must not complain."""
    complaints: list[str] = []
    contexts = []

    def opened(address: str = _HASH, **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(said.type, said.text, complaints))
        page.goto(f"{base_url}/{address}")
        page.wait_for_selector("#question option[value=Newsletter]", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def _note(kind: str, text: str, complaints: list[str]) -> None:
    if kind in ("error", "warning") and not _EXPECTED.search(text):
        complaints.append(text)


@dataclass(frozen=True)
class Answered:
    """A page with an upload, and how to see its result."""

    page: Page

    def ask(self, act: Callable[[], Any]) -> dict[str, Any]:
        """Do something that asks anew; returns the answer once it is on the page."""
        with self.page.expect_response("**/v1/recommend") as response:
            act()
        answer: dict[str, Any] = response.value.json()
        self.page.wait_for_selector("#progress", state="hidden")
        return answer

    def choose(self, label: str, value: str) -> dict[str, Any]:
        return self.ask(lambda: self.page.get_by_role("combobox", name=label).select_option(value))

    @property
    def big(self) -> str:
        return self.page.locator(".big").inner_text()


@pytest.fixture
def answered(open_page: OpenPage) -> Answered:
    """The page with its first answer, about `JPEG`."""
    return answered_on(open_page())


def answered_on(page: Page) -> Answered:
    """Upload `JPEG` on a page and wait for the answer."""
    found = Answered(page)
    found.ask(lambda: page.set_input_files("#file", UPLOAD))
    return found


def uploads_named(names: list[str]) -> list[dict[str, Any]]:
    return [
        UPLOAD | {"name": name, "buffer": showroom_jpeg(CATALOGUE_IMAGES + index)}
        for index, name in enumerate(names)
    ]
