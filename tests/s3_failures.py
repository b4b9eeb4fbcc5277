"""A front of the tests' S3 server that fails as often, and in the way, that a test asks for."""

import itertools
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

# As long as AWS's own: of a read of fewer bytes pyarrow has no room for it.
_BODY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>Not now.</Message>'
    "<RequestId>656c76696e6727732072657175657374</RequestId><HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2"
    "Qz7/C1NPcfTWAtRPfTaOFg==</HostId></Error>"
)


class Upload:
    """One that is kept back. arrived: it is there, whole but for its end; released: it may fail.

    before: how many to the same key come to their end.
    """

    def __init__(self, key: str, before: int) -> None:
        self._key, self._before = key, before
        self._numbers = itertools.count()
        self.arrived, self.released = threading.Event(), threading.Event()

    def is_at_its_end(self, request: dict[str, Any]) -> bool:
        """Whether the request is the last one of it: of its parts, or the only one."""
        method, query = request["REQUEST_METHOD"], request["QUERY_STRING"]
        last = (method == "POST" and "uploadId" in query) or (method == "PUT" and not query)
        here = last and request["PATH_INFO"].endswith(self._key)
        return here and next(self._numbers) >= self._before


class Front:
    """Fails some requests and hands the others on to moto.

    failures: how many requests still fail; status, code: how; methods: of those that arrived;
    may_fail: which ones; one_in: of so many requests one fails besides, none at 0; failed: how many
    have.
    """

    def __init__(self, failures: int, status: str, code: str) -> None:
        self.failures, self.status, self.code = failures, status, code
        self.methods: list[str] = []
        self.one_in, self.failed = 0, 0
        self.may_fail: Callable[[dict[str, Any]], bool] = lambda _: True
        self._numbers = itertools.count(1)
        self._kept_back: list[Upload] = []
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.methods.append(request["REQUEST_METHOD"])
        if not self._fails(request) and not self._kept(request):
            return self._moto(request, start)
        self.failed += 1
        body = _BODY.format(self.code).encode()
        start(
            self.status,
            [("content-type", "application/xml"), ("content-length", str(len(body)))],
        )
        return [body]

    @contextmanager
    def keeping_back(self, key: str, before: int = 0) -> Iterator[Upload]:
        """Uploads to keys that end so do not come to their end while the block runs, nor later.

        before: but for so many.
        """
        upload = Upload(key, before)
        self._kept_back.append(upload)
        try:
            yield upload
        finally:
            self._kept_back.remove(upload)
            upload.released.set()

    def _kept(self, request: dict[str, Any]) -> bool:
        for upload in list(self._kept_back):
            if upload.is_at_its_end(request):
                upload.arrived.set()
                upload.released.wait()
                return True
        return False

    def _fails(self, request: dict[str, Any]) -> bool:
        if self.failures > 0 and self.may_fail(request):
            self.failures -= 1
            return True
        return self.one_in > 0 and next(self._numbers) % self.one_in == 0


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
