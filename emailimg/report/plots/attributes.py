"""What the encoder sees: how many attributes it names rightly, and what it takes for what."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from emailimg.report import wording
from emailimg.report.plots.axes import bare, in_percent, number
from emailimg.report.svg import (
    ACCENT,
    INK,
    MUTED,
    ON_ACCENT,
    RULE,
    new_axes,
    new_figure,
    themed,
    to_svg,
)

# The report's attribute accuracies after 10 epochs, on 16,185 photographs with ImageNet weights.
ANCHORS = {"ResNet-18": 0.86, "ResNet-34": 0.91}


@themed
def accuracy_scale(name: str, attribute: dict[str, Any]) -> Markup:
    """Our attribute accuracy with two standard errors, beside majority guessing and the anchors."""
    figure, axes = new_axes(440, 88)
    ours, majority = number(attribute["accuracy"]), number(attribute["majority_accuracy"])
    error = 2 * np.nan_to_num(number(attribute["standard_error"]))
    bare(axes, (np.nanmin([majority, ours, 0.8]) - 0.04, 1.0), (-1.25, 1.1))
    axes.axhline(0, color=RULE, linewidth=1)
    marks = {"majority": majority, **ANCHORS}
    for (label, value), side in zip(marks.items(), ("left", "right", "left"), strict=True):
        axes.plot([value, value], [-0.3, 0.3], color=MUTED, linewidth=1.5)
        text = f"{label} {wording.percent(value, 0)}"
        axes.annotate(text, (value, -0.45), ha=side, va="top", color=MUTED, annotation_clip=False)
    axes.plot([ours - error, ours + error], [0, 0], color=ACCENT, linewidth=4)
    axes.plot(ours, 0, "o", color=ACCENT, markersize=11)
    axes.annotate(
        f"ours {wording.percent(ours)}", (ours, 0.42), ha="center", color=INK, fontweight="bold"
    )
    others = ", ".join(f"{label} {wording.percent(value, 0)}" for label, value in marks.items())
    return to_svg(
        figure, name=name, title=f"Attribute accuracy: ours {wording.percent(ours)}, {others}"
    )


@themed
def confusion(name: str, attribute: dict[str, Any]) -> Markup:
    """Counts by true and predicted class, shaded by share of the row; recall and precision."""
    classes = [wording.words(label) for label in attribute["classes"]]
    counts = np.asarray(attribute["confusion"], float).reshape(len(classes), len(classes))
    shares = [key for key in ("recall", "precision") if key in attribute]
    figure = new_figure(170 + 44 * len(classes) + 116 * len(shares), 160 + 31 * len(classes))
    widths = [44 * len(classes)] + [116] * len(shares)
    heat, *bars = figure.subplots(1, 1 + len(shares), sharey=True, width_ratios=widths)
    _heat_map(heat, counts, classes)
    for axes, key in zip(bars, shares, strict=True):
        _share_bars(axes, attribute[key], key)
    return to_svg(
        figure,
        name=name,
        title=f"Confusion matrix of {len(classes)} classes, true by row and predicted by column, "
        f"with the {wording.listing(shares)} of every class",
    )


@themed
def yes_no(name: str, attribute: dict[str, Any]) -> Markup:
    """Of every class of a multi-label attribute, the share found (recall) and right (precision)."""
    classes = [wording.words(label) for label in attribute["classes"]]
    figure = new_figure(520, 80 + 26 * len(classes))
    found, right = figure.subplots(1, 2, sharey=True)
    _share_bars(found, attribute["recall"], "recall: found when there")
    _share_bars(right, attribute["precision"], "precision: there when named")
    found.set_yticks(range(len(classes)), classes)
    found.tick_params(labelleft=True, labelcolor=INK)
    found.set_ylim(len(classes) - 0.5, -0.5)
    return to_svg(
        figure,
        name=name,
        title=f"Recall and precision of {wording.counted(len(classes), 'yes-or-no class')}"
        f", {wording.percent(attribute['accuracy'])} of all answers right",
    )


def _heat_map(axes: Axes, counts: np.ndarray, classes: list[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rgb = to_rgb(ACCENT)
    shades = LinearSegmentedColormap.from_list("accent", [(*rgb, 0.0), (*rgb, 1.0)])
    edges = np.arange(len(classes) + 1) - 0.5
    axes.pcolormesh(
        edges, edges, shares, cmap=shades, vmin=0, vmax=1, edgecolor=RULE, linewidth=0.5
    )
    for row, column in np.argwhere(counts > 0):
        colour = ON_ACCENT if shares[row, column] > 0.55 else INK
        label = wording.count(counts[row, column])
        axes.text(column, row, label, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.spines[:].set_visible(False)


def _share_bars(axes: Axes, shares: Sequence[float | None], label: str) -> None:
    values = np.array([number(share) for share in shares])
    rows = np.arange(len(values))
    axes.barh(rows, np.ones(len(values)), height=0.5, color=RULE, alpha=0.55)
    axes.barh(rows, np.nan_to_num(values), height=0.5, color=ACCENT)
    for row, value in enumerate(values):
        text = wording.percent(value, 0) if np.isfinite(value) else "no rows"
        axes.text(1.04, row, text, va="center", color=INK)
    axes.set(xlim=(0, 1.55), xlabel=label)
    axes.set_xticks([])
    axes.tick_params(length=0, labelleft=False)
    axes.spines[:].set_visible(False)


@themed
def mistakes_by_class(name: str, explained: dict[str, Any]) -> Markup:
    """Per true class the share of wrong answers: avoidable (accent), unavoidable (grey)."""
    rows = explained["by_class"]
    figure, axes = new_axes(520, 40 + 24 * max(len(rows), 1))
    places = np.arange(len(rows))
    totals = np.array([max(row["rows"], 1) for row in rows], float)
    left = np.zeros(len(rows))
    axes.barh(places, np.ones(len(rows)), height=0.55, color=RULE, alpha=0.55)
    for key, colour in (("avoidable", ACCENT), ("unavoidable", MUTED)):
        shares = np.array([row[key] for row in rows]) / totals
        axes.barh(places, shares, left=left, height=0.55, color=colour)
        left += shares
    for place, row in enumerate(rows):
        label = f"{wording.count(row['mistakes'])} of {wording.count(row['rows'])}"
        axes.text(1.02, place, label, va="center")
    axes.set(xlim=(0, 1.25), ylim=(len(rows) - 0.4, -0.6))
    axes.set_yticks(places, [wording.words(row["class"]) for row in rows])
    axes.set_xticks([0, 0.5, 1])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)
    in_percent(axes, "x")
    summary = ", ".join(
        f"{wording.words(row['class'])} {row['mistakes']} of {row['rows']}, "
        f"{row['unavoidable']} unavoidable"
        for row in rows
    )
    return to_svg(figure, name=name, title=f"Wrong answers per true class: {summary}")
