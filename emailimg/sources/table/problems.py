"""Everything that is wrong with a table, gathered so that one message names it all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emailimg.errors import SourceError

_SHOWN = 3  # rows named per kind of problem


class Problems:
    """Gathers what is wrong with the table at `location`; `refuse` then raises one SourceError."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._found: list[str] = []
        self._files: pd.Series | None = None

    def name_rows_by(self, files: pd.Series) -> None:
        """The file name of each row (str or None), which problems then show beside its number."""
        self._files = files

    def add(self, problem: str) -> None:
        """A problem of the table as a whole."""
        self._found.append(problem)

    def add_rows(
        self, what: str, bad: pd.Series, shown: Mapping[str, pd.Series], accepted: str
    ) -> None:
        """A problem of some rows; none where no row is bad.

        bad: bool (N,). shown: the values that explain it, (N,) each, by their column's name.
        """
        rows = np.flatnonzero(bad.to_numpy(bool))
        if not len(rows):
            return
        lines = [f"{count_rows(len(rows))}: {what}; accepted: {accepted}"]
        for row in rows[:_SHOWN]:
            values = ", ".join(f"{name} = {_show(of.iloc[row])}" for name, of in shown.items())
            lines.append(f"    {self.row_name(int(row))}: {values}")
        if len(rows) > _SHOWN:
            lines.append(f"    and {len(rows) - _SHOWN} more")
        self._found.append("\n".join(lines))

    def row_name(self, row: int) -> str:
        """How people find a row that is counted from 0 here: `row 1, a.jpg`."""
        name = None if self._files is None else self._files.iloc[row]
        return f"row {row + 1}" + (f", {name}" if isinstance(name, str) else "")

    def refuse(self) -> None:
        """Raise SourceError with all that was found; nothing when there is nothing."""
        if self._found:
            problems = "\n".join(f"  - {problem}" for problem in self._found)
            raise SourceError(
                f"table {self._location!r} cannot be used "
                f"(rows are counted from 1, without the header):\n{problems}"
            )


def count_rows(rows: int) -> str:
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def _show(value: Any) -> str:
    """Cells as they are written in the table; numbers without needless digits."""
    if value is None or pd.isna(value):
        return "nothing"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.6g}"
    return repr(value)
