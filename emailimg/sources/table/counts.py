"""Counts of emails: sent, delivered, opens, ..., and which of them is a share of which.

A count that is not there is NaN, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from emailimg.sources.table.columns import COUNTS
from emailimg.sources.table.problems import Problems

SUCCESSES = {
    "open_rate": "opens",
    "click_to_open_rate": "clicks",
    "conversion_rate": "conversions",
    "purchase_rate": "purchases",
    "unsubscribe_rate": "unsubscribes",
    "bounce_rate": "bounces",
}
TRIALS = dict.fromkeys(SUCCESSES, "delivered") | {
    "click_to_open_rate": "opens",
    "bounce_rate": "sent",
}
_MOST = 10**12  # emails; more is a slip, and beyond what the label columns hold
_SUBSETS_OF_SENT = ("delivered", "bounces")


@dataclass(frozen=True)
class Count:
    """A count per row.

    name: for people, in the table's own words: `delivered`, or `sent - bounces`.
    values: float64 (N,), NaN where unknown. uses: our names of the columns behind it.
    """

    name: str
    values: pd.Series
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """The labels of one target: k successes of n.

    told_by: for people, the columns behind it: `opens of delivered`. how: `k of n`, `0 or 1`, ...
    k, n: float64 (N,), both 0 where not observed. uses: our names of the columns behind it.
    """

    told_by: str
    how: str
    k: pd.Series
    n: pd.Series
    uses: tuple[str, ...]

    @property
    def known(self) -> int:
        """In how many rows it was observed."""
        return int((self.n > 0).sum())

    @property
    def shares(self) -> pd.Series:
        """k / n, float64 (N,), NaN where not observed."""
        return (self.k / self.n).where(self.n > 0)


def label(told_by: str, how: str, k: pd.Series, n: pd.Series, uses: tuple[str, ...]) -> Label:
    """A label from successes and trials (N,) that may be NaN: not observed where either is."""
    observed = k.notna() & (n > 0)
    return Label(told_by, how, k.where(observed, 0.0), n.where(observed, 0.0), uses)


def label_of(part: Count, whole: Count, problems: Problems) -> Label:
    """`part` of `whole` as k of n."""
    check_at_most(part, whole, problems)
    told_by = f"{part.name} of {whole.name}"
    return label(told_by, "k of n", part.values, whole.values, (*part.uses, *whole.uses))


def read(cells: pd.DataFrame, theirs: Mapping[str, str], problems: Problems) -> dict[str, Count]:
    """The counts of a table by our names; `delivered` also where sent and bounces tell it.

    cells: text under our names; theirs: our names to the table's.
    """
    counts = {
        name: Count(theirs[name], whole_numbers(cells[name], theirs[name], problems), (name,))
        for name in COUNTS
        if name in cells
    }
    for part in _SUBSETS_OF_SENT:
        if part in counts and "sent" in counts:
            check_at_most(counts[part], counts["sent"], problems)
    _check_sum(counts, problems)
    delivered = _delivered(counts)
    return counts | {"delivered": delivered} if delivered else counts


def _check_sum(counts: Mapping[str, Count], problems: Problems) -> None:
    """What was sent has bounced or was delivered, and not both."""
    if not {"sent", "bounces", "delivered"} <= counts.keys():
        return
    sent, bounces, delivered = (counts[name] for name in ("sent", "bounces", "delivered"))
    parts = f"{bounces.name} + {delivered.name}"
    problems.add_rows(
        f"more {parts} than {sent.name}",
        bounces.values + delivered.values > sent.values,
        {count.name: count.values for count in (bounces, delivered, sent)},
        f"{parts} <= {sent.name}",
    )


def whole_numbers(cells: pd.Series, name: str, problems: Problems) -> pd.Series:
    """float64 (N,), NaN where a cell is empty or, which is a problem, holds no count."""
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    good = values.between(0, _MOST) & (values % 1 == 0)
    problems.add_rows(
        f"{name} is no count",
        cells.notna() & ~good,
        {name: cells},
        f"whole numbers from 0 to {_MOST:,}, or empty",
    )
    return values.where(good)


def check_at_most(part: Count, whole: Count, problems: Problems) -> None:
    problems.add_rows(
        f"more {part.name} than {whole.name}",
        part.values > whole.values,
        {part.name: part.values, whole.name: whole.values},
        f"{part.name} <= {whole.name}",
    )


def _delivered(counts: Mapping[str, Count]) -> Count | None:
    """What was delivered, row by row from the best that is known of it; None without any."""
    known = [counts[name] for name in ("delivered", "sent") if name in counts]
    if "sent" in counts and "bounces" in counts:
        sent, bounces = counts["sent"], counts["bounces"]
        left = (sent.values - bounces.values).where(bounces.values <= sent.values)
        name = f"{sent.name} - {bounces.name}"
        known.insert(-1, Count(name, left, (*sent.uses, *bounces.uses)))
    known = [count for count in known if count.values.notna().any()]
    if not known:
        return None
    values, behind = known[0].values, known[:1]
    for count in known[1:]:
        if (values.isna() & count.values.notna()).any():
            values = values.fillna(count.values)
            behind.append(count)
    uses = tuple(name for count in behind for name in count.uses)
    return Count(" or ".join(count.name for count in behind), values, uses)
