"""What the classifiers predict, per target: reach, log-loss and calibration."""

from typing import Any

import numpy as np
from markupsafe import Markup

from emailimg.report import wording
from emailimg.report.plots.axes import bare, in_percent, number
from emailimg.report.svg import ACCENT, INK, MUTED, RULE, new_axes, themed, to_svg


@themed
def reach_overview(name: str, targets: dict[str, dict[str, Any]]) -> Markup:
    """One bar per target on the scale from the base rate (0%) to the oracle (100%)."""
    known = {key: row for key, row in targets.items() if not wording.is_missing(row["reach"])}
    figure, axes = new_axes(440, 48 + 34 * len(known))
    rows = np.arange(len(known))
    lows, highs = zip(*(_interval(target) for target in known.values()), strict=True)
    low, high = min(0.0, *lows), max(1.0, *highs)
    bare(axes, (low, high + 0.16 * (high - low)), (len(known) - 0.4, -0.6))
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


def _interval(target: dict[str, Any]) -> tuple[float, float]:
    """The interval of a known reach; without one, the reach itself."""
    low, high = (number(end) for end in target["reach_interval"] or (None, None))
    if np.isnan(low) or np.isnan(high):
        low = high = number(target["reach"])
    return low, high


@themed
def log_loss_track(name: str, target: dict[str, Any]) -> Markup:
    """Base, ours and oracle on one log-loss axis; less is better, and better is to the right."""
    figure, axes = new_axes(250, 80)
    loss = {key: number(target["log_loss"][key]) for key in ("base", "ours", "oracle")}
    values = np.array([value for value in loss.values() if np.isfinite(value)] or [0.0])
    margin = 0.1 * (np.ptp(values) or 0.1)
    bare(axes, (values.max() + margin, values.min() - margin), (-1.3, 1.2))
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
    table = np.array([[number(bin_[key]) for key in columns] for bin_ in bins]).reshape(-1, 5)
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
    in_percent(axes, "xy")
    axes.grid(True)
    error = wording.percent(target["calibration"]["error"])
    return to_svg(
        figure,
        name=name,
        title=f"Calibration in {wording.counted(len(bins), 'bin')}: predicted against "
        f"observed success, mean gap {error}",
    )
