"""Campaign types and industries beside each other: predicted and observed success, and reach."""

from typing import Any

import numpy as np
from markupsafe import Markup

from emailimg.report import wording
from emailimg.report.svg import ACCENT, INK, MUTED, new_axes, themed, to_svg

_ROW_PX = 20


@themed
def plot(name: str, target: dict[str, Any], context: str) -> Markup:
    """One line per value of a context: observed rate with two standard errors, predicted as a dot.

    context: `campaign_type` or `industry`.
    """
    groups = target["contexts"][context]
    figure, axes = new_axes(440, 56 + _ROW_PX * len(groups))
    rows = np.arange(len(groups))
    columns = ("observed", "standard_error", "predicted")
    observed, error, predicted = np.array([[g[key] for key in columns] for g in groups]).T
    axes.hlines(
        rows, observed - 2 * error, observed + 2 * error, color=MUTED, linewidth=5, alpha=0.5
    )
    axes.plot(observed, rows, "|", color=INK, markersize=11, markeredgewidth=1.5)
    axes.plot(predicted, rows, "o", color=ACCENT, markersize=6)
    axes.set_yticks(rows, [group["name"] for group in groups])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda share, _: wording.percent(share, 0))
    axes.grid(True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("success")
    _reaches(axes, groups)
    return to_svg(
        figure, name=name, title=f"Success by {wording.words(context)}: {_in_words(groups)}"
    )


def _reaches(axes: Any, groups: list[dict[str, Any]]) -> None:
    """Each group's reach at the right edge, where the truth is known."""
    if all(wording.is_missing(group["reach"]) for group in groups):
        return
    place = axes.get_yaxis_transform()
    axes.text(1.13, -0.9, "reach", transform=place, ha="right", va="bottom", color=MUTED)
    for row, group in enumerate(groups):
        text = wording.percent(group["reach"], 0)
        axes.text(1.13, row, text, transform=place, ha="right", va="center", color=INK)


def _in_words(groups: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{group['name']} observed {wording.percent(group['observed'], 0)}, "
        f"predicted {wording.percent(group['predicted'], 0)}"
        for group in groups
    )
