"""Who may ask, and how often: API keys, and a limit per key or, without keys, per address.

Keys are in a file that only the service reads, a line each: a name, a space, and the key. The names
are for the log. Only digests of the keys are held, and all of them are compared in constant time.
"""

import hashlib
import hmac
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from emailimg import storage
from emailimg.errors import ConfigError, SourceError
from serve_app import failures, observation
from serve_app.failures import ApiError
from serve_app.paths import route_path

_GUARDED = "/v1/"
_SHORTEST_KEY = 16
_MOST_CALLERS = 10_000  # of which the latest are remembered; the limit is for each


@dataclass(frozen=True)
class Keys:
    """Names by the SHA-256 of their key."""

    names: dict[bytes, str]

    def name_of(self, key: str) -> str | None:
        """Whose key it is; None for nobody's. Takes as long for any of them."""
        digest = _digest(key)
        found = None
        for known, name in self.names.items():
            if hmac.compare_digest(known, digest):
                found = name
        return found


def read_keys(location: str) -> Keys:
    """The keys of a file, local or s3://; raises ConfigError naming the line, never the key."""
    try:
        lines = storage.read_bytes(location).decode().splitlines()
    except UnicodeDecodeError:  # its own words would quote a byte of a key
        raise ConfigError(f"api_keys_file {location!r} is no UTF-8 text") from None
    except (OSError, SourceError) as error:
        raise ConfigError(f"api_keys_file {location!r} cannot be read: {error}") from None
    names: dict[bytes, str] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, key = _name_and_key(line, f"{location!r}, line {number}")
            if names.setdefault(_digest(key), name) != name:
                where = f"{location!r}, line {number}"
                raise ConfigError(f"api_keys_file {where}: the key is that of another name")
    if not names:
        raise ConfigError(f"api_keys_file {location!r} has no keys; a line is: NAME KEY")
    return Keys(names)


def new_key() -> str:
    """A key that cannot be guessed, in 43 characters."""
    return secrets.token_urlsafe(32)


class RateLimit:
    """At most so many requests a minute for each caller, in bursts of as many (a token bucket)."""

    def __init__(self, per_minute: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._room = max(1.0, per_minute)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """0 and one request spent; or how long until the next is free."""
        now = self._now()
        left, then = self._buckets.pop(caller, (self._room, now))
        left = min(self._room, left + (now - then) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._buckets[caller] = (left if wait else left - 1, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return wait


class Guard:
    """Lets requests below /v1/ through that have a key, where keys are needed, if not too many.

    It works before a body is read.
    """

    def __init__(self, app: ASGIApp, keys: Keys | None, limit: RateLimit | None) -> None:
        self._app = app
        self._keys = keys
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not route_path(scope).startswith(_GUARDED):
            await self._app(scope, receive, send)
            return
        try:
            self._admit(HTTPConnection(scope))
        except ApiError as error:
            await failures.answer(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _admit(self, request: HTTPConnection) -> None:
        caller = request.client.host if request.client else "unknown"
        if self._keys is not None:
            key = _key_in(request)
            name = self._keys.name_of(key)
            if name is None:
                headers = {"www-authenticate": "Bearer"}
                what = "this key is not accepted" if key else "a key is needed"
                message = f"{what}: X-API-Key, or Authorization: Bearer"
                raise ApiError(401, "unauthorized", message, (), headers)
            caller = name
            observation.note(request.scope, caller=name)
        wait_s = self._limit.wait_s(caller) if self._limit else 0
        if wait_s:
            seconds = math.ceil(wait_s)
            headers = {"retry-after": str(seconds)}
            message = f"too many requests; the next one is free in {seconds} s"
            raise ApiError(429, "too_many_requests", message, (), headers)


def _key_in(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return request.headers.get("x-api-key", "") or bearer


def _name_and_key(line: str, where: str) -> tuple[str, str]:
    parts = line.split()
    if len(parts) != 2:
        raise ConfigError(f"api_keys_file {where}: expected a name and a key")
    if len(parts[1]) < _SHORTEST_KEY:
        raise ConfigError(f"api_keys_file {where}: a key has at least {_SHORTEST_KEY} characters")
    return parts[0], parts[1]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
