"""Which column of a table means what: the spellings that people use, and the user's own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from emailimg import taxonomy
from emailimg.sources.table.problems import Problems

FILE = "file"
CLASS_ID = "class_id"
IMAGE_ID = "image_id"
REVENUE_AMOUNT = "revenue_per_email_amount"
COUNTS = (
    "sent",
    "delivered",
    "opens",
    "clicks",
    "conversions",
    "purchases",
    "unsubscribes",
    "bounces",
)
# For `source.columns` alone: a column that would be understood, and should not be.
NOT_USED = "not_used"

# Beside our own names; compared without regard to case, blanks, underscores, hyphens and dots.
# Those of the report's Table 1 and of its published data are among them.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    FILE: (
        "relative_im_path",
        "relative_image_path",
        "relative_path",
        "im_path",
        "image_path",
        "image_file",
        "image_name",
        "image",
        "img",
        "file_name",
        "file_path",
        "fname",
        "path",
    ),
    "class_name": (),
    "make": ("manufacturer", "brand"),
    "model": (),
    "vehicle_type": ("type", "body", "body_type", "body_style"),
    "year": ("model_year",),
    "colour": ("color",),
    "time_of_day": (),
    "background": (),
    "campaign_type": ("campaign_types", "campain_type", "campain_types", "campaign"),
    "industry": ("industries", "industry_type", "industry_types"),
    CLASS_ID: ("class",),
    IMAGE_ID: ("id",),
    "open_rate": ("opened",),
    "click_to_open_rate": (
        "click_to_open",
        "click_through_open_rate",
        "click_through_to_open_rate",
        "ctor",
    ),
    "revenue_per_email": ("revenue_generated_per_email", "revenue_generate_per_email", "revenue"),
    "conversion_rate": ("conversion", "converted"),
    "purchase_rate": ("purchase", "purchased"),
    "unsubscribe_rate": ("unsubscribed",),
    "bounce_rate": ("bounced",),
    REVENUE_AMOUNT: ("revenue_amount", "amount_per_email"),
    "sent": ("sends", "emails_sent", "sent_count"),
    "delivered": ("emails_delivered", "delivered_count", "deliveries"),
    "opens": ("opened_count", "open_count", "unique_opens"),
    "clicks": ("clicked_count", "click_count", "unique_clicks"),
    "conversions": ("converted_count", "conversion_count"),
    "purchases": ("purchased_count", "purchase_count", "orders", "order_count"),
    "unsubscribes": ("unsubscribed_count", "unsubscribe_count", "unsubs"),
    "bounces": ("bounced_count", "bounce_count"),
    **{f"{target}_{part}": () for target in taxonomy.TARGETS for part in "kn"},
}

# The names that `source.columns` accepts on its right side.
MEANINGS = (*_SPELLINGS, NOT_USED)


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", name).casefold()


_MEANING_OF = {
    _plain(spelling): meaning
    for meaning, spellings in _SPELLINGS.items()
    for spelling in (meaning, *spellings)
}


@dataclass(frozen=True)
class Columns:
    """What the columns of a table mean.

    theirs: the table's own column name for each of our names that it has.
    names: all columns, in the table's order.
    """

    theirs: dict[str, str]
    names: tuple[str, ...]

    def rename(self, cells: pd.DataFrame) -> pd.DataFrame:
        """The columns that mean something, by our names."""
        chosen = cells[list(self.theirs.values())]
        return chosen.set_axis(list(self.theirs), axis="columns")

    def mapping(self, lines: Iterable[tuple[str, str]], told: Iterable[str]) -> list[str]:
        """What became of each column, for people, aligned.

        lines: (columns of the table, what they are taken for). told: our names of those columns;
        all others are said not to be used.
        """
        used = {self.theirs[name] for name in told if name in self.theirs}
        left_over = [(name, "not used") for name in self.names if name not in used]
        everything = [*lines, *left_over]
        width = max(len(left) for left, _ in everything)
        return [f"  {left:{width}} -> {right}" for left, right in everything]


def meaning_of(name: str) -> str | None:
    """Our name for a column; None for one that means nothing here."""
    return _MEANING_OF.get(_plain(name))


def choose(names: Sequence[str], wanted: Mapping[str, str], problems: Problems) -> Columns:
    """Which column is taken for what; two of one meaning and a missing file name are problems.

    wanted: `source.columns`, the table's names to ours. A column named there goes before one
    that is merely spelled alike.
    """
    explicit = _explicit(names, wanted, problems)
    claims: dict[str, list[str]] = {}
    for name in names:
        meaning = explicit.get(name) or meaning_of(name)
        if meaning is not None and (name in explicit or meaning not in explicit.values()):
            claims.setdefault(meaning, []).append(name)
    claims.pop(NOT_USED, None)
    for meaning, columns in claims.items():
        if len(columns) > 1:
            problems.add(
                f"several columns for {meaning}: {', '.join(columns)}; say which one with "
                f"source.columns: {{{columns[0]}: {meaning}}}"
            )
    if FILE not in claims:
        problems.add(_no_file_names(names))
    return Columns({meaning: columns[0] for meaning, columns in claims.items()}, tuple(names))


def _explicit(
    names: Sequence[str], wanted: Mapping[str, str], problems: Problems
) -> dict[str, str]:
    """The usable part of `source.columns`, its meanings in our spelling."""
    usable = {}
    for theirs, ours in wanted.items():
        meaning = NOT_USED if ours == NOT_USED else meaning_of(ours)
        if theirs not in names:
            problems.add(
                f"source.columns names {theirs!r}, which the table does not have; "
                f"its columns: {', '.join(names)}"
            )
        elif meaning is None:
            problems.add(
                f"source.columns takes {theirs!r} for {ours!r}, which means nothing here; "
                f"accepted: {', '.join(MEANINGS)}"
            )
        else:
            usable[theirs] = meaning
    return usable


def _no_file_names(names: Sequence[str]) -> str:
    return (
        f"no column of file names; accepted: {', '.join((FILE, *_SPELLINGS[FILE]))}; "
        f"found: {', '.join(names)}. Another name is understood with "
        f"source.columns: {{{names[0]}: {FILE}}}"
    )
