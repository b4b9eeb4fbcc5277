"""What progress says: pace and time left, also of work that continues."""

import pytest

from emailimg import progress
from emailimg.progress import State


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State(50, 10.0, ""), "10 images/s, about 5 s left"),
        (State(50, 0.0, "epoch 1/3"), "epoch 1/3"),
        (State(120, 10.0, "epoch 3/3"), "10 images/s, about 0 s left, epoch 3/3"),
        (State(0, 1234.5, ""), "1234 images/s, about 0 s left"),
    ],
)
def test_pace(state: State, text: str) -> None:
    assert progress._pace(state, 100, "images") == text


def test_what_was_done_before_does_not_count_as_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    counter = progress._Counter()
    counter.begin_at(800)
    clock[0] += 10
    counter.add(50, "epoch 9/10")
    assert counter.read() == State(850, 5.0, "epoch 9/10")
    counter.begin_at(800)  # a worker died, and the epoch begins again
    clock[0] += 5
    assert counter.read() == State(800, 0.0, "epoch 9/10")
