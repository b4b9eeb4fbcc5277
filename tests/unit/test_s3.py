"""Listing S3 on a real server on loopback: many pages, odd keys, every refusal, retries."""

import itertools
import os
import re
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pyarrow.dataset as pads
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from s3_failures import failing_front
from s3_server import BUCKET, s3_server

from emailimg import s3, storage
from emailimg.errors import SourceError
from emailimg.parquet import read_batches, read_table, write_table

ODD_NAMES = (
    "BMW X5 SUV 2007.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "what?.jpg",
    "no#1.jpg",
    "ünï😀.jpg",
    "a+b&c=d.jpg",
    "<x>;'y\".jpg",
    " spaces ",
    "back\\slash",
    ".hidden",
)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as location:
        yield location


@pytest.fixture
def base(bucket: str, tmp_path: Path) -> str:
    """An empty prefix."""
    return f"{bucket}/{tmp_path.name}"


@cache
def client(endpoint: str) -> Any:
    return boto3.client("s3", endpoint_url=endpoint)


def put(base: str, *names: str, body: bytes | None = None) -> None:
    """Objects below `base` whose content is their name, uploaded as other tools do."""
    prefix = base.removeprefix(f"s3://{BUCKET}").strip("/")
    for name in names:
        content = name.encode() if body is None else body
        client(os.environ["AWS_ENDPOINT_URL"]).put_object(
            Bucket=BUCKET, Key=f"{prefix}/{name}", Body=content
        )


def fill(base: str, *names: str) -> None:
    """The same for many objects: straight into the server, which runs in this process."""
    prefix = base.removeprefix(f"s3://{BUCKET}").strip("/")
    for name in names:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, f"{prefix}/{name}", b"")


def names_below(base: str, page_size: int = 1000) -> list[str]:
    prefix = base.removeprefix(f"s3://{BUCKET}/").strip("/")
    return [
        found.key.removeprefix(f"{prefix}/")
        for found in s3.list_objects(base, page_size=page_size, attempts=1)
    ]


def refusal(location: str, attempts: int = 1, timeout_s: float = 2.0) -> str:
    with pytest.raises(SourceError) as caught:
        s3.list_objects(
            location, attempts=attempts, connect_timeout_s=timeout_s, read_timeout_s=timeout_s
        )
    return str(caught.value)


@pytest.mark.parametrize(("count", "page_size"), [(7, 3), (6, 3), (3, 3), (1, 1)])
def test_all_pages_are_listed(base: str, count: int, page_size: int) -> None:
    names = [f"{i:04}.jpg" for i in range(count)]
    fill(base, *names)
    with failing_front(0) as front:
        assert names_below(base, page_size) == names
    assert len(front.methods) == -(-count // page_size), "a request per page"


def test_more_objects_than_two_of_the_largest_pages(base: str) -> None:
    names = [f"{i // 500}/{i:04}.jpg" for i in range(2501)]
    fill(base, *names)
    with failing_front(0) as front:
        assert names_below(base) == names
    assert front.methods == ["GET"] * 3


def test_an_object_has_its_size_and_a_tag_of_its_content(base: str) -> None:
    put(base, "a.jpg", "b.jpg", body=b"12345")
    one, other = s3.list_objects(base)
    assert (one.size, one.etag) == (5, other.etag)
    assert '"' not in one.etag
    put(base, "a.jpg", body=b"54321")
    assert s3.list_objects(base)[0].etag != one.etag


def test_a_folder_is_not_what_starts_with_its_name(base: str) -> None:
    put(base, "a/b/x.jpg", "a/bc/y.jpg", "a/b.jpg", "a/b")
    for end in ("", "/"):
        assert names_below(f"{base}/a/b{end}") == ["x.jpg"]


def test_directory_markers_are_left_out(base: str) -> None:
    put(base, "folder/", "folder/sub/", body=b"")
    put(base, "folder/a.jpg")
    put(base, "folder/empty.jpg", body=b"")
    assert names_below(f"{base}/folder") == ["a.jpg", "empty.jpg"]


def test_a_whole_bucket_is_a_folder(bucket: str) -> None:
    others = client(os.environ["AWS_ENDPOINT_URL"])
    others.create_bucket(Bucket="another")
    assert refusal("s3://another") == "the bucket 'another' holds no files"
    others.put_object(Bucket="another", Key="x.jpg", Body=b"")
    for location in ("s3://another", "s3://another/"):
        assert [found.key for found in s3.list_objects(location)] == ["x.jpg"]


def test_any_key_is_listed_and_read_as_it_is(base: str) -> None:
    put(f"{base}/a b%?#é", *ODD_NAMES)
    folder = f"{base}/a b%?#é"
    assert sorted(names_below(folder, page_size=2)) == sorted(ODD_NAMES)
    for found in s3.list_objects(folder):
        name = found.key.rpartition("/")[2]
        assert storage.read_bytes(f"s3://{BUCKET}/{found.key}") == name.encode()


def test_a_key_that_cannot_be_read_is_an_os_error(base: str) -> None:
    """So that the catalogue rejects this one file, and goes on."""
    put(base, "a//b.jpg")
    assert names_below(base) == ["a//b.jpg"]
    with pytest.raises(OSError, match="cannot be read"):
        storage.read_bytes(f"{base}/a//b.jpg")


def test_a_single_object_is_no_folder(base: str) -> None:
    put(base, "cars/a.jpg", "cars/a.jpg.txt")
    message = refusal(f"{base}/cars/a.jpg")
    assert f"'{base}/cars/a.jpg' is a single file" in message
    assert f"e.g. '{base}/cars'" in message


def test_nothing_below_a_prefix_is_said(base: str) -> None:
    put(base, "marked/", body=b"")
    for name in ("nothing", "marked"):
        assert f"no files below '{base}/{name}'" in refusal(f"{base}/{name}")


def test_a_bucket_that_does_not_exist_is_named(bucket: str) -> None:
    expected = "the bucket 'no-such-bucket' of 's3://no-such-bucket/x' does not exist"
    assert refusal("s3://no-such-bucket/x") == expected
    assert not storage.exists("s3://no-such-bucket/x")
    with pytest.raises(FileNotFoundError, match="no-such-bucket"):
        storage.read_bytes("s3://no-such-bucket/x")
    with pytest.raises(FileNotFoundError, match="bucket 'no-such-bucket' does not exist"):
        storage.write_bytes("s3://no-such-bucket/x", b"")


@pytest.mark.parametrize("location", ["s3://", "s3:///x", "s3://my bucket/x", "gs://bucket/x"])
def test_a_location_without_a_bucket_shows_a_good_one(location: str) -> None:
    with pytest.raises(SourceError, match="accepted: a local path or s3://bucket/prefix"):
        storage.exists(location)
    assert repr(location) in refusal(location)


def test_credentials_in_a_location_are_refused_and_not_repeated() -> None:
    message = refusal("s3://AKIAEXAMPLE:swordfish@bucket/x")
    assert "may not hold credentials" in message
    assert "AKIA" not in message
    assert "swordfish" not in message


def test_without_credentials_the_message_says_where_they_go(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    message = refusal(base)
    for place in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "~/.aws/credentials", "role of the instance"):
        assert place in message
    monkeypatch.setenv("AWS_PROFILE", "missing-profile")
    assert "missing-profile" in refusal(base)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        ("403 Forbidden", "AccessDenied", "access to .* is denied; .* s3:ListBucket"),
        ("403 Forbidden", "InvalidAccessKeyId", "not accepted .*InvalidAccessKeyId"),
        ("400 Bad Request", "ExpiredToken", "not accepted .*ExpiredToken"),
        ("400 Bad Request", "Whatever", "cannot be listed: Whatever: Not now."),
    ],
)
def test_what_s3_refuses_is_said(base: str, status: str, code: str, message: str) -> None:
    with failing_front(1, status, code), pytest.raises(SourceError, match=message):
        s3.list_objects(base)


def test_an_endpoint_that_cannot_be_reached_is_named_without_its_password(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://someone:swordfish@127.0.0.1:{port}")
        message = refusal(base)
    assert f"127.0.0.1:{port} cannot be reached" in message
    assert "swordfish" not in message


def test_a_silent_endpoint_is_given_up(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        assert "does not answer (ReadTimeoutError)" in refusal(base, timeout_s=0.2)


def test_an_endpoint_that_is_no_url_is_refused(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no url")
    assert "AWS_ENDPOINT_URL" in refusal(base)


THROTTLED = [
    ("503 Slow Down", "SlowDown"),
    ("503 Service Unavailable", "ServiceUnavailable"),
    ("429 Too Many Requests", "SlowDown"),
    ("500 Internal Server Error", "InternalError"),
]


@pytest.mark.parametrize(("status", "code"), THROTTLED)
def test_a_throttled_listing_is_tried_again(base: str, status: str, code: str) -> None:
    put(base, "a.jpg")
    with failing_front(2, status, code) as front:
        assert [found.size for found in s3.list_objects(base)] == [5]
    assert front.methods == ["GET"] * 3


def test_a_listing_that_stays_throttled_says_so(base: str) -> None:
    with failing_front(9) as front:
        assert "SlowDown: Not now." in refusal(base, attempts=2)
    assert front.methods == ["GET"] * 2


@pytest.mark.parametrize(("status", "code"), THROTTLED)
def test_throttled_reading_and_writing_are_tried_again(base: str, status: str, code: str) -> None:
    with failing_front(2, status, code) as front:
        storage.write_bytes(f"{base}/a.jpg", b"picture")
    assert front.methods == ["POST", "POST", "POST", "PUT", "POST"]
    with failing_front(2, status, code) as front:
        assert storage.read_bytes(f"{base}/a.jpg") == b"picture"
    assert front.methods == ["HEAD", "HEAD", "HEAD", "GET"]


def test_what_pyarrow_gives_up_is_tried_again_with_pauses(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", paused.append)
    with failing_front(3, "429 Too Many Requests", "TooManyRequests") as front:
        storage.write_bytes(f"{base}/a.jpg", b"picture")
    assert front.methods == ["POST", "POST", "POST", "POST", "PUT", "POST"]
    assert len(paused) == 3
    assert 0 < paused[0] <= 1 <= paused[1] <= 2 <= paused[2] <= 4
    with failing_front(2, "429 Too Many Requests", "TooManyRequests"):
        assert [file.rpartition("/")[2] for file in storage.list_files(base)] == ["a.jpg"]
    with (
        failing_front(99, "429 Too Many Requests", "TooManyRequests") as front,
        pytest.raises(OSError, match="HTTP status 429"),
    ):
        storage.write_bytes(f"{base}/a.jpg", b"another")
    assert front.methods == ["POST"] * 6
    assert storage.read_bytes(f"{base}/a.jpg") == b"picture"


def test_what_is_refused_is_not_tried_again(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.time, "sleep", lambda _: pytest.fail("it waits"))
    with failing_front(1, "403 Forbidden", "AccessDenied"), pytest.raises(OSError, match="ACCESS"):
        storage.write_bytes(f"{base}/a.jpg", b"picture")


def of_few_bytes(request: dict[str, Any]) -> bool:
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.get("HTTP_RANGE", ""))
    return asked is not None and int(asked[2]) - int(asked[1]) < 210


def test_reads_of_few_bytes_that_are_throttled_are_tried_again(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There S3's answer is longer than what pyarrow has room for, and it gives up at once."""
    for number in range(6):
        table = pd.DataFrame({"a": range(number * 5, number * 5 + 5), "b": "x"})
        write_table(f"{base}/table/{number}.parquet", table)
    paused: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", paused.append)
    with failing_front(2) as front:
        front.may_fail = of_few_bytes
        assert list(read_table(f"{base}/table", columns=["a"])["a"]) == list(range(30))
        assert front.failures == 0
        assert paused
    paused.clear()
    number_of = itertools.count()
    with failing_front(1) as front:
        front.may_fail = lambda request: of_few_bytes(request) and next(number_of) == 4  # of 6
        batches = read_batches(f"{base}/table", ["a"], pads.field("b") == "x", 3)
        assert [value for batch in batches for value in batch["a"].to_pylist()] == list(range(30))
    assert len(paused) == 1
