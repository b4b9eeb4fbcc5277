"""Uploads made to break the service are answered: by their pixels, or with what is wrong."""

import hostile_images
import pytest
from fastapi.testclient import TestClient
from in_process import post
from process_memory import peak_mb, reset_peak, resident_mb

REASONS = {"truncated", "not_an_image", "unsupported_format", "too_many_pixels", "too_small"}
EACH = 40  # damaged files of each kind; 12 kinds
# What decoding a picture of 48 pixels may take on top. A 64 MB chunk in it, inflated, is too much.
MOST_MB = 50


@pytest.fixture(autouse=True)
def _little_memory(client: TestClient):
    post(client, "/v1/score")
    before = resident_mb()
    reset_peak()
    yield
    assert peak_mb() - before < MOST_MB


@pytest.mark.parametrize("name", hostile_images.originals())
def test_pictures_of_every_kind_are_scored(client: TestClient, name: str):
    assert post(client, "/v1/score", hostile_images.originals()[name]).status_code == 200


@pytest.mark.parametrize("name", hostile_images.polyglots())
def test_of_a_picture_that_is_something_else_too_only_pixels_come_back(
    client: TestClient, name: str
):
    data = hostile_images.polyglots()[name]
    assert post(client, "/v1/score", data).status_code == 200
    form = {"augmentation_class": "transpose", "parameters": "{}"}
    edited = client.post("/v1/edits", files={"image": ("x", data)}, data=form)
    assert edited.headers["content-type"] == "image/jpeg"
    assert edited.content.startswith(b"\xff\xd8")
    for foreign in (b"<script>", b"<?php", b"PK\x03\x04"):
        assert foreign not in edited.content


@pytest.mark.parametrize("name", hostile_images.bombs())
def test_pictures_that_lie_about_their_size(client: TestClient, name: str):
    response = post(client, "/v1/score", hostile_images.bombs()[name])
    assert response.status_code in (200, 400, 415), response.text
    if "huge" in name:
        assert response.json()["error"]["code"] == "too_many_pixels"


def test_damaged_pictures_are_scored_or_refused(client: TestClient):
    codes = set()
    for name, data in hostile_images.damaged(seed=0, each=EACH):
        response = post(client, "/v1/score", data)
        assert response.status_code in (200, 400, 415), f"{name}: {response.text}"
        codes.add("" if response.is_success else response.json()["error"]["code"])
    assert {"", "truncated", "not_an_image"} <= codes <= REASONS | {""}
