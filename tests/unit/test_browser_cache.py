"""Thumbnails: kept by browsers, asked about by their tag, private where a key is needed."""

from pathlib import Path
from typing import Any

import pytest
from bundle_factory import showroom_jpeg
from fastapi.testclient import TestClient

from emailimg import images

URL = f"/v1/images/{images.image_id(showroom_jpeg(0))}"
KEY = "a-key-that-is-long-enough"


def test_a_picture_has_a_tag_and_may_be_kept(client: TestClient):
    response = client.get(URL)
    assert response.content == showroom_jpeg(0)
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["cache-control"] == "public, max-age=86400"
    assert client.get(URL).headers["etag"] == response.headers["etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{} , "x"', "*"])
def test_it_is_not_sent_again(client: TestClient, form: str):
    tag = client.get(URL).headers["etag"]
    response = client.get(URL, headers={"if-none-match": form.format(tag)})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["etag"] == tag
    assert "max-age" in response.headers["cache-control"]


@pytest.mark.parametrize("tags", ["", '"other"', "W/", ",", "x" * 5000])
def test_another_tag_gets_the_picture(client: TestClient, tags: str):
    assert client.get(URL, headers={"if-none-match": tags}).status_code == 200


def test_where_a_key_is_needed_caches_between_may_not_keep_it(connect: Any, tmp_path: Path):
    keys = tmp_path / "keys"
    keys.write_text(f"shop {KEY}\n")
    response = connect(api_keys_file=str(keys)).get(URL, headers={"x-api-key": KEY})
    assert response.headers["cache-control"].startswith("private")
