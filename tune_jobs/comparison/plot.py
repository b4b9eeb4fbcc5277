"""Two panels: accuracy against rows with the spread over the folds, and seconds against rows."""

from collections.abc import Callable, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from emailimg.report import wording
from tune_jobs import plot_style
from tune_jobs.comparison import measurement
from tune_jobs.comparison.measurement import Measurement, Measurements
from tune_jobs.comparison.models import MODELS
from tune_jobs.plot_style import ACCENT, MUTED

# XGBoost's two in one colour; told apart by hue, mark and dash.
_LOOKS = {
    "xgboost": (ACCENT, "o", "-"),
    "xgboost_ray": (ACCENT, "D", (0, (4, 2))),
    "gradient_boosting": ("#c2410c", "s", "-"),
    "histogram_boosting": ("#d99a1c", "^", "-"),
    "random_forest": ("#4d7c3a", "v", "-"),
    "logistic_regression": ("#7d8b96", "X", "-"),
}


def draw(found: Measurements) -> dict[str, bytes]:
    """The plot as `png` (1560 pixels wide) and as `svg`."""
    with matplotlib.rc_context(plot_style.settings("comparison")):
        figure = Figure(figsize=(10.4, 5.2), dpi=150)
        FigureCanvasAgg(figure)
        left = figure.add_axes((0.065, 0.115, 0.415, 0.64))
        right = figure.add_axes((0.555, 0.115, 0.415, 0.64))
        _accuracy(left, found)
        _seconds(right, found)
        _head(figure, left, found)
        return plot_style.files(figure)


def _accuracy(axes: Axes, found: Measurements) -> None:
    _curves(axes, found, measurement.accuracy)
    axes.set_title("accuracy: mean, and lowest to highest fold", pad=10)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g}%"))
    _frame(axes, found)


def _seconds(axes: Axes, found: Measurements) -> None:
    axes.set_yscale("log")
    _curves(axes, found, measurement.seconds)
    axes.set_title("seconds to train on one fold", pad=10)
    axes.yaxis.set_major_locator(LogLocator(numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="minor", length=0)
    _frame(axes, found)


def _curves(
    axes: Axes,
    found: Measurements,
    summary: Callable[[Sequence[Measurement]], tuple[float, float, float]],
) -> None:
    """A model's middle over the folds as a line, from its lowest to its highest as a band."""
    for name in (name for name in MODELS if found.row_counts(name)):
        counts = found.row_counts(name)
        folds = [summary(found.folds(name, count)) for count in counts]
        middles, lows, highs = (list(values) for values in zip(*folds, strict=True))
        _line(axes, name, counts, middles)
        axes.fill_between(counts, lows, highs, color=_LOOKS[name][0], alpha=0.11, linewidth=0)


def _line(axes: Axes, name: str, counts: Sequence[int], values: Sequence[float]) -> None:
    colour, mark, dash = _LOOKS[name]
    # What lies under XGBoost's line is seen around its marks.
    size, order = (7.5, 3) if name == "xgboost_ray" else (5.5, 4)
    axes.plot(
        counts,
        values,
        color=colour,
        marker=mark,
        linestyle=dash,
        linewidth=1.8,
        markersize=size,
        markerfacecolor="white" if name == "xgboost_ray" else colour,
        markeredgecolor=colour if name == "xgboost_ray" else "white",
        markeredgewidth=1.3 if name == "xgboost_ray" else 0.6,
        zorder=order,
        label=MODELS[name].title,
    )


def _frame(axes: Axes, found: Measurements) -> None:
    counts = sorted({row.rows for row in found.rows})
    axes.set_xscale("log")
    axes.set_xticks(counts, [wording.count(count) for count in counts])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_xlabel("rows, of which a fold trains on all but its own part")
    axes.grid(True, which="major", axis="y")


def _head(figure: Figure, axes: Axes, found: Measurements) -> None:
    setup = found.setup
    figure.text(
        0.065, 0.94, "XGBoost beside scikit-learn's classifiers", fontsize=15, fontweight="bold"
    )
    what = (
        f"make_classification with {setup['features']} features, {setup['folds']}-fold "
        f"cross-validation, {wording.counted(setup['threads'], 'thread')} "
        "(gradient boosting knows one)"
    )
    figure.text(0.065, 0.9, what, color=MUTED)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="upper left",
        bbox_to_anchor=(0.055, 0.885),
        ncols=6,
        frameon=False,
        fontsize=8.8,
        columnspacing=1.2,
        handlelength=1.8,
    )
