"""Progress of work that runs in other processes: a bar in a terminal, a line now and then in a log.

Workers tell one small actor how much they have done; a thread on the driver draws it.
"""

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from tqdm import tqdm

_REDRAW_S = 0.3
_LOG_LINE_S = 10.0


def announce(lines: Iterable[str]) -> None:
    """What a person should know before the work begins, where its progress is shown as well."""
    for line in lines:
        print(f"  {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class State:
    """Units done, units per second since the work began or continued, and what is being done."""

    done: float
    per_s: float
    note: str


class _Counter:
    """Runs as an actor that takes no CPU share."""

    def __init__(self) -> None:
        self._done = 0.0
        self._note = ""
        self.begin_at(0.0)

    def begin_at(self, done: float) -> None:
        self._done = self._begun = done
        self._begun_at = time.monotonic()

    def add(self, amount: float, note: str | None = None) -> None:
        self._done += amount
        if note is not None:
            self._note = note

    def read(self) -> "State":
        seconds = time.monotonic() - self._begun_at
        return State(self._done, (self._done - self._begun) / max(seconds, 1e-9), self._note)


class Reporter:
    """What workers hold: `reporter.add(3)` counts three units done. Never waits."""

    def __init__(self, counter: Any) -> None:
        self._counter = counter

    def add(self, amount: float, note: str | None = None) -> None:
        self._counter.add.remote(amount, note)

    def begin_at(self, done: float) -> None:
        """So much was done before: the work continues, or is thrown back by a failure."""
        self._counter.begin_at.remote(done)


@contextmanager
def track(label: str, total: float, unit: str) -> Iterator[Reporter]:
    """Show progress towards `total` while the block runs; yields the workers' reporter."""
    # Here, where it is drawn: another node may go away with it.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    counter: Any = (
        ray.remote(_Counter)
        .options(num_cpus=0, max_concurrency=8, scheduling_strategy=here)
        .remote()
    )
    finished = threading.Event()
    draw = _draw_bar if sys.stderr.isatty() else _draw_lines
    drawer = threading.Thread(
        target=draw, args=(counter, finished, label, total, unit), daemon=True
    )
    drawer.start()
    try:
        yield Reporter(counter)
    finally:
        finished.set()
        drawer.join(timeout=5)
        ray.kill(counter)


def _read(counter: Any) -> State | None:
    try:
        return ray.get(counter.read.remote(), timeout=5)
    except (ray.exceptions.RayError, TimeoutError):
        return None  # progress is never worth failing a run for


def _draw_bar(counter: Any, finished: threading.Event, label: str, total: float, unit: str) -> None:
    form = "  {desc:<14}|{bar:24}| {n:.0f}/{total:.0f} {unit}, {elapsed} {postfix}"
    with tqdm(total=total, desc=label, unit=unit, leave=False, bar_format=form) as bar:
        while not finished.wait(_REDRAW_S):
            state = _read(counter)
            if state is not None:
                bar.n = min(state.done, total)
                bar.set_postfix_str(_pace(state, total, unit), refresh=True)


def _draw_lines(
    counter: Any, finished: threading.Event, label: str, total: float, unit: str
) -> None:
    while not finished.wait(_LOG_LINE_S):
        state = _read(counter)
        if state is None or state.done <= 0:
            continue
        # What a killed worker had counted is counted again by the one that takes over.
        done = min(state.done, total)
        parts = [f"  {label}: {done:.0f}/{total:.0f} {unit}", _pace(state, total, unit)]
        print(", ".join(filter(None, parts)), file=sys.stderr, flush=True)


def _pace(state: State, total: float, unit: str) -> str:
    """`205 images/s, about 80 s left, epoch 3/8`."""
    parts = []
    if state.per_s > 0:
        left_s = max(0.0, total - state.done) / state.per_s
        parts = [f"{_rounded(state.per_s)} {unit}/s", f"about {left_s:.0f} s left"]
    return ", ".join([*parts, *filter(None, [state.note])])


def _rounded(per_s: float) -> str:
    return f"{per_s:.0f}" if per_s >= 10 else f"{per_s:.2g}"
