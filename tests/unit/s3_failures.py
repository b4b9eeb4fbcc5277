"""A front of the tests' S3 server that fails as often, and in the way, that a test asks for."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


class Front:
    """Answers the first requests with a failure and hands the others on to moto.

    failures: how many requests still fail; status, code: how; methods: of those that arrived.
    """

    def __init__(self, failures: int, status: str, code: str) -> None:
        self.failures, self.status, self.code = failures, status, code
        self.methods: list[str] = []
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.methods.append(request["REQUEST_METHOD"])
        if self.failures <= 0:
            return self._moto(request, start)
        self.failures -= 1
        body = f"<Error><Code>{self.code}</Code><Message>Not now.</Message></Error>".encode()
        start(
            self.status,
            [("content-type", "application/xml"), ("content-length", str(len(body)))],
        )
        return [body]


@contextmanager
def failing_front(
    failures: int, status: str = "503 Slow Down", code: str = "SlowDown"
) -> Iterator[Front]:
    """Inside `s3_server()`: clients reach the same buckets through a Front while the block runs."""
    front = Front(failures, status, code)
    server = make_server("127.0.0.1", 0, front, True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.port}"
        with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": url}):
            yield front
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
