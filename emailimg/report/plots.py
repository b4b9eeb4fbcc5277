"""The scorecard's plots: one function each, from its part of the scorecard to inline SVG.

`name` is the plot's identifier on the page. Missing values leave a gap, never a zero.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from emailimg.report import wording
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
    ours, majority = _number(attribute["accuracy"]), _number(attribute["majority_accuracy"])
    error = 2 * np.nan_to_num(_number(attribute["standard_error"]))
    _bare(axes, (np.nanmin([majority, ours, 0.8]) - 0.04, 1.0), (-1.25, 1.1))
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
def reach_overview(name: str, targets: dict[str, dict[str, Any]]) -> Markup:
    """One bar per target on the scale from the base rate (0%) to the oracle (100%)."""
    known = {key: row for key, row in targets.items() if not wording.is_missing(row["reach"])}
    figure, axes = new_axes(440, 48 + 34 * len(known))
    rows = np.arange(len(known))
    lows, highs = zip(*(_interval(target) for target in known.values()), strict=True)
    low, high = min(0.0, *lows), max(1.0, *highs)
    _bare(axes, (low, high + 0.16 * (high - low)), (len(known) - 0.4, -0.6))
    axes.barh(rows, [target["reach"] for target in known.values()], height=0.42, color=ACCENT)
    axes.hlines(rows, lows, highs, color=INK, linewidth=1.5)
    axes.vlines([0, 1], -0.5, len(known) - 0.5, color=MUTED, linewidth=1)
    names = [wording.words(key) for key in known]
    reaches = [wording.percent(target["reach"], 0) for target in known.values()]
    for row, reach in enumerate(reaches):
        axes.text(max(1.0, highs[row]) + 0.02, row, reach, va="center", fontweight="bold")
    axes.set_yticks(rows, names, color=INK)
    axes.set_xticks([0, 1], ["base rate", "oracle"])
    axes.yaxis.set_visible(True)
    axes.xaxis.set_visible(True)
    summary = ", ".join(f"{target} {reach}" for target, reach in zip(names, reaches, strict=True))
    return to_svg(figure, name=name, title=f"Reach per target: {summary}")


@themed
def log_loss_track(name: str, target: dict[str, Any]) -> Markup:
    """Base, ours and oracle on one log-loss axis; less is better, and better is to the right."""
    figure, axes = new_axes(250, 80)
    loss = {key: _number(target["log_loss"][key]) for key in ("base", "ours", "oracle")}
    values = np.array([value for value in loss.values() if np.isfinite(value)] or [0.0])
    margin = 0.1 * (np.ptp(values) or 0.1)
    _bare(axes, (values.max() + margin, values.min() - margin), (-1.3, 1.2))
    axes.plot([values.max(), values.min()], [0, 0], color=RULE, linewidth=7)
    axes.plot([loss["base"], loss["ours"]], [0, 0], color=ACCENT, linewidth=7)
    # The two labels stand between their ticks, or outside where ours lies outside.
    sides = {
        "base": "right" if loss["ours"] > loss["base"] else "left",
        "oracle": "left" if loss["ours"] < loss["oracle"] else "right",
    }
    for key, side in sides.items():
        axes.plot([loss[key]] * 2, [-0.35, 0.35], color=MUTED, linewidth=1.5)
        if np.isfinite(loss[key]):
            label = f"{key} {wording.decimal(loss[key])}"
            axes.text(loss[key], -0.55, label, ha=side, va="top", color=MUTED)
    axes.plot(loss["ours"], 0, "o", color=ACCENT, markersize=11)
    axes.text(
        loss["ours"], 0.5, f"ours {wording.decimal(loss['ours'])}", ha="center", fontweight="bold"
    )
    summary = ", ".join(f"{key} {wording.decimal(value)}" for key, value in loss.items())
    return to_svg(figure, name=name, title=f"Log-loss in nats, less is better: {summary}")


@themed
def calibration(name: str, target: dict[str, Any]) -> Markup:
    """Observed against predicted success per bin with a bootstrap band; dots grow with trials."""
    figure, axes = new_axes(250, 226)
    bins = target["calibration"]["bins"]
    columns = ("predicted", "observed", "low", "high", "trials")
    table = np.array([[_number(bin_[key]) for key in columns] for bin_ in bins]).reshape(-1, 5)
    predicted, observed, low, high, trials = table.T
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    if len(bins) > 1:
        axes.fill_between(predicted, low, high, color=ACCENT, alpha=0.2, linewidth=0)
    else:  # a band needs two ends
        axes.vlines(predicted, low, high, color=ACCENT, linewidth=1.5, alpha=0.6)
    axes.plot(predicted, observed, color=ACCENT, linewidth=1.5)
    sizes = 12 + 60 * trials / np.nanmax(trials, initial=1)
    axes.scatter(predicted, observed, s=sizes, color=ACCENT, zorder=3)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted", ylabel="observed", aspect="equal")
    axes.set_xticks(np.linspace(0, 1, 5))
    axes.set_yticks(np.linspace(0, 1, 5))
    _percent_axes(axes, "xy")
    axes.grid(True)
    error = wording.percent(target["calibration"]["error"])
    return to_svg(
        figure,
        name=name,
        title=f"Calibration in {wording.counted(len(bins), 'bin')}: predicted against "
        f"observed success, mean gap {error}",
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
    values = np.array([_number(share) for share in shares])
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
    _percent_axes(axes, "x")
    summary = ", ".join(
        f"{wording.words(row['class'])} {row['mistakes']} of {row['rows']}, "
        f"{row['unavoidable']} unavoidable"
        for row in rows
    )
    return to_svg(figure, name=name, title=f"Wrong answers per true class: {summary}")


@themed
def learning_curve(name: str, history: list[dict[str, Any]], metric: str, best: Any) -> Markup:
    """`loss` or `accuracy` per epoch, of training (grey) and of validation (accent).

    best: the epoch's record to ring.
    """
    figure, axes = new_axes(440, 260)
    sides = {"train": (MUTED, 1.5), "validation": (ACCENT, 2.25)}
    for side, (colour, width) in sides.items():
        _epoch_line(axes, history, f"{side}_{metric}", colour, width)
    place = (_number(best["epoch"]), _number(best.get(f"validation_{metric}")))
    axes.plot(*place, "o", markersize=12, markerfacecolor="none", color=ACCENT, linewidth=1.5)
    _epoch_axes(axes)
    if metric == "accuracy":
        _percent_axes(axes, "y")
    return to_svg(figure, name=name, title=_course(history, f"validation_{metric}", metric))


@themed
def epoch_curve(name: str, history: list[dict[str, Any]], key: str, label: str) -> Markup:
    """One number per epoch, from zero up; what spans decades, as learning rates do, in decades."""
    figure, axes = new_axes(300, 190)
    _epoch_line(axes, history, key, ACCENT, 2)
    _epoch_axes(axes)
    values = np.array([_number(row.get(key)) for row in history])
    known = values[np.isfinite(values)]
    if len(known) and known.min() > 0 and known.max() > 30 * known.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 1.08 * known.max(initial=0) or 1)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    if "accuracy" in key:
        _percent_axes(axes, "y")
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    return to_svg(figure, name=name, title=_course(history, key, label))


def _epoch_line(
    axes: Axes, history: list[dict[str, Any]], key: str, colour: str, width: float
) -> None:
    # A hundred dots are a worm.
    style = "o-" if len(history) <= 30 else "-"
    epochs = [_number(row["epoch"]) for row in history]
    values = [_number(row.get(key)) for row in history]
    axes.plot(epochs, values, style, color=colour, linewidth=width, markersize=1.8 * width)


def _epoch_axes(axes: Axes) -> None:
    axes.set(xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.grid(True, axis="y")


def _course(history: list[dict[str, Any]], key: str, label: str) -> str:
    first, last = (wording.decimal(row.get(key)) for row in (history[0], history[-1]))
    return (
        f"{wording.words(label)} over {wording.counted(len(history), 'epoch')}; "
        f"{wording.words(key).lower()} goes from {first} to {last}"
    )


@themed
def search_progress(name: str, search: dict[str, Any]) -> Markup:
    """Every trial's objective, and the best so far as a step line; less is better."""
    figure, axes = new_axes(440, 260)
    trials = search["trials"]
    numbers = np.array([trial["number"] for trial in trials], float)
    values = np.array([_number(trial["objective"]) for trial in trials])
    done = np.isfinite(values)
    axes.axhline(_number(search["baseline"]), color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    axes.scatter(numbers[done], values[done], s=22, color=MUTED)
    axes.plot(
        numbers[~done],
        np.full((~done).sum(), 0.03),
        "x",
        color=MUTED,
        markersize=6,
        transform=axes.get_xaxis_transform(),
    )
    axes.step(
        numbers[done], np.minimum.accumulate(values[done]), where="post", color=ACCENT, linewidth=2
    )
    axes.set(xlabel="trial")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.grid(True, axis="y")
    return to_svg(
        figure,
        name=name,
        title=f"{wording.counted(len(trials), 'trial')}; the best {search['objective']} is "
        f"{wording.decimal(search['best'], 4)}, before the search "
        f"{wording.decimal(search['baseline'], 4)}",
    )


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
    lengths = np.nan_to_num([_number(value) for value in values])
    longest = max(lengths.max(initial=0), 1e-9)
    _bare(axes, (0, longest * 1.22), (len(keys) - 0.4, -0.6))
    axes.barh(rows, lengths, height=0.55, color=ACCENT)
    for row, (length, label) in enumerate(zip(lengths, labels, strict=True)):
        axes.text(length + longest * 0.015, row, label, va="center")
    axes.set_yticks(rows, [wording.words(key) for key in keys], color=INK)
    axes.yaxis.set_visible(True)
    return to_svg(figure, name=name, title=title)


def _bare(axes: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    """No frame and no ticks: the marks carry their own labels."""
    axes.set(xlim=xlim, ylim=ylim)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)


def _percent_axes(axes: Axes, which: str) -> None:
    for axis in which:
        getattr(axes, f"{axis}axis").set_major_formatter(PercentFormatter(1, decimals=0))


def _interval(target: dict[str, Any]) -> tuple[float, float]:
    """The interval of a known reach; without one, the reach itself."""
    low, high = (_number(end) for end in target["reach_interval"] or (None, None))
    if np.isnan(low) or np.isnan(high):
        low = high = _number(target["reach"])
    return low, high


def _number(value: float | None) -> float:
    """None becomes NaN, which matplotlib leaves out."""
    return float("nan") if value is None else float(value)
