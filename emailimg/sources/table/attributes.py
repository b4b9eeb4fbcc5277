"""What a table says about its images beside labels: car, campaign, industry, year."""

from collections.abc import Callable, Mapping

import pandas as pd

from emailimg import taxonomy
from emailimg.errors import TaxonomyError
from emailimg.sources import car_names
from emailimg.sources.attributes import TEXT_ATTRIBUTES
from emailimg.sources.table.problems import Problems

_FIRST_CAR, _LAST_YEAR = 1886, 2100


def parse(cells: pd.DataFrame, theirs: Mapping[str, str], problems: Problems) -> pd.DataFrame:
    """Attribute columns as text (N,) of str or None, `year` float64 (N,) with NaN.

    cells: text under our names. theirs: our names to the table's. Unknown campaign types,
    industries and vehicle types, and years that no car has, are problems.
    """
    columns = {name: _whole(cells[name]) for name in TEXT_ATTRIBUTES if name in cells}
    for name, (parser, accepted) in _PARSERS.items():
        if name in columns:
            own = theirs.get(name, name)
            columns[name] = _parse(columns[name], own, parser, accepted, problems)
    if "year" in cells:
        columns["year"] = _years(cells["year"], theirs.get("year", "year"), problems)
    return pd.DataFrame(columns, index=cells.index)


def _parse_vehicle_type(text: str) -> str:
    """Also the words that names of cars use: a Crew Cab is a Pickup."""
    return car_names.parse(text).vehicle_type or taxonomy.parse_vehicle_type(text)


_PARSERS: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "campaign_type": (taxonomy.parse_campaign_type, taxonomy.CAMPAIGN_TYPES),
    "industry": (taxonomy.parse_industry, taxonomy.INDUSTRIES),
    "vehicle_type": (_parse_vehicle_type, taxonomy.VEHICLE_TYPES),
}


def _parse(
    cells: pd.Series,
    name: str,
    parser: Callable[[str], str],
    accepted: tuple[str, ...],
    problems: Problems,
) -> pd.Series:
    known: dict[str, str] = {}
    for cell in cells.dropna().unique():
        try:
            known[cell] = parser(cell)
        except TaxonomyError:
            continue
    values = pd.Series([known.get(cell) for cell in cells], index=cells.index, dtype=object)
    strange = cells.notna() & values.isna()
    problems.add_rows(f"{name} is unknown", strange, {name: cells}, ", ".join(accepted))
    return values


def _whole(cells: pd.Series) -> pd.Series:
    """A CSV writes a column of whole numbers as 911.0 where it has gaps; names of cars are 911."""
    written = cells.dropna().astype(str)
    if not written.str.fullmatch(r"\d+\.0").all():
        return cells
    return cells.where(cells.isna(), written.str.removesuffix(".0").reindex(cells.index))


def _years(cells: pd.Series, name: str, problems: Problems) -> pd.Series:
    years = pd.to_numeric(cells, errors="coerce").astype("float64")
    good = years.between(_FIRST_CAR, _LAST_YEAR) & (years % 1 == 0)
    problems.add_rows(
        f"{name} is no year",
        cells.notna() & ~good,
        {name: cells},
        f"whole numbers from {_FIRST_CAR} to {_LAST_YEAR}, or empty",
    )
    return years.where(good)
