"""Images named by their URI: from a real S3 server, below the allowed prefixes only."""

import logging
from typing import Any

import boto3
import pytest
from fastapi.testclient import TestClient
from in_process import FORM, JPEG, assert_failure, post
from s3_server import BUCKET

from emailimg.errors import ConfigError
from serve_app import pictures
from serve_app.failures import ApiError

PREFIX = f"s3://{BUCKET}/pre"
MOST = 10_000


@pytest.fixture(scope="module", autouse=True)
def _objects(bucket: str) -> None:
    s3 = boto3.client("s3")
    objects = {
        "pre/car.jpg": JPEG,
        "pre/a b%2e?x=1#y.jpg": JPEG,
        "pre/deep/er/car.jpg": JPEG,
        "pre/text.jpg": b"no image",
        "pre/large.jpg": bytes(MOST + 5),
        "pre": JPEG,
        "prefix2/secret.jpg": JPEG,
        "secret.jpg": JPEG,
    }
    for key, data in objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=data)
    s3.create_bucket(Bucket=f"{BUCKET}-other")
    s3.put_object(Bucket=f"{BUCKET}-other", Key="pre/car.jpg", Body=JPEG)


def score(client: TestClient, uri: str) -> Any:
    return client.post("/v1/score", json=FORM | {"image_uri": uri})


@pytest.mark.parametrize("prefix", [PREFIX, PREFIX + "/", f"s3://{BUCKET}"])
def test_an_object_below_a_prefix_is_scored(connect: Any, prefix: str):
    client = connect(image_uri_prefixes=(prefix,))
    answer = score(client, f"{PREFIX}/car.jpg").json()
    assert answer == post(client, "/v1/score").json()


@pytest.mark.parametrize("key", ["a b%2e?x=1#y.jpg", "deep/er/car.jpg"])
def test_keys_are_taken_as_they_are(key: str):
    assert pictures.fetch(f"{PREFIX}/{key}", (PREFIX,), MOST) == JPEG


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{BUCKET}/prefix2/secret.jpg",
        f"s3://{BUCKET}/secret.jpg",
        f"{PREFIX}/../secret.jpg",
        f"{PREFIX}/./car.jpg",
        f"{PREFIX}/deep/../../secret.jpg",
        f"{PREFIX}//car.jpg",
        f"{PREFIX}/",
        PREFIX,
        f"{PREFIX}/car.jpg/",
        f"{PREFIX}/car.jpg\0.png",
        f"{PREFIX}/car\n.jpg",
        f"{PREFIX}/\ud800.jpg",
        f"s3://{BUCKET}-other/pre/car.jpg",
        f"s3://user:password@{BUCKET}/pre/car.jpg",
        f"S3://{BUCKET}/pre/car.jpg",
        f" {PREFIX}/car.jpg",
        f"{BUCKET}/pre/car.jpg",
        f"gs://{BUCKET}/pre/car.jpg",
        f"https://{BUCKET}.s3.amazonaws.com/pre/car.jpg",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "s3://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "/etc/passwd",
        "s3://",
        "",
    ],
)
def test_nothing_else_is_fetched(uri: str, monkeypatch: pytest.MonkeyPatch):
    def never(_: str) -> None:
        raise AssertionError("storage was asked")

    monkeypatch.setattr(pictures.storage, "filesystem", never)
    with pytest.raises(ApiError) as caught:
        pictures.fetch(uri, (PREFIX,), MOST)
    assert (caught.value.status_code, caught.value.code) == (422, "uri_not_allowed")


def test_without_prefixes_nothing_is(client: TestClient):
    error = assert_failure(score(client, f"{PREFIX}/car.jpg"), 422, "uri_not_allowed")
    assert error["accepted"] == []


def test_an_encoded_way_out_is_only_a_strange_key():
    for key in ("%2e%2e/secret.jpg", "..%2fsecret.jpg", "..\\secret.jpg"):
        with pytest.raises(ApiError) as caught:
            pictures.fetch(f"{PREFIX}/{key}", (PREFIX,), MOST)
        assert caught.value.status_code == 404


@pytest.mark.parametrize("key", ["missing.jpg", "deep", "car.jpg/x"])
def test_what_is_not_there(connect: Any, key: str):
    client = connect(image_uri_prefixes=(PREFIX,))
    assert_failure(score(client, f"{PREFIX}/{key}"), 404, "not_found")


def test_objects_are_read_no_further_than_an_image_may_be_long(connect: Any):
    assert len(pictures.fetch(f"{PREFIX}/large.jpg", (PREFIX,), MOST)) == MOST + 1
    client = connect(image_uri_prefixes=(PREFIX,))
    assert_failure(score(client, f"{PREFIX}/text.jpg"), 415, "not_an_image")


def test_storage_that_fails_says_nothing(connect: Any, caplog: pytest.LogCaptureFixture):
    client = connect(image_uri_prefixes=("s3://no-such-bucket-here/pre",))
    with caplog.at_level(logging.INFO):
        response = score(client, "s3://no-such-bucket-here/pre/x.jpg?X-Amz-Signature=swordfish")
    assert response.status_code in (404, 502)
    assert "swordfish" not in response.text
    ours = " ".join(str(vars(each)) for each in caplog.records if each.name == "ray.serve")
    assert "swordfish" not in ours
    assert "testing" not in ours


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/srv/pictures",
        "https://bucket/x",
        "s3://",
        "s3:///x",
        "s3://bucket/../x",
        "s3://bucket//x",
        "s3://bucket/\n",
        "s3://user:swordfish@bucket/x",
    ],
)
def test_prefixes_that_are_none(prefix: str):
    with pytest.raises(ConfigError, match="image_uri_prefixes") as caught:
        pictures.check_prefixes((prefix,))
    assert "swordfish" not in str(caught.value)
