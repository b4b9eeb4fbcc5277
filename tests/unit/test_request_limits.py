"""What ends a request: bodies that trickle in, lengths that cannot be, and two limits at once."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bundle_factory import bundle_config
from in_process import application

MAX_BYTES = bundle_config().images.max_bytes
Receive = Callable[[], Awaitable[dict[str, Any]]]


def ask(app: Any, receive: Receive, path: str = "/v1/score", **headers: str) -> tuple[int, Any]:
    """Status and error of a POST whose body comes from `receive`."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    named = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body)["error"]


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_trickles_in_is_ended(served: Any, kind: str):
    start = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    chunks = itertools.chain([start], itertools.repeat(b" "))

    async def trickle() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    app = application(*served, request_timeout_s=0.2)
    status, error = ask(app, trickle, content_type=kind)
    assert (status, error["code"]) == (504, "timeout")


@pytest.mark.parametrize("path", ["/v1/score", "/v1/score:batch", "/v1/edits", "/healthz"])
@pytest.mark.parametrize("length", ["9" * 5000, "9" * 19, str(8 * MAX_BYTES)])
def test_a_body_that_is_announced_as_too_long_is_not_read(served: Any, path: str, length: str):
    async def never() -> dict[str, Any]:
        raise AssertionError("the body was read")

    status, error = ask(application(*served), never, path, content_length=length)
    assert (status, error["code"]) == (413, "too_many_bytes")


@pytest.mark.parametrize("length", ["-1", "abc", "0", "1e9", "\u0663"])
def test_a_length_that_is_a_lie_does_not_matter(served: Any, length: str):
    async def endless() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(2**20), "more_body": True}

    status, error = ask(application(*served), endless, content_length=length)
    assert (status, error["code"]) == (413, "too_many_bytes")
