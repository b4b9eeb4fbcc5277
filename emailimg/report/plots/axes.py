"""What the plots' axes have in common: no frame, percentages, a gap for a missing value."""

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter


def bare(axes: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    """No frame and no ticks: the marks carry their own labels."""
    axes.set(xlim=xlim, ylim=ylim)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)


def in_percent(axes: Axes, which: str) -> None:
    for axis in which:
        getattr(axes, f"{axis}axis").set_major_formatter(PercentFormatter(1, decimals=0))


def number(value: float | None) -> float:
    """None becomes NaN, which matplotlib leaves out."""
    return float("nan") if value is None else float(value)
