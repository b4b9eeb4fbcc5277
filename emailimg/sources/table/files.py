"""Which file each row of a table is about."""

from collections.abc import Mapping, Sequence

import pandas as pd

from emailimg import storage
from emailimg.sources.table.columns import FILE
from emailimg.sources.table.problems import Problems, count_rows

_SHOWN = 3


def locate(
    table: pd.DataFrame,
    theirs: Mapping[str, str],
    files: Sequence[str],
    folder: str,
    problems: Problems,
) -> tuple[pd.Series, list[str]]:
    """The location of each row's file, and notes on rows and images that found no partner.

    table: text under our names. theirs: our names to the table's. files: locations of the folder's
    images. Names are below the folder; only if none of them is, and if that leaves no doubt, the
    folders in them are ignored. Empty, repeated and, taken together, unknown names are problems.
    """
    if FILE not in table:  # a problem by now
        return pd.Series("", table.index, dtype=object), []
    cells, name = table[FILE], theirs[FILE]
    base = storage.absolute(folder)
    problems.add_rows(f"{name} is empty", cells.isna(), {name: cells}, "a file name in each row")
    names = cells.fillna("").map(lambda cell: _below(base, cell))
    locations = names.map(lambda below: storage.join(base, below))
    notes = []
    if not locations.isin(files).any():
        by_base_name = _match_base_names(names, files)
        if by_base_name is None:
            _refuse_strangers(name, cells, files, base, problems)
        else:
            locations = by_base_name.fillna(locations)
            notes.append(
                f"{name} matches files by their last part: "
                f"{cells[by_base_name.notna()].iloc[0]} is {by_base_name.dropna().iloc[0]}"
            )
    twice = locations.duplicated(keep=False) & cells.notna()
    problems.add_rows("a file named more than once", twice, {name: cells}, "one row for each file")
    return locations, [*notes, *_partners(locations, files, cells)]


def _below(base: str, cell: str) -> str:
    """The part of a file name below the folder."""
    name = cell.replace("\\", "/").removeprefix(f"{base}/")
    while name.startswith(("./", "/")):
        name = name.removeprefix("./").removeprefix("/")
    return name


def _match_base_names(names: pd.Series, files: Sequence[str]) -> pd.Series | None:
    """Locations (N,) by the last part of the name, None where it is no file's; or None in doubt."""
    last = pd.Series([file.rpartition("/")[2] for file in files], dtype=object)
    wanted = names.map(lambda name: name.rpartition("/")[2])
    known = wanted.isin(last)
    shared = set(wanted[known])
    if not shared or wanted[known].duplicated().any() or last[last.isin(shared)].duplicated().any():
        return None
    location_of = dict(zip(last, files, strict=True))
    return wanted.map(location_of).astype(object)


def _refuse_strangers(
    name: str, cells: pd.Series, files: Sequence[str], base: str, problems: Problems
) -> None:
    problems.add(
        f"none of the {count_rows(len(cells))} is about an image of {base!r}, and the last parts "
        f"of the names do not tell either: {name} has {_some(list(cells.dropna()))}; the folder "
        f"has {_some([file.removeprefix(f'{base}/') for file in files])}"
    )


def _partners(locations: pd.Series, files: Sequence[str], cells: pd.Series) -> list[str]:
    notes = []
    missing = cells[~locations.isin(files)].dropna()
    if len(missing):
        notes.append(
            f"{count_rows(len(missing))} without an image in the folder: {_some(list(missing))}"
        )
    unnamed = len(set(files) - set(locations))
    if unnamed:
        notes.append(
            f"{unnamed} of {len(files)} images are not in the table: no labels observed for them"
        )
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
