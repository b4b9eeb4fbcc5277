"""Fitting every model on every fold of every row count, the fewest rows first."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from emailimg.report import wording
from tune_jobs.comparison import data, models
from tune_jobs.comparison.data import Fold
from tune_jobs.comparison.measurement import Measurement, Measurements, Skipped
from tune_jobs.comparison.models import MODELS, Recipe


def measure(
    known: Measurements,
    recipe: Recipe,
    names: Sequence[str],
    row_counts: Sequence[int],
    folds: int,
    limit_s: float,
    keep: Callable[[Measurements], None],
) -> Measurements:
    """Add what is missing to `known`; `keep` is told after each fold.

    A row count at which a fold of a model is expected to take longer than `limit_s` is skipped.
    """
    matrix, labels = data.draw(known.setup["features"], recipe.seed)
    for count in sorted(row_counts):
        known, chosen = _within_limit(known, names, count, folds, limit_s)
        for row in _missing(known, recipe, chosen, matrix[:count], labels[:count], folds):
            known = known.with_row(row)
            keep(known)
            outcome = f"accuracy {row.accuracy:.4f}, {row.seconds:.2f} s"
            _say(count, row.model, f"fold {row.fold}/{folds}: {outcome}")
        keep(known)
    return known


def _within_limit(
    known: Measurements, names: Sequence[str], rows: int, folds: int, limit_s: float
) -> tuple[Measurements, list[str]]:
    """The models that are not skipped at this row count; those that are, are noted."""
    chosen = []
    for name in names:
        expected = known.expected_s(name, rows)
        if expected is None or expected <= limit_s or len(known.folds(name, rows)) == folds:
            chosen.append(name)
            continue
        skip = Skipped(model=name, rows=rows, expected_s=expected, limit_s=limit_s)
        known = known.with_skipped(skip)
        _say(rows, name, reason(skip))
    return known, chosen


def _missing(
    known: Measurements,
    recipe: Recipe,
    names: Sequence[str],
    matrix: np.ndarray,
    labels: np.ndarray,
    folds: int,
) -> Iterator[Measurement]:
    """Fit and test on the folds that `known` does not hold.

    The models take turns, fold by fold: what else the machine does disturbs all of them alike.
    """
    done = {(row.model, row.fold) for row in known.rows if row.rows == len(labels)}
    for number, fold in enumerate(data.folds(matrix, labels, folds, recipe.seed), start=1):
        for name in names:
            if (name, number) not in done:
                yield _measure_one(recipe, name, fold, number, len(labels))


def _measure_one(recipe: Recipe, name: str, fold: Fold, number: int, rows: int) -> Measurement:
    began = time.perf_counter()
    predict = models.fit(MODELS[name], recipe, *fold.train)
    seconds = time.perf_counter() - began
    right = predict(fold.test[0]) == fold.test[1]
    return Measurement(
        model=name,
        rows=rows,
        fold=number,
        accuracy=float(np.mean(right)),
        seconds=seconds,
    )


def reason(skip: Skipped) -> str:
    """Why a model was not fitted on so many rows."""
    return (
        f"skipped: a fold would take about {wording.duration(skip.expected_s)} "
        f"(--limit-s {skip.limit_s:g})"
    )


def _say(rows: int, name: str, what: str) -> None:
    # A job's log is read while it runs.
    print(f"{wording.count(rows):>9} rows, {MODELS[name].title}, {what}", flush=True)
