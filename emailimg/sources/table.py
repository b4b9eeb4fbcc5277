"""A table about the images of a folder: CSV or Parquet, joined by file name."""

import io
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from emailimg import storage, taxonomy
from emailimg.errors import SourceError, TaxonomyError
from emailimg.sources import table_labels
from emailimg.sources.attributes import TEXT_ATTRIBUTES, complete

# Spellings of the report's Table 1 and of its published data, beside our own column names.
_FILE_COLUMNS = ("relative im path", "file", "filename", "file name", "path", "image")
_COLUMN_SPELLINGS = {
    "campaign types": "campaign_type",
    "campain type": "campaign_type",
    "campaign": "campaign_type",
    "industry types": "industry",
    "industry type": "industry",
    "click through open rate": "click_to_open_rate",
    "ctor": "click_to_open_rate",
    "revenue generated per email": "revenue_per_email",
    "color": "colour",
}
_PARSERS = {
    "campaign_type": taxonomy.parse_campaign_type,
    "industry": taxonomy.parse_industry,
    "vehicle_type": taxonomy.parse_vehicle_type,
}


def join(files: pd.DataFrame, folder: str, table_location: str) -> pd.DataFrame:
    """Attach the table's attributes and labels; table rows without a file become missing files."""
    table = _read_table(table_location)
    table = _rename_columns(table, table_location)
    if "source_uri" not in table:
        raise SourceError(
            f"table {table_location!r} has no column of file names; accepted: "
            f"{', '.join(_FILE_COLUMNS)}; found: {', '.join(map(str, table.columns))}"
        )
    base = storage.absolute(folder)
    names = table["source_uri"].astype(str).str.replace(r"^(?:\./|/)+", "", regex=True)
    table["source_uri"] = [storage.join(base, name) for name in names]
    if table["source_uri"].duplicated().any():
        twice = table.loc[table["source_uri"].duplicated(), "source_uri"].iloc[0]
        raise SourceError(f"table {table_location!r} names {twice!r} more than once")
    table = _parse_attributes(table, table_location)
    table = table_labels.parse(table, table_location)
    known = ["source_uri", *TEXT_ATTRIBUTES, "year", *table_labels.label_columns()]
    table = table[[column for column in known if column in table]]
    rows = files[["source_uri"]].merge(table, on="source_uri", how="outer")
    # A file that the table does not name was not observed either: n = 0, never a made-up label.
    labels = [column for column in table_labels.label_columns() if column in rows]
    return complete(rows.fillna(dict.fromkeys(labels, 0)))


def _read_table(location: str) -> pd.DataFrame:
    if not storage.exists(location):
        raise SourceError(f"table {location!r} does not exist")
    readers: dict[str, Any] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    read = readers.get(PurePosixPath(location).suffix.lower())
    if read is None:
        raise SourceError(f"table {location!r} must be .csv or .parquet")
    try:
        return read(io.BytesIO(storage.read_bytes(location)))
    except (ValueError, OSError) as error:  # the parsers' own errors are ValueErrors
        raise SourceError(f"table {location!r} cannot be read: {error}") from None


def _rename_columns(table: pd.DataFrame, location: str) -> pd.DataFrame:
    """Our own column names; raises SourceError where two columns mean the same."""
    spellings: dict[str, list[str]] = {}
    for column in table.columns:
        spellings.setdefault(_canonical_column(column), []).append(str(column))
    for name, columns in spellings.items():
        if len(columns) > 1:
            raise SourceError(
                f"table {location!r} has several columns for {name}: {', '.join(columns)}"
            )
    return table.set_axis(list(spellings), axis="columns")


def _canonical_column(column: str) -> str:
    plain = taxonomy.normalise(str(column))
    if plain in _FILE_COLUMNS:
        return "source_uri"
    return _COLUMN_SPELLINGS.get(plain, plain.replace(" ", "_"))


def _parse_attributes(table: pd.DataFrame, location: str) -> pd.DataFrame:
    for column, parse in _PARSERS.items():
        if column in table:
            table[column] = _parse_column(table[column], parse, f"table {location!r}")
    return table


def _parse_column(values: pd.Series, parse: Any, where: str) -> list[str | None]:
    try:
        return [None if pd.isna(value) else parse(str(value)) for value in values]
    except TaxonomyError as error:
        raise SourceError(f"{where}: {error}") from None
