"""Answers as pieces of HTML that hold their own pictures and style, for a notebook to show."""

import base64

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from emailimg import taxonomy
from emailimg.answers import Alternate, Explanation, Recommendation, Score
from emailimg.heat_colours import overlay
from emailimg.report import bars, pictures, templates, wording


def picture(pixels: np.ndarray, caption: str) -> Markup:
    """uint8 (H, W, 3) RGB, with a line of text below."""
    return _piece("picture", pixels, caption)


def verdict(score: Score) -> Markup:
    """The target's probability with its interval, what was asked, and whether to believe it.

    Of one target; at `all` there is a line per target.
    """
    return _piece("verdict", score)


def edits(answer: Recommendation) -> Markup:
    """The edits as cards, best first."""
    return _piece("edits", answer)


def alternates(answer: Recommendation) -> Markup:
    """The catalogue's images as cards, best first."""
    return _piece("alternates", answer)


def why(explanation: Explanation) -> Markup:
    """The contributions as bars, beside the upload with its heat map."""
    return _piece("why", explanation)


def notice(lead: str, message: str) -> Markup:
    """What went wrong, in words."""
    return _piece("notice", lead, message)


def _piece(name: str, *values: object) -> Markup:
    """A macro of the template, called, with the style that it needs."""
    template = _environment().get_template("answer.html.jinja")
    return Markup(getattr(template.module, name)(*values))


def _environment() -> Environment:
    environment = templates.environment("serve_app")
    environment.globals.update(bars=bars, overlay=overlay, pictures=pictures, jpeg_uri=_jpeg_uri)
    environment.globals.update(facts=_facts, lower_is_better=taxonomy.LOWER_IS_BETTER)
    environment.filters["css_share"] = "{:.2%}".format
    environment.filters["certainty"] = _certainty
    return environment


def _jpeg_uri(encoded: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(encoded).decode("ascii")


def _certainty(share: float) -> str:
    """A model is never altogether sure."""
    return ">99%" if share > 0.99 else wording.percent(share, 0)


def _facts(alternate: Alternate) -> str:
    """What is known of a catalogue image that its name does not say already."""
    known = alternate.make, alternate.vehicle_type, alternate.year
    name = alternate.class_name or ""
    return ", ".join(str(fact) for fact in known if fact and str(fact) not in name)
