"""The page's files as they are served: what a browser may do, and that nothing is missing."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serve_app import page_files

FOLDER = Path(page_files.__file__).parent / "page"
NAMES = sorted(file.name for file in FOLDER.iterdir())


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    page_files.install(app)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/page/style.css", "/page/main.js", "/page/icon.svg"])
def test_files_come_with_a_strict_policy_and_are_asked_for_again(client: TestClient, path: str):
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; img-src 'self' data: blob:;")
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-cache"
    tag = response.headers["etag"]
    again = client.get(path, headers={"if-none-match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_only_the_pages_own_files_are_served(client: TestClient):
    assert client.get("/page/nothing.js").status_code == 404
    assert client.get("/page/..%2fpage_files.py").status_code == 404
    assert client.get("/page/").status_code == 404


@pytest.mark.parametrize(
    ("ending", "media_type"), [("html", "html"), ("css", "css"), ("js", "javascript")]
)
def test_browsers_are_told_what_a_file_is(client: TestClient, ending: str, media_type: str):
    for name in (name for name in NAMES if name.endswith(f".{ending}")):
        assert media_type in client.get(f"/page/{name}").headers["content-type"], name


def test_every_file_that_is_named_exists():
    page = (FOLDER / "index.html").read_text()
    named = re.findall(r'(?:href|src)="page/([^"]+)"', page)
    assert len(named) > 5
    for module in FOLDER.glob("*.js"):
        named += re.findall(r'from "\./([^"]+)"', module.read_text())
    assert set(named) <= set(NAMES)
    assert set(NAMES) - set(named) == {"index.html"}, "a file that nothing uses"


def test_nothing_comes_from_elsewhere_and_nothing_is_inline():
    for file in FOLDER.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file.name
        assert "https://" not in text, file.name
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", page)
