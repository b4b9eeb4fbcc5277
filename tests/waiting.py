"""Waiting for what other processes do, as long as there is patience."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 180.0  # on a busy machine a replica takes that long to start
Found = TypeVar("Found")


def wait_for(
    what: str,
    look: Callable[[], Found],
    *,
    patience_s: float = PATIENCE_S,
    pause_s: float = 0.2,
    seen: Callable[[], object] = lambda: "no more is known",
) -> Found:
    """What `look` finds, as soon as it is true.

    what, seen: for the message when it is not in time: what was waited for, what is there instead.
    """
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not within {patience_s:g} s: {seen()}"
        time.sleep(pause_s)
    return found
