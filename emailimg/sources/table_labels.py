"""Labels that a table already has: binary, or counts of successes and trials."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from emailimg import taxonomy
from emailimg.errors import SourceError


def parse(table: pd.DataFrame, location: str) -> pd.DataFrame:
    """A column named like a target is its binary label; `{target}_k`, `{target}_n` are counts."""
    for target in taxonomy.TARGETS:
        if target in table:
            table[f"{target}_k"] = table[target]
            table[f"{target}_n"] = table[target].notna().astype(float)
        counts = [f"{target}_{part}" for part in "kn" if f"{target}_{part}" in table]
        if len(counts) == 1:
            raise SourceError(
                f"table {location!r} has {counts[0]} alone; "
                f"give both {target}_k (successes) and {target}_n (sends)"
            )
        if counts:
            _check_counts(table, target, location)
    return table


def _check_counts(table: pd.DataFrame, target: str, location: str) -> None:
    successes = pd.to_numeric(table[f"{target}_k"], errors="coerce")
    trials = pd.to_numeric(table[f"{target}_n"], errors="coerce")
    trials = trials.where(table[f"{target}_n"].notna(), 0)
    successes = successes.where(trials > 0, 0)
    bad = ~((successes >= 0) & (successes <= trials) & (successes % 1 == 0) & (trials % 1 == 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SourceError(
            f"table {location!r}, row {row + 1}: {target} has {table[f'{target}_k'].iloc[row]} "
            f"successes of {trials.iloc[row]:g}; accepted: whole numbers, 0 <= k <= n (or 0 and 1)"
        )
    table[f"{target}_k"], table[f"{target}_n"] = successes, trials


def label_columns() -> Iterable[str]:
    return (f"{target}_{part}" for target in taxonomy.TARGETS for part in "kn")
