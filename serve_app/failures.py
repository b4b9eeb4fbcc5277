"""Failures as JSON: `{"error": {"code", "message", "accepted"}}`, with the right status.

A caller's mistake keeps its status and says what would be accepted. Anything else is logged with
the request's id and answered as a plain 500. Uploads that are too long are cut off while they
arrive, and requests that take too long are ended.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emailimg.errors import ConfigError, ImageError, TaxonomyError
from emailimg.image_formats import FORMATS
from serve_app.paths import route_path
from serve_app.schemas import ErrorAnswer, ErrorDetail

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
# What a caller sent comes back in messages, and its id in the log: both are cut.
_LONGEST_MESSAGE = 1000
_LONGEST_NAME = 60
_MOST_DETAILS = 10
_LONGEST_ID = 128
_LONGEST_LENGTH = 18  # digits of a content-length

# Any other reason is a 400.
_IMAGE_STATUSES = {"too_many_bytes": 413, "not_an_image": 415, "unsupported_format": 415}


class ApiError(HTTPException):
    """A failure with a status and code of its own."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        accepted: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail=message, headers=headers)
        self.code = code
        self.accepted = accepted

    def __reduce__(self) -> tuple[type["ApiError"], tuple[Any, ...]]:
        # Exceptions with several arguments do not survive Ray's serialisation without this.
        parts = self.status_code, self.code, self.detail, self.accepted, self.headers
        return (ApiError, parts)


def install(app: FastAPI, max_body_bytes: Callable[[str], int], timeout_s: float) -> None:
    """Answer every failure of `app` in JSON, and limit the bytes and the seconds of a request.

    max_body_bytes: by path; timeout_s: from the first byte of the body to the answer.
    """
    app.add_middleware(_LimitBody, max_bytes=max_body_bytes)
    app.add_middleware(_Deadline, timeout_s=timeout_s)
    app.add_middleware(_CatchUnexpected)  # the last one added is the outermost
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(RequestValidationError, _on_invalid_form)
    app.add_exception_handler(ImageError, _on_image_error)
    app.add_exception_handler(TaxonomyError, _on_unknown_value)
    app.add_exception_handler(ConfigError, _on_impossible_wish)


def answer(error: ApiError) -> JSONResponse:
    """The failure as an answer, for what runs before any endpoint."""
    return _answer(error.status_code, error.code, error.detail, error.accepted, error.headers)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures that an endpoint's documentation lists."""
    meanings = {
        400: "The image is truncated, too small or has too many pixels, or the form is malformed",
        401: "A key is needed",
        404: "There is no such image",
        413: "The image has too many bytes",
        415: f"Not an image of an accepted format ({', '.join(FORMATS)}), or another content-type",
        422: "A field is missing or out of range, or a value is unknown",
        429: "Too many requests; Retry-After says when the next one is free",
        502: "The storage that `image_uri` names does not answer",
        503: "Overloaded or restarting; try again",
        504: "Not answered in time",
    }
    return {status: {"model": ErrorAnswer, "description": meanings[status]} for status in statuses}


def _answer(
    status: int,
    code: str,
    message: str,
    accepted: Sequence[str] = (),
    headers: Any = None,
) -> JSONResponse:
    detail = ErrorDetail(code=code, message=_presentable(message), accepted=list(accepted))
    return JSONResponse(ErrorAnswer(error=detail).model_dump(), status, headers=headers)


def _presentable(message: str) -> str:
    """Not too long, and without the halves of characters that JSON can carry and UTF-8 cannot."""
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + " ..."
    return message.encode(errors="replace").decode()


async def _on_http_exception(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = getattr(error, "code", _CODES.get(error.status_code, "http_error"))
    accepted = getattr(error, "accepted", ())
    return _answer(error.status_code, code, error.detail, accepted, error.headers)


async def _on_invalid_form(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    missing = all(detail["type"] == "missing" for detail in details)
    named = [f"{_name_in(detail['loc'])}: {detail['msg']}" for detail in details[:_MOST_DETAILS]]
    if len(details) > _MOST_DETAILS:
        named.append(f"and {len(details) - _MOST_DETAILS} more")
    return _answer(422, "missing_field" if missing else "invalid_field", "; ".join(named))


def _name_in(place: Sequence[Any]) -> str:
    """The field that a detail is about; one that is unknown has whatever name was sent."""
    names = [part for part in place if isinstance(part, str)]  # the others count list items
    name = names[-1] if names else "a field's name"
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."


async def _on_disconnect(_: Request, __: Exception) -> JSONResponse:
    """Who hung up while the body was read gets no answer; it is no failure of the service."""
    return _answer(400, "disconnected", "the request ended before its body was complete")


async def _on_image_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ImageError)
    status = _IMAGE_STATUSES.get(error.reason, 400)
    accepted = FORMATS if status == 415 else ()
    return _answer(status, error.reason, str(error), accepted)


async def _on_unknown_value(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TaxonomyError)
    return _answer(422, "unknown_value", str(error), error.accepted)


async def _on_impossible_wish(_: Request, error: Exception) -> JSONResponse:
    return _answer(422, "not_possible", str(error))


class _Sending:
    """Sends an answer's messages, and remembers whether it has begun: then none can replace it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = self.started or message["type"] == "http.response.start"
        await self._send(message)


class _CatchUnexpected:
    """The last resort: a logged traceback, and a 500 that gives nothing away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = _Sending(send)
        try:
            await self._app(scope, receive, sending)
        except Exception:
            its_id = request_id(scope)
            logger.exception("request %s failed", its_id)
            if sending.started or scope["type"] != "http":
                raise
            message = f"something went wrong here; quote request {its_id} when asking about it"
            await _answer(500, "internal_error", message)(scope, receive, send)


class _Deadline:
    """Ends a request that takes too long, one whose body trickles in included."""

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _Sending(send)
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._app(scope, receive, sending)
        except TimeoutError:
            if sending.started:
                raise
            message = f"not answered within {self._timeout_s:g} s"
            await _answer(504, "timeout", message)(scope, receive, send)


class _LimitBody:
    """Refuses a body that is too long: by its announced length, else while it arrives."""

    def __init__(self, app: ASGIApp, max_bytes: Callable[[str], int]) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_bytes(route_path(scope))
        announced = _header(scope, b"content-length")
        if announced.isdigit() and int(announced[:_LONGEST_LENGTH]) > most:
            await answer(_too_long(most))(scope, receive, send)
        else:
            await self._app(scope, _counting(receive, most), send)


def _counting(receive: Receive, most: int) -> Receive:
    received = 0

    async def count() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise _too_long(most)
        return message

    return count


def _too_long(most: int) -> ApiError:
    message = f"the request is too long; at most {most:,} bytes are accepted, the image included"
    return ApiError(413, "too_many_bytes", message)


def request_id(scope: Scope) -> str:
    """The id that Serve's proxy gave the request; it is in the `x-request-id` of the answer.

    The proxy keeps the one that the caller sent, which may be anything: here it is visible ASCII.
    """
    sent = _header(scope, b"x-request-id")[:_LONGEST_ID].decode("latin-1")
    return re.sub(r"[^!-~]", "?", sent) or "without id"


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")
