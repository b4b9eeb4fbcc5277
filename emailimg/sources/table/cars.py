"""Cars of a table: class ids that wrapped around, and what the class names say.

The report's public table keeps class ids as 8-bit numbers, so that 128 to 196 became -128 to -60,
and took each class name from the list of names by that negative number, from its wrong end.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emailimg.sources import car_names
from emailimg.sources.table.columns import CLASS_ID
from emailimg.sources.table.problems import Problems, count_rows

_DESCRIPTION = ("class_name", "make", "model", "vehicle_type", "year")
_LISTED = f"{', '.join(_DESCRIPTION[:-1])} and {_DESCRIPTION[-1]}"
_WRAP = 256


def check_class_ids(
    cells: pd.DataFrame, theirs: Mapping[str, str], repair: bool, problems: Problems
) -> tuple[pd.DataFrame, list[str]]:
    """The cells, and a note, with the cars of negative class ids repaired if that is wanted.

    cells: text under our names, which may lack class ids. Negative ids are a problem otherwise.
    Positive ids are left alone: they may be the user's own.
    """
    if CLASS_ID not in cells:
        return cells, ["nothing to repair, the table has no class ids"] if repair else []
    name, written = theirs[CLASS_ID], cells[CLASS_ID]
    ids = pd.to_numeric(written, errors="coerce").astype("float64")
    whole = (ids % 1 == 0) & np.isfinite(ids)
    problems.add_rows(
        f"{name} is no class id",
        written.notna() & ~whole,
        {name: written},
        "whole numbers; for names of classes source.columns: {" + f"{name}: class_name" + "}",
    )
    if not (ids < 0).any():
        return cells, [f"nothing to repair, no {name} is negative"] if repair else []
    if not repair:
        _refuse_negative(name, ids, cells, problems)
        return cells, []
    return _repair(name, ids.where(whole), cells, problems)


def _refuse_negative(name: str, ids: pd.Series, cells: pd.DataFrame, problems: Problems) -> None:
    shown = {name: cells[CLASS_ID]}
    if "class_name" in cells:
        shown["class_name"] = cells["class_name"]
    problems.add_rows(
        f"{name} is negative: ids from 128 have wrapped around, and a class name that was looked "
        "up by such an id names the wrong car",
        ids < 0,
        shown,
        f"ids from 1; source.repair_class_ids: true adds {_WRAP} and takes {_LISTED} from the "
        "Stanford Cars class of that id",
    )


def _repair(
    name: str, ids: pd.Series, cells: pd.DataFrame, problems: Problems
) -> tuple[pd.DataFrame, list[str]]:
    wrapped = ids < 0
    repaired = ids.where(~wrapped, ids + _WRAP)
    known = repaired.between(1, len(car_names.CLASS_NAMES))
    problems.add_rows(
        f"{name} is no class of Stanford Cars after its repair",
        repaired.notna() & ~known,
        {name: cells[CLASS_ID]},
        f"1 to {len(car_names.CLASS_NAMES)}, or that less {_WRAP}",
    )
    wrong = wrapped & known
    classes = [car_names.CLASS_NAMES[int(number) - 1] for number in repaired[wrong]]
    right = _read_names(pd.Series(classes, index=ids.index[wrong], dtype=object))
    described = {
        column: _column(cells, column).where(~wrong, right[column]) for column in _DESCRIPTION
    }
    return cells.assign(**described), [
        f"{count_rows(int(wrong.sum()))} with a negative {name}: {_WRAP} added; {_LISTED} "
        "taken from the Stanford Cars class of that id"
    ]


def fill_from_names(cells: pd.DataFrame) -> pd.DataFrame:
    """Make, model, vehicle type and year from the class name, where the table has none."""
    if "class_name" not in cells:
        return cells
    read = _read_names(cells["class_name"]).drop(columns="class_name")
    own = {str(name): _column(cells, str(name)) for name in read}
    return cells.assign(
        **{name: known.where(known.notna(), read[name]) for name, known in own.items()}
    )


def _column(cells: pd.DataFrame, name: str) -> pd.Series:
    return cells[name] if name in cells else pd.Series(None, cells.index, dtype=object)


def _read_names(class_names: pd.Series) -> pd.DataFrame:
    """Class names (N,) and what they say, object (N, 5) of str or None."""
    read = {name: car_names.parse(name) for name in class_names.dropna().unique()}
    rows = [
        (name, *(_text(getattr(read[name], part)) for part in _DESCRIPTION[1:]))
        if isinstance(name, str)
        else (None,) * len(_DESCRIPTION)
        for name in class_names
    ]
    return pd.DataFrame(rows, class_names.index, list(_DESCRIPTION), dtype=object)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
