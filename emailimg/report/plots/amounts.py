"""Amounts as horizontal bars, each with its value as text: examples, and seconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from emailimg.report import wording
from emailimg.report.plots.axes import bare, number
from emailimg.report.svg import ACCENT, INK, new_axes, themed, to_svg


@themed
def split_sizes(name: str, split: dict[str, int]) -> Markup:
    """Examples on each side of the split."""
    labels = [wording.count(value) for value in split.values()]
    return _bars(name, list(split), list(split.values()), labels, "Examples per side of the split")


@themed
def class_counts(name: str, counts: dict[str, int]) -> Markup:
    """Examples per augmentation class."""
    title = f"Examples per augmentation class, {wording.count(sum(counts.values()))} in all"
    labels = [wording.count(value) for value in counts.values()]
    return _bars(name, list(counts), list(counts.values()), labels, title)


@themed
def stage_times(name: str, stages: list[dict[str, Any]]) -> Markup:
    """Seconds per stage, in the order they ran."""
    seconds = [stage["seconds"] for stage in stages]
    labels = [wording.duration(value) for value in seconds]
    return _bars(name, [stage["name"] for stage in stages], seconds, labels, "Time per stage")


def _bars(
    name: str, keys: list[str], values: Sequence[float], labels: list[str], title: str
) -> Markup:
    """Horizontal bars in the given order, each with its value as text."""
    figure, axes = new_axes(440, 16 + 24 * max(len(keys), 1))
    rows = np.arange(len(keys))
    lengths = np.nan_to_num([number(value) for value in values])
    longest = max(lengths.max(initial=0), 1e-9)
    bare(axes, (0, longest * 1.22), (len(keys) - 0.4, -0.6))
    axes.barh(rows, lengths, height=0.55, color=ACCENT)
    for row, (length, label) in enumerate(zip(lengths, labels, strict=True)):
        axes.text(length + longest * 0.015, row, label, va="center")
    axes.set_yticks(rows, [wording.words(key) for key in keys], color=INK)
    axes.yaxis.set_visible(True)
    return to_svg(figure, name=name, title=title)
