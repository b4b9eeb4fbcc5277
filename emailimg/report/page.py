"""Fills the template: its data, and the plots and words that it calls."""

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment

from emailimg.heat_colours import overlay
from emailimg.report import bars, blame, pictures, plots, templates, training, wording
from emailimg.report.items import Candidate, Demonstration, GalleryItem, Mistake
from emailimg.report.verdict import against_anchors, reach_span, verdict


def render_report(
    scorecard: dict[str, Any],
    gallery: list[GalleryItem],
    demonstrations: list[Demonstration],
    mistakes: Sequence[Mistake] = (),
) -> str:
    """The HTML page of a scorecard (the content of report/scorecard.json) and its pictures."""
    template = _environment().get_template("template.html.jinja")
    return template.render(
        scorecard=scorecard,
        gallery=gallery,
        demonstrations=demonstrations,
        mistakes=mistakes,
        verdict=verdict(scorecard),
        settings=flatten(scorecard["config"]),
    )


def flatten(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """`{"a": {"b": 1}}` -> `[("a.b", 1)]`, the notation of the command line's assignments."""
    rows: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, dict):
            rows += flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def signed_change(candidate: Candidate, demonstration: Demonstration) -> float:
    """How the probability moves; for a target that should be low, an improvement is negative."""
    return -candidate.gain if demonstration.lower_is_better else candidate.gain


def _environment() -> Environment:
    environment = templates.environment("emailimg.report")
    environment.globals.update(
        bars=bars,
        blame=blame,
        overlay=overlay,
        plots=plots,
        pictures=pictures,
        training=training,
        wording=wording,
        against_anchors=against_anchors,
        reach_span=reach_span,
        signed_change=signed_change,
    )
    environment.filters["css_share"] = _css_share
    return environment


def _css_share(share: float | None) -> str:
    """A probability as a CSS percentage within its bar; what is missing draws nothing."""
    if share is None or wording.is_missing(share):
        return "0%"
    return f"{min(max(share, 0.0), 1.0):.2%}"
