"""The options of `emailimg recommend` that say what to suggest, and the wishes that they make."""

import argparse
from typing import TYPE_CHECKING, Any

from emailimg.argument_types import share, whole_number

if TYPE_CHECKING:
    from emailimg.recommender import Wishes

MAX_SUGGESTIONS = 50  # of edits, and of alternates; in the service, too
_YEAR = whole_number(1, 9999)
# Options named as the wishes are; what is not given keeps the library's default.
_WISHES = ("k", "min_better", "similarity", "diversity")
_FILTERS = ("make", "year_from", "year_to")


def add(parser: argparse.ArgumentParser) -> None:
    """As the fields of `POST /v1/recommend`."""
    option = parser.add_argument_group("what to suggest").add_argument
    option("-k", type=whole_number(1, MAX_SUGGESTIONS), help="of each (default: 6)")
    option("--suggest", choices=("edits", "alternates"), help="only these (default: both)")
    option(
        "--min-better",
        type=share,
        metavar="P",
        help="the least probability with which each must be better (default: 0.8)",
    )
    option(
        "--only-vehicle-type",
        action="append",
        default=[],
        metavar="TYPE",
        help="alternates of this type only; may be repeated",
    )
    option("--make", metavar="NAME", help="alternates of this make only")
    option("--year-from", type=_YEAR, metavar="YEAR", help="alternates of this year or later only")
    option("--year-to", type=_YEAR, metavar="YEAR", help="or earlier only")
    option(
        "--similarity",
        type=share,
        metavar="S",
        help="how much likeness to the image counts beside the gain, 0 to 1 (default: 0)",
    )
    option(
        "--diversity",
        type=share,
        metavar="S",
        help="how much alternates should differ from each other, 0 to 1 (default: 0)",
    )


def wishes(options: argparse.Namespace) -> "Wishes":
    """What the options ask for; raises TaxonomyError or ConfigError (see `Filters`)."""
    from emailimg.recommender import Wishes
    from emailimg.shortlist import Filters

    wished = _given(options, _WISHES)
    if options.suggest is not None:
        wished["suggest"] = (options.suggest,)
    types = tuple(options.only_vehicle_type)
    return Wishes(filters=Filters(types, **_given(options, _FILTERS)), **wished)


def _given(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: getattr(options, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}
