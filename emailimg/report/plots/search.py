"""A search, trial by trial."""

from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from emailimg.report import wording
from emailimg.report.plots.axes import number
from emailimg.report.svg import ACCENT, MUTED, new_axes, themed, to_svg


@themed
def progress(name: str, search: dict[str, Any]) -> Markup:
    """Every trial's objective, and the best so far as a step line; less is better."""
    figure, axes = new_axes(440, 260)
    trials = search["trials"]
    numbers = np.array([trial["number"] for trial in trials], float)
    values = np.array([number(trial["objective"]) for trial in trials])
    done = np.isfinite(values)
    axes.axhline(number(search["baseline"]), color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
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
