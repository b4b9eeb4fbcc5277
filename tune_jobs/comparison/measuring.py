"""Fitting every model on every fold of every row count, the fewest rows first."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from emailimg.report import wording
from tune_jobs.comparison import data, models
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
        for name in names:
            expected = known.expected_s(name, count)
            there = len(known.folds(name, count))
            if there < folds and expected is not None and expected > limit_s:
                skip = Skipped(model=name, rows=count, expected_s=expected, limit_s=limit_s)
                known = known.with_skipped(skip)
                _say(count, name, reason(skip))
                continue
            for row in _missing(known, recipe, name, matrix[:count], labels[:count], folds):
                known = known.with_row(row)
                keep(known)
                _say(
                    count,
                    name,
                    f"fold {row.fold}/{folds}: accuracy {row.accuracy:.4f}, {row.seconds:.2f} s",
                )
        keep(known)
    return known


def _missing(
    known: Measurements,
    recipe: Recipe,
    name: str,
    matrix: np.ndarray,
    labels: np.ndarray,
    folds: int,
) -> Iterator[Measurement]:
    """Fit and test on the folds that `known` does not hold."""
    done = {row.fold for row in known.folds(name, len(labels))}
    for number, fold in enumerate(data.folds(matrix, labels, folds, recipe.seed), start=1):
        if number not in done:
            began = time.perf_counter()
            predict = models.fit(MODELS[name], recipe, *fold.train)
            seconds = time.perf_counter() - began
            right = predict(fold.test[0]) == fold.test[1]
            yield Measurement(
                model=name,
                rows=len(labels),
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
