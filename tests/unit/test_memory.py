"""Memory stays flat however many requests come."""

import gc
from typing import Any

import pytest
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from fastapi.testclient import TestClient
from in_process import application, post
from process_memory import resident_mb

REQUESTS = 2000
WARM_UP = 300
# Every request is about another picture: a leak of each as it is decoded (96 pixels long, 20 kB)
# would add 34 MB. What is left is the allocator's unrest, and threads that are first needed after
# the warm-up: each has memory of its own to allocate from.
MOST_MB = 12


@pytest.fixture
def client(served: Any) -> Any:
    # Few enough pictures in the cache that it is full after the warm-up.
    with TestClient(application(*served, cached_images=100)) as client:
        yield client


def test_memory_stays_flat(client: TestClient):
    jpegs = [showroom_jpeg(CATALOGUE_IMAGES + number) for number in range(4)]
    paths = ["/v1/score"] * 19 + ["/v1/recommend"]
    after_warm_up = 0.0
    for number in range(REQUESTS):
        if number == WARM_UP:
            gc.collect()
            after_warm_up = resident_mb()
        # Bytes behind the end of a JPEG make it another picture to the cache.
        image = jpegs[number % 4] + number.to_bytes(8, "big")
        assert post(client, paths[number % len(paths)], image).status_code == 200
    gc.collect()
    assert resident_mb() - after_warm_up < MOST_MB
