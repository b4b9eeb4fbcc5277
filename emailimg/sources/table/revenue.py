"""Revenue per email: an event (0 or 1) as in the report, or an amount of money."""

import numpy as np
import pandas as pd

from emailimg.sources.table.columns import REVENUE_AMOUNT
from emailimg.sources.table.counts import Label, label
from emailimg.sources.table.problems import Problems
from emailimg.sources.table.rates import BINARY, is_binary, numbers

TARGET = "revenue_per_email"


def read(
    cells: pd.Series, name: str, meaning: str, success_above: float, problems: Problems
) -> tuple[Label, pd.Series | None]:
    """The label, and the amounts in units of currency, float64 (N,), where the column holds such.

    cells: text (N,). name: the column's, in the table. meaning: `revenue_per_email`, which may be
    either, or `revenue_per_email_amount`. An amount above `success_above` is 1 success of 1.
    """
    if meaning == TARGET and is_binary(cells):
        values = numbers(cells)
        return label(name, BINARY, values, values.notna().astype(float), (meaning,)), None
    amounts = _amounts(cells, name, problems)
    how = f"an amount per email; above {success_above:g} is a success"
    k = (amounts > success_above).astype(float).where(amounts.notna())
    n = amounts.notna().astype(float)
    return label(name, how, k, n, (meaning,)), amounts


def columns(cells: pd.DataFrame) -> list[str]:
    """Our names of the columns that may tell revenue."""
    return [name for name in (TARGET, REVENUE_AMOUNT) if name in cells]


def _amounts(cells: pd.Series, name: str, problems: Problems) -> pd.Series:
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    good = (values >= 0) & np.isfinite(values)
    problems.add_rows(
        f"{name} is no revenue",
        cells.notna() & ~good,
        {name: cells},
        "an amount per email from 0 such as 3.42, without a currency sign, or empty; "
        "or 0 and 1 (true and false, yes and no) in the whole column",
    )
    return values.where(good)
