"""Decoding in many threads at once, as the service does."""

import threading
from collections.abc import Sequence

import numpy as np

from emailimg import images
from emailimg.config import ImageConfig

_ROUNDS = 10


def assert_threads_decode(encoded: Sequence[bytes], expected: Sequence[np.ndarray]) -> None:
    """A thread per picture, all at the same time, each several times over."""
    same: list[bool] = []

    def work(i: int) -> None:
        for _ in range(_ROUNDS):
            same.append(np.array_equal(images.decode(encoded[i], ImageConfig()), expected[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(encoded))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(same) == _ROUNDS * len(encoded)
    assert all(same)
