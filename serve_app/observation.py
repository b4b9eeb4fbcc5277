"""What can be seen of the service: metrics for Prometheus, and a line in the log per request.

Ray exports the metrics of every replica at its node's metrics port, named `ray_emailimg_...` and
with the replica's `WorkerId` as a label. Neither metrics nor log hold image bytes or keys.
"""

import asyncio
import logging
import time
from typing import Any

from ray.util.metrics import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emailimg.answers import Score
from serve_app.failures import request_id

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name

_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
# To 1: Ray exports a histogram's sum as if all were in the middle of their buckets, and what is
# above the last bound at twice that bound.
_PROBABILITIES = [step / 20 for step in range(1, 21)]
_HUNG_UP = 499  # in the log only: nobody is there to be answered
_NOTES = "emailimg"  # in a request's scope
_AS_IT_SAYS = (b"x-content-type-options", b"nosniff")
_BUNDLE_HEADER = b"x-emailimg-bundle"


class Metrics:
    """The service's own metrics, beside those of Serve."""

    def __init__(self) -> None:
        self._requests = Counter(
            "emailimg_requests", "Requests answered, by path and status.", ("path", "status")
        )
        self._seconds = Histogram(
            "emailimg_request_seconds", "From request to answer, s.", _SECONDS, ("path",)
        )
        self._probability = Histogram(
            "emailimg_probability",
            "Probabilities answered, by target.",
            _PROBABILITIES,
            ("target",),
        )
        # Their quotient is the mean, exactly; the histogram's sum is not (see above).
        self._scores = Counter("emailimg_scores", "Probabilities answered, by target.", ("target",))
        self._expected = Counter(
            "emailimg_expected_successes", "Sum of the probabilities answered.", ("target",)
        )
        self._strange = Counter("emailimg_out_of_domain", "Images unlike the catalogue.")
        self._cache = Counter(
            "emailimg_embedding_cache",
            "Embeddings asked for, by whether they were there.",
            ("hit",),
        )

    def request(self, path: str, status: int, seconds: float) -> None:
        self._requests.inc(tags={"path": path, "status": str(status)})
        self._seconds.observe(max(seconds, 1e-9), tags={"path": path})

    def score(self, score: Score) -> None:
        for target, probability in score.probabilities.items():
            tags, above_0 = {"target": target}, max(probability, 1e-9)  # Ray refuses 0
            self._probability.observe(above_0, tags=tags)
            self._scores.inc(tags=tags)
            self._expected.inc(above_0, tags=tags)
        if score.out_of_domain:
            self._strange.inc()

    def cache(self, hit: bool) -> None:
        self._cache.inc(tags={"hit": str(hit).lower()})


def note(scope: Scope, **values: Any) -> None:
    """Say something about a request in its line of the log; its `bundle` is answered, too."""
    scope.setdefault(_NOTES, {}).update(values)


class Observe:
    """Counts, times and logs every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_headers(scope)]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except asyncio.CancelledError:  # Serve ends a request whose caller hung up
            status = _HUNG_UP
            raise
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # Of the route, not as it was sent: a label per image id would fill Prometheus.
        path = getattr(scope.get("route"), "path", "other")
        self._metrics.request(path, status, seconds)
        facts = {"path": path, "status": status, "ms": round(1000 * seconds, 1)}
        facts |= scope.get(_NOTES, {})
        words = " ".join(f"{name}={value}" for name, value in facts.items())
        level = logging.WARNING if status >= 500 else logging.INFO
        logger.log(level, "%s %s %s", request_id(scope), scope["method"], words, extra=facts)


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What every answer says, failures and pictures, too: which bundle it is of, once one is.

    And that a browser must not take it for something else than what it says it is.
    """
    version = scope.get(_NOTES, {}).get("bundle")
    named = [] if version is None else [(_BUNDLE_HEADER, version.encode())]
    return [_AS_IT_SAYS, *named]
