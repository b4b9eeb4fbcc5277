"""Jinja templates of pages: what they hold is text, and its numbers are worded as in the report."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from emailimg.report import wording

_WORDINGS = (
    wording.count,
    wording.counted,
    wording.decimal,
    wording.duration,
    wording.moment,
    wording.percent,
    wording.plain,
    wording.points,
    wording.words,
)


def environment(*packages: str) -> Environment:
    """Of the files beside these packages' code, the first package's before the others'.

    A filter is called as the function of `wording`; what is missing raises.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ".") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({worded.__name__: worded for worded in _WORDINGS})
    return environment
