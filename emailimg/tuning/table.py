"""The table that grows while a search runs: a line per trial that has ended, and who is at work."""

import time
from collections.abc import Sequence

from emailimg.report import wording
from emailimg.tuning.space import Space, short_names
from emailimg.tuning.trials import Record, Trial

_RUNNING_EVERY_S = 30.0
_STATES = ("trial", "value", "best", "time", "state")


class Table:
    """Watches a search and prints; a job's log is read while it runs."""

    def __init__(self, space: Space) -> None:
        self._names = list(space)
        self._heads = short_names(space)
        self._widths = [7, 10, 10, 12, 13, *(max(9, len(head)) for head in self._heads)]
        self._best: float | None = None
        self._running: dict[int, str] = {}
        self._said_at = time.monotonic()

    def begin(self, record: Record) -> None:
        """The heading, and the trials that are there already."""
        self._print([*_STATES, *self._heads])
        for trial in record.ended:
            self.ended(trial)

    def reached(self, number: int, step: int, checked: float) -> None:
        self._running[number] = f"trial {number} step {step}: {checked:.4f}"
        if time.monotonic() - self._said_at > _RUNNING_EVERY_S:
            self._said_at = time.monotonic()
            print(f"  at work: {', '.join(self._running.values())}", flush=True)

    def ended(self, trial: Trial) -> None:
        self._running.pop(trial.number, None)
        if trial.value is not None:
            self._best = min(trial.value, self._best if self._best is not None else trial.value)
        self._print(
            [
                f"{trial.number}",
                wording.decimal(trial.value, 5),
                wording.decimal(self._best, 5),
                wording.duration(trial.seconds),
                trial.state,
                *(wording.plain(trial.params[name]) for name in self._names),
            ]
        )
        if trial.failure:
            print(f"          {trial.failure}", flush=True)

    def _print(self, cells: Sequence[str]) -> None:
        pairs = zip(cells, self._widths, strict=True)
        print("  ".join(cell.rjust(width) for cell, width in pairs), flush=True)
