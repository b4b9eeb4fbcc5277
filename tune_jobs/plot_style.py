"""How the jobs' plots look: the report's light colours on white, and the files they become."""

import io
from typing import Any

from matplotlib.figure import Figure

INK, MUTED, RULE, ACCENT = "#15212b", "#566573", "#d9e0e5", "#0b6b7a"

_LOOK = {
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # or `$1 ... $2` is a formula
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
}


def settings(name: str) -> Any:  # matplotlib's type lists every key
    """Matplotlib's settings for the plot of that name: the same data is the same file."""
    return _LOOK | {"svg.hashsalt": name}


def files(figure: Figure) -> dict[str, bytes]:
    """The figure as `png` and as `svg`; within `matplotlib.rc_context(settings(...))`."""
    return {kind: _saved(figure, kind) for kind in ("png", "svg")}


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, facecolor="white", metadata=metadata)
    return buffer.getvalue()
