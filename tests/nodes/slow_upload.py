"""A caller on a slow line: half of a request is sent, the rest when the test says so."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

_PATIENCE_S = 300.0


class SlowUpload:
    """A request that has begun."""

    def __init__(self, request: httpx.Request, pool: ThreadPoolExecutor) -> None:
        self._body = request.read()
        self._first_half_sent, self._go_on = threading.Event(), threading.Event()
        headers = {name: request.headers[name] for name in ("content-type", "content-length")}
        self._answer = pool.submit(
            httpx.post, request.url, content=self._halves(), headers=headers, timeout=_PATIENCE_S
        )
        assert self._first_half_sent.wait(_PATIENCE_S)

    def finish(self) -> httpx.Response:
        """Send the rest; the answer."""
        self._go_on.set()
        return self._answer.result()

    def give_up_waiting(self) -> None:
        self._go_on.set()

    def _halves(self) -> Iterator[bytes]:
        middle = len(self._body) // 2
        yield self._body[:middle]
        self._first_half_sent.set()
        self._go_on.wait(_PATIENCE_S)
        yield self._body[middle:]


@contextmanager
def slow_upload(request: httpx.Request) -> Iterator[SlowUpload]:
    """The first half is sent when the block begins."""
    with ThreadPoolExecutor(1) as pool:
        upload = SlowUpload(request, pool)
        try:
            yield upload
        finally:
            upload.give_up_waiting()
