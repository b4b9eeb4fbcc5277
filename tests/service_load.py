"""Clients that ask the service for scores without a pause, and what they were answered."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import httpx
import pytest
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from waiting import wait_for

from emailimg import bundle
from emailimg.predict import Predictor

FORM = {"target": "open_rate", "campaign_type": "Newsletter", "industry": "Retail"}
UPLOADS = [showroom_jpeg(CATALOGUE_IMAGES + index) for index in range(4)]
CLIENTS = 3

Answers = dict[tuple[str, str], float]  # probability by bundle version and image id


def right_answers(*locations: str, uploads: Sequence[bytes] = UPLOADS) -> Answers:
    """Of these bundles."""
    found: Answers = {}
    for location in locations:
        loaded = bundle.load(location)
        predictor = Predictor(loaded, threads=1)
        for upload in uploads:
            score = predictor.score(upload, *FORM.values())
            assert score.probability is not None
            found[loaded.version, score.image_id] = score.probability
    return found


def is_ready(base_url: str) -> bool:
    """By its own word."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"{base_url}/readyz", timeout=10).is_success
    return False


class Load:
    """Clients that ask for scores until they are told to stop, and what they were answered."""

    def __init__(self, base_url: str, expected: Answers) -> None:
        self._base_url = base_url
        self._expected = expected
        self._stop = threading.Event()
        self.right: list[str] = []  # versions, in the order of the answers
        self.again: list[int] = []  # statuses with Retry-After
        self.wrong: list[str] = []

    def run(self) -> None:
        # Without a cache every request goes all the way.
        with httpx.Client(base_url=self._base_url, timeout=60) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                upload = UPLOADS[number % len(UPLOADS)]
                try:
                    self._note(
                        client.post("/v1/score", files={"image": ("a.jpg", upload)}, data=FORM)
                    )
                except httpx.HTTPError as error:  # no answer at all
                    self.wrong.append(repr(error))

    def stop(self) -> None:
        self._stop.set()

    def wait_for(self, answers: int, version: str | None = None) -> None:
        """Until so many more right answers have come, of a version if one is named."""
        begun = len(self.right)
        wait_for(
            f"{answers} right answers",
            lambda: sum(version in (None, one) for one in self.right[begun:]) >= answers,
            pause_s=0.05,
            seen=lambda: (len(self.right) - begun, self.again[-3:], self.wrong[-3:]),
        )

    def _note(self, response: httpx.Response) -> None:
        if response.status_code == 200:
            answer = response.json()
            expected = self._expected[answer["bundle"], answer["image_id"]]
            # Sums over a batch may differ in their last bits.
            if answer["probability"] == pytest.approx(expected, abs=1e-6):
                self.right.append(answer["bundle"])
                return
        elif response.status_code == 503 and "retry-after" in response.headers:
            self.again.append(response.status_code)
            return
        self.wrong.append(f"{response.status_code} {response.text[:300]}")


@contextmanager
def under_load(base_url: str, expected: Answers) -> Iterator[Load]:
    load = Load(base_url, expected)
    clients = [threading.Thread(target=load.run) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        load.wait_for(5)
        yield load
    finally:
        load.stop()
        for client in clients:
            client.join()
