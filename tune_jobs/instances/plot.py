"""Hours against dollars: what was measured in colour, the report's rows in grey.

Down and left is better. What is under the limit of hours stands on the shaded side; the
recommended row has a ring. Machines without a price stand on a line of their own at the bottom.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from emailimg.report import wording
from tune_jobs import plot_style
from tune_jobs.instances import costs
from tune_jobs.instances.costs import Job, MeasuredCost, PublishedCost
from tune_jobs.plot_style import ACCENT, INK, MUTED, RULE

_GREY = "#9aa7b1"
_BOX_PX = 6.0
# Where a label may stand, the best place first: offset in points, and its alignment.
_PLACES = (
    ((8, 0), "left", "center"),
    ((-8, 0), "right", "center"),
    ((0, 8), "center", "bottom"),
    ((0, -8), "center", "top"),
    ((7, 7), "left", "bottom"),
    ((7, -7), "left", "top"),
    ((-7, 7), "right", "bottom"),
    ((-7, -7), "right", "top"),
    ((16, 16), "left", "bottom"),
    ((16, -16), "left", "top"),
)
# Share of a text's size that lies left of, or below, the point at which it is put.
_SHIFTS = {"left": 0.0, "bottom": 0.0, "center": 0.5, "right": 1.0, "top": 1.0}


@dataclass(frozen=True)
class Point:
    """A mark and its label; dollars: None where the price is unknown."""

    hours: float
    dollars: float | None
    label: str
    on_gpu: bool
    ours: bool
    best: bool = False


def draw(
    measured: Sequence[MeasuredCost],
    published: Sequence[PublishedCost],
    job: Job,
    under_hours: float,
) -> dict[str, bytes]:
    """The plot as `png` (1440 pixels wide) and as `svg`."""
    points = [*_published_points(published), *_measured_points(measured, under_hours)]
    with matplotlib.rc_context(plot_style.settings("instances")):
        figure = Figure(figsize=(9.6, 6.4), dpi=150)
        canvas = FigureCanvasAgg(figure)  # measures texts
        axes = figure.add_axes((0.075, 0.1, 0.9, 0.72))
        _frame(axes, points, under_hours)
        for point in points:
            _mark(axes, point)
        _connect(axes, measured)
        canvas.draw()
        _label_all(axes, points)
        _head(figure, job)
        return plot_style.files(figure)


def _measured_points(measured: Sequence[MeasuredCost], under_hours: float) -> list[Point]:
    best = costs.cheapest(measured, under_hours)
    return [
        Point(cost.hours, cost.cost.on_demand, _short(cost), cost.row.use_gpu, True, cost is best)
        for cost in measured
        if cost.hours is not None
    ]


def _published_points(published: Sequence[PublishedCost]) -> list[Point]:
    return [
        Point(cost.hours, cost.cost.on_demand, cost.label, cost.row.gpus > 0, False)
        for cost in published
        if cost.hours is not None and cost.cost.on_demand is not None
    ]


def _short(cost: MeasuredCost) -> str:
    """`c5.large, 2 x 1`: workers x threads; `p3.8xlarge, 4 GPUs`."""
    row = cost.row
    machines = f"{row.instances} x " if row.instances > 1 else ""
    if row.use_gpu:
        return f"{machines}{row.instance}, {wording.counted(row.workers, 'GPU')}"
    each = f" x {wording.counted(row.threads, 'thread')}" if row.threads > 1 else ""
    return f"{machines}{row.instance}, {wording.counted(row.workers, 'worker')}{each}"


def _frame(axes: Axes, points: Sequence[Point], under_hours: float) -> None:
    hours = [point.hours for point in points] + [under_hours]
    dollars = [point.dollars for point in points if point.dollars] or [1.0]
    axes.set(xscale="log", yscale="log", xlabel="hours of training", ylabel="dollars on demand")
    axes.set_xlim(min(hours) / 1.45, max(hours) * 1.8)
    strip = 3.2 if any(not point.dollars for point in points) else 1.6
    axes.set_ylim(min(dollars) / strip, max(dollars) * 1.5)
    axes.axvspan(axes.get_xlim()[0], under_hours, color=ACCENT, alpha=0.055, linewidth=0)
    axes.axvline(under_hours, color=ACCENT, linewidth=1, linestyle=(0, (4, 3)))
    limit = f"under {under_hours:g} {'hour' if under_hours == 1 else 'hours'}"
    axes.annotate(
        limit,
        (under_hours, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-6, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        color=ACCENT,
        fontweight="bold",
    )
    axes.grid(True, which="major")
    _ticks(axes)


def _ticks(axes: Axes) -> None:
    """1, 2 and 5 of each power of ten, as plain numbers."""
    for axis, form in ((axes.xaxis, "{:g}"), (axes.yaxis, "${:g}")):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=30))
        axis.set_major_formatter(FuncFormatter(lambda value, _, form=form: form.format(value)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_tick_params(which="minor", length=0)


def _mark(axes: Axes, point: Point) -> None:
    shape = "s" if point.on_gpu else "o"
    if not point.ours:
        axes.plot(
            *_place(axes, point),
            shape,
            markersize=6,
            markeredgewidth=1.3,
            color="white",
            markeredgecolor=_GREY,
        )
        return
    axes.plot(*_place(axes, point), shape, markersize=8, color=ACCENT, zorder=4)
    if point.best:
        axes.plot(
            *_place(axes, point),
            shape,
            markersize=15,
            markerfacecolor="none",
            markeredgewidth=1.8,
            markeredgecolor=ACCENT,
            zorder=4,
        )


def _place(axes: Axes, point: Point) -> tuple[list[float], list[float]]:
    """Data coordinates; without a price, on a line above the lower edge."""
    low, high = axes.get_ylim()
    bottom = low * math.exp(0.06 * math.log(high / low))
    return [point.hours], [point.dollars or bottom]


def _connect(axes: Axes, measured: Sequence[MeasuredCost]) -> None:
    """A thin line through the set-ups of one machine, and the line of those without a price."""
    machines: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
    for cost in measured:
        if cost.hours is not None and cost.cost.on_demand is not None:
            key = (cost.row.instance, cost.row.processor, cost.row.use_gpu)
            machines.setdefault(key, []).append((cost.hours, cost.cost.on_demand))
    for places in machines.values():
        axes.plot(*zip(*sorted(places), strict=True), color=ACCENT, linewidth=1, alpha=0.4)
    if any(cost.hours is not None and cost.cost.on_demand is None for cost in measured):
        _, [bottom] = _place(axes, Point(1.0, None, "", False, True))
        axes.axhline(bottom, color=RULE, linewidth=1, zorder=1)
        axes.annotate(
            "no price",
            (0, bottom),
            xycoords=("axes fraction", "data"),
            xytext=(6, 3),
            textcoords="offset points",
            ha="left",
            va="bottom",
            color=MUTED,
            fontsize=9,
        )


def _label_all(axes: Axes, points: Sequence[Point]) -> None:
    """Each label where it covers no mark, line or other label; ours first."""
    taken = [_mark_box(axes, point) for point in points]
    taken += [box for line in axes.lines for box in _boxes_along(line)]
    taken += [text.get_window_extent() for text in axes.texts]
    for point in sorted(points, key=lambda point: (not point.best, not point.ours)):
        label = _label(axes, point)
        size = np.array(label.get_window_extent().size)
        boxes = [_label_box(axes, point, place, size) for place in range(len(_PLACES))]
        # `min` keeps the first of equals, and the best places stand first.
        place = min(range(len(boxes)), key=lambda place: _crowding(axes, boxes[place], taken))
        _put(label, point, place)
        taken.append(boxes[place])


def _crowding(axes: Axes, box: Bbox, taken: Sequence[Bbox]) -> float:
    """Area of what a label there would cover, or that would be cut off."""
    inside = Bbox.intersection(box, axes.bbox)
    covered = [area for other in taken if (area := Bbox.intersection(box, other))]
    return _area(box) - (_area(inside) if inside else 0) + sum(_area(area) for area in covered)


def _area(box: Bbox) -> float:
    return float(box.width * box.height)


def _label(axes: Axes, point: Point) -> Annotation:
    [hours], [dollars] = _place(axes, point)
    return axes.annotate(
        point.label,
        (hours, dollars),
        xytext=(0, 0),
        textcoords="offset points",
        fontsize=9 if point.ours else 8.5,
        color=INK if point.ours else MUTED,
        fontweight="bold" if point.best else "normal",
        zorder=5,
    )


def _offset(point: Point, place: int) -> np.ndarray:
    """In points; clear of the ring of the best."""
    return np.array(_PLACES[place][0]) * (1.5 if point.best else 1.0)


def _put(label: Annotation, point: Point, place: int) -> None:
    _, across, along = _PLACES[place]
    label.set(position=_offset(point, place), ha=across, va=along)


def _label_box(axes: Axes, point: Point, place: int, size: np.ndarray) -> Bbox:
    """Where a label of that size (pixels) would stand."""
    _, across, along = _PLACES[place]
    shift = [_SHIFTS[across], _SHIFTS[along]]
    mark = axes.transData.transform([value for [value] in _place(axes, point)])
    corner = mark + _offset(point, place) * axes.figure.dpi / 72 - np.array(shift) * size
    return Bbox([corner, corner + size]).padded(1)


def _boxes_along(line: Line2D) -> list[Bbox]:
    """Small boxes that cover a line of two or more points."""
    ends = line.get_transform().transform(line.get_xydata())
    boxes = []
    for start, end in pairwise(ends):
        steps = max(1, int(np.hypot(*(end - start)) // _BOX_PX))
        for x, y in np.linspace(start, end, steps + 1):
            boxes.append(Bbox([[x - 2, y - 2], [x + 2, y + 2]]))
    return boxes


def _mark_box(axes: Axes, point: Point) -> Bbox:
    [hours], [dollars] = _place(axes, point)
    x, y = axes.transData.transform((hours, dollars))
    half = (18 if point.best else 9) if point.ours else 7
    return Bbox([[x - half, y - half], [x + half, y + half]])


def _head(figure: Figure, job: Job) -> None:
    figure.text(0.075, 0.945, "What a training costs", fontsize=15, fontweight="bold")
    what = f"{wording.count(job.images)} images x {job.epochs} epochs; down and left is better"
    figure.text(0.075, 0.905, what, color=MUTED)
    legend = figure.add_axes((0.075, 0.84, 0.9, 0.045))
    legend.set(xlim=(0, 100), ylim=(-1, 1))
    legend.axis("off")
    entries = (
        ("o", True, "measured on CPUs"),
        ("s", True, "measured on GPUs"),
        ("o", False, "the report's, CPUs"),
        ("s", False, "the report's, GPUs"),
    )
    for position, (shape, ours, text) in enumerate(entries):
        left = 0.8 + 21 * position
        face, edge = (ACCENT, ACCENT) if ours else ("white", _GREY)
        legend.plot(
            left,
            0,
            shape,
            markersize=8 if ours else 6,
            color=face,
            markeredgecolor=edge,
            markeredgewidth=1.3,
        )
        legend.text(left + 1.5, 0, text, va="center", color=INK if ours else MUTED, fontsize=9)
