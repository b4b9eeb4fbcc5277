"""Keys, limits and origins: who is let in, how often, and what the log knows of it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from in_process import JPEG, application, assert_failure, post

from emailimg.errors import ConfigError
from serve_app import access
from serve_app.access import RateLimit, read_keys

# Fixed, because they are in names of tests, which two processes must agree on.
KEY, OTHER = "7zAuEQdb8PNK3vCit_OE_3bs5bqkMoFp", "eXQ5lDvtmrkVPOhfAt7Ttw1mhiRQcTfo"
Connect = Callable[..., TestClient]


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "keys"
    path.write_text(f"# for the service\n\nshop {KEY}\n  crm\t{OTHER}  \n")
    return str(path)


def test_keys_are_known_by_name(key_file: str):
    keys = read_keys(key_file)
    assert keys.name_of(KEY) == "shop"
    assert keys.name_of(OTHER) == "crm"
    for wrong in ("", KEY[:-1], KEY + "x", "shop", KEY.swapcase(), "\u00e9"):
        assert keys.name_of(wrong) is None
    assert KEY not in repr(keys)


def test_every_key_is_compared_in_constant_time(key_file: str, monkeypatch: pytest.MonkeyPatch):
    """However early the right one is found: the time would tell how far down the list it is."""
    compared: list[bytes] = []
    real = access.hmac.compare_digest
    monkeypatch.setattr(
        access.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b)
    )
    keys = read_keys(key_file)
    for key in (KEY, OTHER, "nobody's"):
        compared.clear()
        keys.name_of(key)
        assert len(compared) == 2


SECRET = "swordfish-swordfish"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{SECRET}\n".encode(), "line 1"),
        (f"shop {KEY}\nthe crm {SECRET}\n".encode(), "line 2"),
        (b"shop swordfish\n", "at least 16 characters"),
        (f"shop {SECRET}\ncrm {SECRET}\n".encode(), "another name"),
        (SECRET.encode("utf-16"), "no UTF-8"),
        (b"# nothing\n", "no keys"),
        (b"", "no keys"),
    ],
)
def test_a_malformed_file_is_refused_without_its_keys(tmp_path: Path, content: bytes, words: str):
    path = tmp_path / "keys"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        read_keys(str(path))
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("location", ["missing", "s3://", "s3://user:password@bucket/keys"])
def test_a_file_that_cannot_be_read(tmp_path: Path, location: str):
    location = location if "://" in location else str(tmp_path / location)
    with pytest.raises(ConfigError, match="api_keys_file"):
        read_keys(location)


@pytest.mark.parametrize("path", ["/v1/score", "/v1/score:batch", "/v1/edits", "/v1/heatmap"])
def test_without_a_key_nothing_is_read(connect: Connect, key_file: str, path: str):
    client = connect(api_keys_file=key_file)
    read = False

    def body() -> Any:
        nonlocal read
        read = True
        yield b"x"

    response = client.post(path, content=body(), headers={"x-api-key": "wrong"})
    error = assert_failure(response, 401, "unauthorized")
    assert error["message"].startswith("this key is not accepted")
    assert response.headers["www-authenticate"] == "Bearer"
    for get in ("/v1/targets", "/v1/model", "/v1/images/x", "/v1/nothing"):
        error = assert_failure(client.get(get), 401, "unauthorized")
        assert error["message"].startswith("a key is needed")


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY} "}],
)
def test_a_key_opens(connect: Connect, key_file: str, headers: dict[str, str]):
    client = connect(api_keys_file=key_file)
    assert client.get("/v1/targets", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Basic {KEY}"},
        {"authorization": KEY},
        {"x-api-key": ""},
        {"x-api-key": "\u00ff".encode("latin-1")},
        {"cookie": f"key={KEY}"},
    ],
)
def test_nothing_else_does(connect: Connect, key_file: str, headers: dict[str, Any]):
    client = connect(api_keys_file=key_file)
    assert_failure(client.get(f"/v1/targets?key={KEY}", headers=headers), 401, "unauthorized")


def test_health_is_open(connect: Connect, key_file: str):
    client = connect(api_keys_file=key_file)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_route_prefix_opens_nothing(served: Any, key_file: str):
    """Below a prefix, Serve passes the whole path on, and the prefix as `root_path`."""
    app = application(*served, api_keys_file=key_file)
    client = TestClient(app, root_path="/emailimg", base_url="http://testserver/emailimg")
    for url in ("http://testserver/emailimg/v1/targets", "http://testserver/v1/targets"):
        assert_failure(client.get(url), 401, "unauthorized")
        assert client.get(url, headers={"x-api-key": KEY}).status_code == 200


def test_the_log_has_the_name_and_not_the_key(
    connect: Connect, key_file: str, caplog: pytest.LogCaptureFixture
):
    client = connect(api_keys_file=key_file)
    with caplog.at_level(logging.DEBUG):
        client.get(f"/v1/targets?token={KEY}", headers={"x-api-key": KEY})
        client.get("/v1/targets", headers={"x-api-key": SECRET})
        client.get("/v1/targets", headers={"authorization": f"Bearer {SECRET}"})
    lines = [record.getMessage() for record in caplog.records if record.name == "ray.serve"]
    assert "caller=shop" in lines[0]
    everything = " ".join(
        str(vars(record)) for record in caplog.records if "httpx" not in record.name
    )
    assert KEY not in everything
    assert SECRET not in everything


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_a_bucket_of_tokens_fills_again():
    clock = Clock()
    limit = RateLimit(6, clock)
    assert [limit.wait_s("a") for _ in range(6)] == [0] * 6
    assert limit.wait_s("a") == pytest.approx(10)
    assert limit.wait_s("b") == 0
    clock.s += 4
    assert limit.wait_s("a") == pytest.approx(6)
    clock.s += 6.001
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") > 0
    clock.s += 3600
    assert [limit.wait_s("a") > 0 for _ in range(7)] == [False] * 6 + [True]


def test_less_than_one_a_minute():
    clock = Clock()
    limit = RateLimit(0.5, clock)
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") == pytest.approx(120)


def test_callers_who_are_remembered_are_bounded():
    limit = RateLimit(1, Clock())
    for number in range(20_000):
        limit.wait_s(str(number))
    assert len(limit._buckets) == 10_000
    assert limit.wait_s("19999") > 0


def test_too_many_requests_say_when_to_come_back(connect: Connect):
    client = connect(requests_per_minute=2)
    assert [client.get("/v1/targets").status_code for _ in range(2)] == [200, 200]
    response = post(client, "/v1/score")
    error = assert_failure(response, 429, "too_many_requests")
    assert 25 <= int(response.headers["retry-after"]) <= 30
    assert f"{response.headers['retry-after']} s" in error["message"]
    assert client.get("/healthz").status_code == 200


def test_the_limit_is_for_each_key(connect: Connect, key_file: str):
    client = connect(api_keys_file=key_file, requests_per_minute=1)
    statuses = [
        client.get("/v1/targets", headers={"x-api-key": key}).status_code
        for key in (KEY, KEY, OTHER, OTHER)
    ]
    assert statuses == [200, 429, 200, 429]


ORIGIN = {"origin": "https://shop.example"}


def test_pages_of_other_sites_may_not_ask_unless_configured(connect: Connect, key_file: str):
    preflight = ORIGIN | {"access-control-request-method": "POST"}
    closed = connect()
    for response in (
        closed.options("/v1/score", headers=preflight),
        closed.get("/v1/targets", headers=ORIGIN),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
    opened = connect(cors_origins=("https://shop.example",), api_keys_file=key_file)
    allowed = opened.options("/v1/score", headers=preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in allowed.headers
    # A page has to be able to read why it was refused.
    refused = opened.post("/v1/score", content=JPEG, headers=ORIGIN)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    other = opened.get("/v1/targets", headers={"origin": "https://evil.example", "x-api-key": KEY})
    assert "access-control-allow-origin" not in other.headers
