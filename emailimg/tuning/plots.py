"""Plots of a search as inline SVG: best so far, parallel coordinates, importance of parameters."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from emailimg.report import wording
from emailimg.report.plots import search as search_plots
from emailimg.report.svg import ACCENT, INK, MUTED, PAPER, RULE, new_axes, themed, to_svg
from emailimg.tuning import trials
from emailimg.tuning.space import Categorical, Space
from emailimg.tuning.trials import Trial

_AXIS_PX = 128
_BEST_SHARE = 0.25


def draw(
    space: Space, all_trials: Sequence[Trial], objective: str, importance: Mapping[str, float]
) -> dict[str, Markup]:
    """Every plot that can be drawn, by its file's name."""
    drawn = {
        "progress": progress("progress", all_trials, objective),
        "parallel": parallel_coordinates("parallel", space, all_trials, objective),
    }
    if importance:
        drawn["importance"] = importance_bars("importance", importance)
    return drawn


def progress(name: str, all_trials: Sequence[Trial], objective: str) -> Markup:
    """Every trial's value, and the best so far as a step line; less is better."""
    best = trials.best(list(all_trials))
    search = {
        "objective": objective,
        "baseline": all_trials[0].value,
        "best": None if best is None else best.value,
        "trials": [{"number": t.number, "objective": t.value} for t in all_trials],
    }
    return search_plots.progress(name, search)


@themed
def parallel_coordinates(
    name: str, space: Space, all_trials: Sequence[Trial], objective: str
) -> Markup:
    """A line per trial through its value of every parameter, on that parameter's own scale.

    The best is thick, the best quarter in the accent colour, the others grey.
    """
    known = sorted((t for t in all_trials if t.value is not None), key=lambda t: t.value or 0.0)
    figure, axes = new_axes(_AXIS_PX * (len(space) + 1), 340)
    values = np.array([trial.value for trial in known], float)
    low, high = values.min(), values.max()
    for rank, trial in reversed(list(enumerate(known))):
        line = [space[key].position(trial.params[key]) for key in space]
        line.append((values[rank] - low) / ((high - low) or 1.0))
        _line(axes, line, rank, len(known))
    for place, (key, parameter) in enumerate(space.items()):
        _axis(axes, place, key, _marks(parameter))
    ends = [(0.0, wording.decimal(low, 4)), (1.0, wording.decimal(high, 4))]
    _axis(axes, len(space), "objective", ends if high > low else ends[:1])
    axes.set(xlim=(-0.5, len(space) + 0.5), ylim=(-0.1, 1.24))
    axes.set_axis_off()
    return to_svg(
        figure,
        name=name,
        title=f"Parallel coordinates of {wording.counted(len(known), 'trial')} over "
        f"{wording.counted(len(space), 'parameter')} and the {objective}, less is better",
    )


def _line(axes: Axes, heights: Sequence[float], rank: int, count: int) -> None:
    good = rank < max(1, round(count * _BEST_SHARE))
    colour, alpha = (ACCENT, 0.75) if good else (MUTED, 0.3)
    places = range(len(heights))
    axes.plot(places, heights, color=colour, alpha=alpha, linewidth=1.2, zorder=2 + good)
    if rank == 0:
        axes.plot(places, heights, "o-", color=ACCENT, linewidth=3.2, zorder=4)


def _axis(axes: Axes, place: int, title: str, marks: Sequence[tuple[float, str]]) -> None:
    axes.plot([place, place], [0, 1], color=RULE, linewidth=1.5, zorder=1)
    section, _, key = title.rpartition(".")
    heading = f"{section}\n{wording.words(key)}" if section else wording.words(key)
    axes.text(place, 1.14, heading, ha="center", va="bottom", color=INK)
    for height, label in marks:
        # The ends stand outside, where no line crosses them.
        side = {0.0: ("top", -0.04), 1.0: ("bottom", 1.03)}.get(height, ("center", height))
        box = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
        axes.text(place, side[1], label, ha="center", va=side[0], color=MUTED, zorder=5, bbox=box)


def _marks(parameter: object) -> list[tuple[float, str]]:
    """What is written along an axis: the ends of a range, or every value."""
    if isinstance(parameter, Categorical):
        return [(parameter.position(v), wording.plain(v)) for v in parameter.values]
    low, high = parameter.ends()  # type: ignore[attr-defined]
    return [(0.0, wording.plain(low)), (1.0, wording.plain(high))]


@themed
def importance_bars(name: str, importance: Mapping[str, float]) -> Markup:
    """A bar per parameter, the most important on top."""
    figure, axes = new_axes(440, 16 + 26 * len(importance))
    rows = np.arange(len(importance))
    shares = np.array(list(importance.values()))
    axes.barh(rows, shares, height=0.55, color=ACCENT)
    for row, share in enumerate(shares):
        axes.text(share + 0.02 * shares.max(), row, wording.percent(share, 0), va="center")
    axes.set(xlim=(0, 1.15 * shares.max()), ylim=(len(importance) - 0.4, -0.6))
    axes.set_yticks(rows, list(importance), color=INK)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_visible(False)
    summary = ", ".join(f"{key} {wording.percent(share, 0)}" for key, share in importance.items())
    return to_svg(figure, name=name, title=f"Importance of the parameters: {summary}")
