"""An upload that stops halfway and goes on later, as one over a bad line does."""

import secrets
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse

import httpx

_PATIENCE_S = 180.0


class HalfSent:
    """Its first half is sent; it has a request id of its own."""

    def __init__(self, url: str, image: bytes, form: Mapping[str, str]) -> None:
        self.request_id = secrets.token_hex(8)
        request = httpx.Request(
            "POST",
            url,
            files={"image": ("a.jpg", image)},
            data=dict(form),
            headers={"x-request-id": self.request_id},
        )
        body = request.read()
        self._rest = body[len(body) // 2 :]
        self._connection = HTTPConnection(request.url.host, request.url.port, timeout=_PATIENCE_S)
        self._connection.putrequest("POST", request.url.path, skip_host=True)
        for name, value in request.headers.items():
            self._connection.putheader(name, value)
        self._connection.endheaders(body[: -len(self._rest)])

    def send_the_rest(self) -> HTTPResponse:
        self._connection.send(self._rest)
        return self._connection.getresponse()
