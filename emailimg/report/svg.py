"""Matplotlib figures as inline SVG that takes its colours and its font from the page.

A plot is drawn with the stand-in colours below. In the finished SVG each becomes a CSS variable, so
that one drawing reads in light mode, in dark mode and on paper.
"""

import io
import re
import warnings

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#000001"  # text and the main marks
MUTED = "#000002"  # axis labels, references
RULE = "#000003"  # grid lines, outlines
ACCENT = "#000004"  # our model
ON_ACCENT = "#000005"  # text upon solid accent
PAPER = "#000006"  # behind text that must be read over lines

_CSS_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    ACCENT: "var(--accent)",
    ON_ACCENT: "var(--on-accent)",
    PAPER: "var(--paper)",
}

_LIGHT = {  # as in style.css
    "--ink": "#15212b",
    "--muted": "#566573",
    "--rule": "#d9e0e5",
    "--accent": "#0b6b7a",
    "--on-accent": "#ffffff",
    "--paper": "#ffffff",
}

# `rc_context` also works as a decorator: `@themed` functions draw with these settings, and leave
# matplotlib's global ones as they were.
themed = matplotlib.rc_context(
    {
        "svg.fonttype": "none",  # text stays text: selectable, searchable, in the reader's font
        "text.parse_math": False,  # a class may be called `$5 off`
        "font.size": 12,
        "text.color": INK,
        "axes.edgecolor": RULE,
        "axes.labelcolor": MUTED,
        "axes.labelsize": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
        "axes.axisbelow": True,
        "xtick.color": RULE,
        "ytick.color": RULE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "grid.color": RULE,
        "grid.linewidth": 0.75,
        "lines.solid_capstyle": "round",
    }
)


def new_figure(width_px: float, height_px: float) -> Figure:
    """A figure whose units are CSS pixels at its natural size: matplotlib's SVG has 72 an inch."""
    return Figure(figsize=(width_px / 72, height_px / 72), dpi=72, layout="constrained")


def new_axes(width_px: float, height_px: float) -> tuple[Figure, Axes]:
    figure = new_figure(width_px, height_px)
    return figure, figure.add_subplot()


def to_svg(figure: Figure, *, name: str, title: str) -> Markup:
    """The figure as an `<svg>` element.

    `name` is unique on the page, because identifiers inside the SVG are derived from it; `title`
    says what the plot shows, for those who do not see it.
    """
    label = escape(title)
    width, height = figure.get_size_inches() * 72
    return Markup(  # safe: matplotlib escapes the texts that it draws
        f'<svg class="plot" role="img" aria-label="{label}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="--natural-width: {width:.0f}px"><title>{label}</title>{_body(_draw(figure, name))}'
    )


def _draw(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # The browser has the glyphs that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def _body(drawing: str) -> str:
    """The inside of `<svg>` and its end tag, without addresses, ids and fonts of its own."""
    body = drawing.partition("</metadata>")[2]
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # figure_1, axes_1: the next plot has them too
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = body.replace("xlink:href", "href")
    for colour, variable in _CSS_VARIABLES.items():
        body = body.replace(colour, variable)
    return body


def standalone(svg: Markup) -> str:
    """The same drawing as a file of its own, in the page's light colours on white."""
    colours = "; ".join(f"{name}: {value}" for name, value in _LIGHT.items())
    return (
        str(svg)
        .replace(
            '<svg class="plot"',
            '<svg xmlns="http://www.w3.org/2000/svg" class="plot"',
            1,
        )
        .replace(
            'style="', f'style="{colours}; background: var(--paper); font-family: sans-serif; ', 1
        )
    )
