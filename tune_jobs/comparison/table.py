"""The comparison as Markdown and as CSV."""

import csv
import io
from collections.abc import Sequence

from emailimg.report import wording
from tune_jobs import markdown
from tune_jobs.comparison import measurement, measuring, published
from tune_jobs.comparison.measurement import Measurement, Measurements
from tune_jobs.comparison.models import MODELS

_HEADS = ("rows", "model", "folds", "accuracy", "lowest to highest", "seconds", "times XGBoost's")


def page(found: Measurements) -> str:
    """comparison.md: what was found, the table, how it was measured, and the report's words."""
    parts = ["# XGBoost beside scikit-learn's classifiers", *_verdict(found), _table(found)]
    parts += [markdown.bullets(_notes(found)), "## What the report says of its Figure 3"]
    parts += [f"> {published.CLAIM}", f"> {published.SETTING[1]} ({published.SETTING[0]})"]
    parts.append(
        f"The report prints a picture of its reference and no figures: *{published.SOURCE}*"
    )
    return "\n\n".join(parts) + "\n"


def as_csv(found: Measurements) -> str:
    """comparison.csv: a line for every fold."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "rows", "fold", "accuracy", "seconds"])
    for count in _row_counts(found):
        for name in MODELS:
            for row in found.folds(name, count):
                cells = [row.model, row.rows, row.fold]
                writer.writerow([*cells, f"{row.accuracy:.6f}", f"{row.seconds:.4f}"])
    return text.getvalue()


def _verdict(found: Measurements) -> list[str]:
    """XGBoost beside gradient boosting, at the most rows on which both were measured."""
    pair = [set(found.row_counts(name)) for name in ("xgboost", "gradient_boosting")]
    both = sorted(pair[0] & pair[1])
    if not both:
        return []
    ours, theirs = (found.folds(name, both[-1]) for name in ("xgboost", "gradient_boosting"))
    times = measurement.seconds(theirs)[0] / measurement.seconds(ours)[0]
    reached = [wording.percent(measurement.accuracy(folds)[0], 2) for folds in (theirs, ours)]
    return [
        f"With {wording.count(both[-1])} rows gradient boosting trained {times:.0f} times as long "
        f"as XGBoost, for an accuracy of {reached[0]} against {reached[1]}."
    ]


def _table(found: Measurements) -> str:
    rows = [_cells(found, name, count) for count in _row_counts(found) for name in MODELS]
    return markdown.table(_HEADS, [row for row in rows if row], words=_HEADS.index("model"))


def _cells(found: Measurements, name: str, count: int) -> list[str]:
    folds = found.folds(name, count)
    head = [wording.count(count), MODELS[name].title]
    if not folds:
        skipped = any((skip.model, skip.rows) == (name, count) for skip in found.skipped)
        return [*head, "0", "skipped", *[wording.MISSING] * 3] if skipped else []
    mean, lowest, highest = measurement.accuracy(folds)
    return [
        *head,
        str(len(folds)),
        wording.percent(mean, 2),
        f"{wording.percent(lowest, 2)} to {wording.percent(highest, 2)}",
        _seconds(measurement.seconds(folds)[0]),
        _times(folds, found.folds("xgboost", count)),
    ]


def _times(folds: Sequence[Measurement], yardstick: Sequence[Measurement]) -> str:
    if not yardstick:
        return wording.MISSING
    times = measurement.seconds(folds)[0] / measurement.seconds(yardstick)[0]
    return f"{times:.1f}" if times < 10 else f"{times:,.0f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:,.0f}"


def _notes(found: Measurements) -> list[str]:
    setup = found.setup
    each = " each" if setup["actors"] > 1 else ""
    notes = [
        f"{setup['folds']}-fold cross-validation on scikit-learn's `make_classification`, "
        f"{setup['features']} features of which half are informative and a quarter mixtures of "
        "those; every row count takes the first rows of one problem of a million.",
        "Accuracy is the mean over the folds, seconds are the median of fitting one fold: from "
        "arrays in memory to the fitted model, on the rows of the other folds. The models take "
        "turns, fold by fold.",
        f"Every model has {wording.counted(setup['threads'], 'thread')}, but scikit-learn's "
        "gradient boosting knows one only. Boosters have "
        f"{setup['trees']} trees of depth {setup['depth']} and a learning rate of "
        f"{setup['learning_rate']:g}; the forest has as many trees, grown to the end.",
        f"xgboost-ray has {wording.counted(setup['actors'], 'actor')} with "
        f"{wording.counted(setup['threads'] // setup['actors'], 'thread')}{each}; its seconds hold "
        "the start of processes, which takes as long for few rows as for many.",
        f"Measured on {setup['processor']} ({setup['cores']} cores), with xgboost "
        f"{setup['xgboost']} and scikit-learn {setup['scikit-learn']}.",
    ]
    notes += [
        f"{MODELS[skip.model].title}, {wording.count(skip.rows)} rows: {measuring.reason(skip)}."
        for skip in found.skipped
        if not found.folds(skip.model, skip.rows)
    ]
    return notes


def _row_counts(found: Measurements) -> list[int]:
    return sorted({row.rows for row in found.rows} | {skip.rows for skip in found.skipped})
