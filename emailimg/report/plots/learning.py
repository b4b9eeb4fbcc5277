"""What more data brings: reach, or log-loss where no truth is known, over rows and over emails."""

from typing import Any

from markupsafe import Markup
from matplotlib.ticker import FixedLocator, NullLocator

from emailimg.report import wording
from emailimg.report.svg import ACCENT, MUTED, new_axes, themed, to_svg

LABELS = {"rows": "training rows", "trials_per_row": "emails per row"}


@themed
def plot(name: str, points: list[dict[str, Any]], across: str) -> Markup:
    """One target's curve; across: `rows` or `trials_per_row`, on a logarithmic axis."""
    figure, axes = new_axes(250, 170)
    known = all(not wording.is_missing(point["reach"]) for point in points)
    measure = "reach" if known else "log_loss"
    x, y = [point[across] for point in points], [point[measure] for point in points]
    axes.plot(x, y, "o-", color=ACCENT, markersize=5, linewidth=1.5)
    if known:
        axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_ylim(min(0.0, *y), 1.05)
        axes.yaxis.set_major_formatter(lambda share, _: wording.percent(share, 0))
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_spread_out(x)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: wording.count(value))
    axes.set(
        xlabel=LABELS[across], ylabel=wording.words(measure).lower().replace("log loss", "nats")
    )
    axes.grid(True, axis="y")
    said = wording.percent if known else wording.decimal
    steps = ", ".join(f"{wording.count(a)}: {said(b)}" for a, b in zip(x, y, strict=True))
    return to_svg(figure, name=name, title=f"{wording.words(measure)} by {LABELS[across]}: {steps}")


def _spread_out(values: list[float]) -> list[float]:
    """Every second one, the largest among them, so that their labels do not touch."""
    return values[::-1][::2] if len(values) > 4 else values
