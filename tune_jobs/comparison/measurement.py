"""What was measured, and the file that keeps it: a run that is given again continues there."""

from collections.abc import Sequence
from statistics import mean, median
from typing import Any

from emailimg import storage
from emailimg.config.section import Section
from tune_jobs import kept_measurements

FILE_NAME = "comparison.json"


class Measurement(Section):
    """One model on one fold of so many rows; seconds: of fitting, on the other folds' rows."""

    model: str
    rows: int
    fold: int
    accuracy: float
    seconds: float


class Skipped(Section):
    """A model that was not fitted on so many rows, and how long a fold of them was expected."""

    model: str
    rows: int
    expected_s: float
    limit_s: float


class Measurements(Section):
    """The file: with which settings and on which machine, and every fold measured so far."""

    setup: dict[str, Any]
    rows: tuple[Measurement, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def with_row(self, row: Measurement) -> "Measurements":
        return self.model_copy(update={"rows": (*self.rows, row)})

    def with_skipped(self, skip: Skipped) -> "Measurements":
        return self.model_copy(update={"skipped": (*self.skipped, skip)})

    def folds(self, model: str, rows: int) -> list[Measurement]:
        """What is known of a model at a row count, in the folds' order."""
        found = [row for row in self.rows if (row.model, row.rows) == (model, rows)]
        return sorted(found, key=lambda row: row.fold)

    def row_counts(self, model: str) -> list[int]:
        return sorted({row.rows for row in self.rows if row.model == model})

    def expected_s(self, model: str, rows: int) -> float | None:
        """Seconds of a fold of more rows than were measured; None when there is nothing to go by.

        On a straight line through the two largest row counts below: what is constant, such as
        the start of processes, does not grow. Nothing here grows slower than that.
        """
        known = [count for count in self.row_counts(model) if count < rows]
        if not known:
            return None
        seconds = [median(row.seconds for row in self.folds(model, count)) for count in known]
        if len(known) == 1:
            return seconds[0]
        slope = max(0.0, (seconds[-1] - seconds[-2]) / (known[-1] - known[-2]))
        return seconds[-1] + slope * (rows - known[-1])


def accuracy(folds: Sequence[Measurement]) -> tuple[float, float, float]:
    """Mean, lowest and highest over the folds."""
    values = [row.accuracy for row in folds]
    return mean(values), min(values), max(values)


def seconds(folds: Sequence[Measurement]) -> tuple[float, float, float]:
    """Median, lowest and highest over the folds."""
    values = [row.seconds for row in folds]
    return median(values), min(values), max(values)


def open_for(folder: str, setup: dict[str, Any]) -> Measurements:
    """What the folder holds of this set-up; what was skipped is asked anew.

    Raises ConfigError when the folder holds another set-up's: their figures do not compare.
    """
    location = storage.join(folder, FILE_NAME)
    if not storage.exists(location):
        return Measurements(setup=setup)
    there = read(folder)
    what = "a comparison with other settings"
    kept_measurements.require_same(folder, what, there.setup, setup)
    return there.model_copy(update={"skipped": ()})


def read(folder: str) -> Measurements:
    """What the folder holds; raises ConfigError when it is not there, or not a comparison's."""
    location = storage.join(folder, FILE_NAME)
    return kept_measurements.read(location, Measurements.model_validate, "a comparison's")


def write(folder: str, found: Measurements) -> None:
    storage.write_json(storage.join(folder, FILE_NAME), found.model_dump(mode="json"))
