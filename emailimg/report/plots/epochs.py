"""The encoder's training, epoch by epoch."""

from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from emailimg.report import wording
from emailimg.report.plots.axes import in_percent, number
from emailimg.report.svg import ACCENT, MUTED, new_axes, themed, to_svg


@themed
def learning_curve(name: str, history: list[dict[str, Any]], metric: str, best: Any) -> Markup:
    """`loss` or `accuracy` per epoch, of training (grey) and of validation (accent).

    best: the epoch's record to ring.
    """
    figure, axes = new_axes(440, 260)
    sides = {"train": (MUTED, 1.5), "validation": (ACCENT, 2.25)}
    for side, (colour, width) in sides.items():
        _epoch_line(axes, history, f"{side}_{metric}", colour, width)
    place = (number(best["epoch"]), number(best.get(f"validation_{metric}")))
    axes.plot(*place, "o", markersize=12, markerfacecolor="none", color=ACCENT, linewidth=1.5)
    _epoch_axes(axes)
    if metric == "accuracy":
        in_percent(axes, "y")
    return to_svg(figure, name=name, title=_course(history, f"validation_{metric}", metric))


@themed
def epoch_curve(name: str, history: list[dict[str, Any]], key: str, label: str) -> Markup:
    """One number per epoch, from zero up; what spans decades, as learning rates do, in decades."""
    figure, axes = new_axes(300, 190)
    _epoch_line(axes, history, key, ACCENT, 2)
    _epoch_axes(axes)
    values = np.array([number(row.get(key)) for row in history])
    known = values[np.isfinite(values)]
    if len(known) and known.min() > 0 and known.max() > 30 * known.min():
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 1.08 * known.max(initial=0) or 1)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    if "accuracy" in key:
        in_percent(axes, "y")
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    return to_svg(figure, name=name, title=_course(history, key, label))


def _epoch_line(
    axes: Axes, history: list[dict[str, Any]], key: str, colour: str, width: float
) -> None:
    # A hundred dots are a worm.
    style = "o-" if len(history) <= 30 else "-"
    epochs = [number(row["epoch"]) for row in history]
    values = [number(row.get(key)) for row in history]
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
