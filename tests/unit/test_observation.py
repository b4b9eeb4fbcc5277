"""What is logged of a request: enough to find it, and nothing secret or large."""

import asyncio
import base64
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from fastapi.testclient import TestClient
from in_process import FORM, JPEG, application, post

from serve_app import observation

KEY = "a-key-that-is-long-enough"


class Recorded:
    """A Counter or Histogram that remembers what it was told."""

    every: ClassVar[dict[str, "Recorded"]] = {}

    def __init__(self, name: str, *_: Any) -> None:
        self.told: list[tuple[float, dict[str, str]]] = []
        Recorded.every[name] = self

    def inc(self, value: float = 1.0, tags: dict[str, str] | None = None) -> None:
        if value <= 0:  # as Ray does
            raise ValueError(value)
        self.told.append((value, tags or {}))

    observe = inc


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recorded]:
    """The metrics that are declared from now on, by name."""
    monkeypatch.setattr(Recorded, "every", {})
    monkeypatch.setattr(observation, "Counter", Recorded)
    monkeypatch.setattr(observation, "Histogram", Recorded)
    return Recorded.every


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="ray.serve")
    return caplog


def ours(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in log.records if record.name == "ray.serve"]


def test_a_request_has_one_line(client: TestClient, log: pytest.LogCaptureFixture):
    answer = post(client, "/v1/score").json()
    [record] = ours(log)
    line = record.getMessage()
    assert line.startswith("without id POST path=/v1/score status=200 ms=")
    assert f"target=open_rate image_id={answer['image_id']}" in line
    assert record.levelno == logging.INFO


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/v1/targets", "/v1/images/no", "/no"])
def test_browsers_are_to_take_every_answer_for_what_it_says(client: TestClient, path: str):
    assert client.get(path).headers.get_list("x-content-type-options") == ["nosniff"]


def test_paths_are_those_of_routes(client: TestClient, log: pytest.LogCaptureFixture):
    client.get("/v1/images/someone's-secret?token=swordfish")
    client.get("/nowhere/swordfish?token=swordfish")
    lines = [record.getMessage() for record in ours(log)]
    assert "path=/v1/images/{image_id} status=404" in lines[0]
    assert "path=other status=404" in lines[1]
    assert "swordfish" not in str([vars(record) for record in ours(log)])


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        (b"0af7-651_9.16", "0af7-651_9.16"),
        (b"a\x1b[31mb\tc d", "a?[31mb?c?d"),
        (b"\xff\xfe", "??"),
        (b"x" * 5000, "x" * 128),
    ],
)
def test_ids_are_visible_and_short(
    served: Any, log: pytest.LogCaptureFixture, sent: bytes, logged: str
):
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/healthz",
        "query_string": b"",
        "root_path": "",
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        messages.append(message)

    app = application(*served)
    asyncio.run(app(scope | {"headers": [(b"x-request-id", sent)]}, receive, send))
    assert messages[0]["status"] == 200
    assert ours(log)[0].getMessage().startswith(f"{logged} GET ")


def test_nothing_secret_or_large_is_logged(
    connect: Any, tmp_path: Path, log: pytest.LogCaptureFixture
):
    keys = tmp_path / "keys"
    keys.write_text(f"shop {KEY}\n")
    client = connect(api_keys_file=str(keys), image_uri_prefixes=("s3://bucket/pre",))
    client.headers["x-api-key"] = KEY
    encoded = base64.b64encode(JPEG).decode()
    post(client, f"/v1/score?key={KEY}")
    post(client, "/v1/score", JPEG[:-200])
    client.post("/v1/score", json=FORM | {"image": encoded})
    client.post("/v1/score", json=FORM | {"image": encoded, "colour": KEY})
    client.post("/v1/score", json=FORM | {"image": encoded, "target": "x" * 10_000})
    client.post("/v1/score", json=FORM | {"image_uri": f"s3://other/x?X-Amz-Signature={KEY}"})
    client.post("/v1/score", content=encoded, headers={"content-type": "application/json"})
    client.headers["x-api-key"] = f"wrong {KEY}"
    post(client, "/v1/score")
    assert len(ours(log)) == 8
    for record in ours(log):
        everything = str(vars(record))
        assert KEY not in everything
        assert encoded[:40] not in everything
        assert "\\xff\\xd8" not in everything
        assert len(everything) < 2500


def test_server_errors_warn(connect: Any, log: pytest.LogCaptureFixture):
    class Broken:
        async def embed(self, *_: Any) -> None:
            raise RuntimeError("broken")

    post(connect(embedder=Broken()), "/v1/score")
    assert [record.levelno for record in ours(log)] == [logging.ERROR, logging.WARNING]


def test_whoever_hangs_up_is_no_failure_of_the_service(served: Any, log: pytest.LogCaptureFixture):
    """Either the request is cancelled, as Serve does it, or its body ends early."""

    async def hang_up(cancelled: bool) -> None:
        async def receive() -> Any:
            if cancelled:
                await asyncio.sleep(20)
            return {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            pass

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/score", "headers": headers}
        scope |= {"query_string": b""}
        request = asyncio.create_task(application(*served)(scope, receive, send))
        await asyncio.sleep(0.1)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)

    asyncio.run(hang_up(cancelled=True))
    asyncio.run(hang_up(cancelled=False))
    assert [record.levelno for record in ours(log)] == [logging.INFO] * 2
    assert "status=499" in ours(log)[0].getMessage()
    assert "status=400" in ours(log)[1].getMessage()


def test_notes_are_of_their_request():
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    observation.note(one, target="open_rate")
    observation.note(one, caller="shop")
    assert one["emailimg"] == {"target": "open_rate", "caller": "shop"}
    assert not other


def test_the_mean_probability_is_there_for_every_target(told: dict[str, Recorded]):
    metrics = observation.Metrics()
    for probabilities in ({"open_rate": 0.99, "bounce_rate": 0.0}, {"open_rate": 0.97}):
        score = SimpleNamespace(probabilities=probabilities, out_of_domain=False)
        metrics.score(score)  # type: ignore[arg-type]

    def total(name: str, target: str) -> float:
        return sum(value for value, tags in told[name].told if tags == {"target": target})

    assert total("emailimg_scores", "open_rate") == 2
    assert total("emailimg_expected_successes", "open_rate") == pytest.approx(1.96)
    assert total("emailimg_expected_successes", "bounce_rate") == pytest.approx(0, abs=1e-6)
    assert len(told["emailimg_probability"].told) == 3
    assert not told["emailimg_out_of_domain"].told


def test_every_probability_is_below_the_last_bound():
    """Ray takes what is above it for twice as much."""
    assert observation._PROBABILITIES[-1] == 1
