"""A column named like a target: 0 or 1 for each image, or a share of its emails.

A share needs to know of how many: k = share times n. A table gives it with few digits, so that
0.23 of 17 is no whole number although 4 of 17 was meant.
"""

from decimal import Decimal

import numpy as np
import pandas as pd

from emailimg.sources.table.counts import Count, Label, label
from emailimg.sources.table.problems import Problems, count_rows

BINARY = "0 or 1"
# What to add to a table that has nothing to take a share of.
TRIALS_COLUMN = {
    "open_rate": "delivered (or sent)",
    "click_to_open_rate": "opens",
    "conversion_rate": "delivered (or sent)",
    "purchase_rate": "delivered (or sent)",
    "unsubscribe_rate": "delivered (or sent)",
    "bounce_rate": "sent",
}
_WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_ROUNDING = 1e-6  # of a share that has many digits


def read(
    name: str, target: str, cells: pd.Series, trials: Count | None, problems: Problems
) -> tuple[Label | None, list[str]]:
    """Labels of a column, and notes on how its shares were rounded; None where it is no label.

    name: the column's, in the table. cells: its text (N,). trials: of how many emails it is a
    share, None where nothing says so.
    """
    values = shares(name, cells, problems)
    cells = cells.where(values.notna())
    if is_binary(cells) and not _is_share_of(trials, name, target):
        return label(name, BINARY, values, values.notna().astype(float), (target,)), []
    if trials is None:
        _refuse_shares(name, target, cells, problems)
        return None, []
    how = f"share of {trials.name}, as k of n"
    k = (values * trials.values).round()
    notes = _rounding_notes(name, cells, values, trials, problems)
    return label(name, how, k, trials.values, (target, *trials.uses)), notes


def _is_share_of(trials: Count | None, name: str, target: str) -> bool:
    """Whether a column of only 0 and 1 is a share all the same.

    It is beside its own number of emails; and, when it is named a rate, beside that of several
    emails: nobody has bought anything in 1,000 emails says more than one email without a purchase.
    """
    if trials is None:
        return False
    several = bool((trials.values > 1).any())
    return trials.uses == (f"{target}_n",) or (several and "rate" in name.casefold())


def shares(name: str, cells: pd.Series, problems: Problems) -> pd.Series:
    """float64 (N,) in [0, 1], NaN where a cell is empty or, which is a problem, anything else."""
    values = numbers(cells)
    good = values.between(0, 1)
    problems.add_rows(
        f"{name} is neither 0 or 1 nor a share",
        cells.notna() & ~good,
        {name: cells},
        "0 or 1, true or false, yes or no, a share such as 0.23 or 23%, or empty; "
        "numbers of emails belong in a column named opens, clicks, conversions, ...",
    )
    return values.where(good)


def numbers(cells: pd.Series) -> pd.Series:
    """float64 (N,): 0.23 for `0.23` and `23%`, 1 for `yes`, NaN for all that is no number."""
    return pd.Series([_number(cell) for cell in cells], index=cells.index, dtype="float64")


def is_binary(cells: pd.Series) -> bool:
    """Whether all that is there is 0 or 1 in some spelling; `0%` and `100%` are shares."""
    written = cells.dropna()
    percent = any(cell.endswith("%") for cell in written)
    return bool(numbers(written).isin([0, 1]).all()) and not percent


def _number(cell: object) -> float:
    if not isinstance(cell, str):
        return np.nan
    if cell.casefold() in _WORDS:
        return _WORDS[cell.casefold()]
    try:
        number = float(cell.removesuffix("%"))
    except ValueError:
        return np.nan
    return number / 100 if cell.endswith("%") else number


def _refuse_shares(name: str, target: str, cells: pd.Series, problems: Problems) -> None:
    example = cells.dropna().iloc[0]
    problems.add(
        f"{name} holds shares such as {example}, and nothing says of how many emails; add a "
        f"column {TRIALS_COLUMN[target]} or {target}_n with the number for each image"
    )


def _rounding_notes(
    name: str, cells: pd.Series, shares: pd.Series, trials: Count, problems: Problems
) -> list[str]:
    notes = []
    n = trials.values.where(trials.values > 0)
    alone = int((shares.notna() & n.isna()).sum())
    if alone:
        notes.append(f"{count_rows(alone)} with {name} but without {trials.name}: not observed")
    k = (shares * n).round()
    missed = (k / n - shares).abs() > cells.map(_half_a_digit) + _ROUNDING
    rows = np.flatnonzero(missed)
    if len(rows):
        row = int(rows[0])
        notes.append(
            f"{count_rows(len(rows))} where {name} times {trials.name} is no whole number, "
            f"rounded; e.g. {problems.row_name(row)}: "
            f"{cells.iloc[row]} of {int(n.iloc[row])} -> {int(k.iloc[row])}"
        )
    return notes


def _half_a_digit(cell: object) -> float:
    """By how much a share may differ from the true one, from the number of its digits."""
    if not isinstance(cell, str) or cell.casefold() in _WORDS:
        return 0.0
    exponent = Decimal(cell.removesuffix("%")).as_tuple().exponent
    half = 0.5 * 10.0**exponent if isinstance(exponent, int) else 0.0
    return half / 100 if cell.endswith("%") else half
