"""Where images come from: a rendered showroom, or a folder of files with or without a table.

A source lists its images cheaply, as rows without pixels; workers then call `load` on each row.
"""

import io
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from emailimg import seeding, showroom, storage, taxonomy
from emailimg.config import SourceConfig
from emailimg.errors import SourceError, TaxonomyError

TEXT_ATTRIBUTES = (
    "class_name",
    "make",
    "model",
    "vehicle_type",
    "colour",
    "time_of_day",
    "background",
    "campaign_type",
    "industry",
)
_SHOWROOM_SCHEME = "showroom://"

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


def list_images(config: SourceConfig) -> pd.DataFrame:
    """One row per image: `source_uri`, attributes, and observed labels `{target}_k`, `{target}_n`.

    Raises SourceError when the folder or table is missing, empty or unusable.
    """
    if config.images is None:
        if config.table is not None:
            raise SourceError("a table needs the folder of its images: give --images as well")
        return _list_showroom(config)
    rows = _list_folder(config.images)
    if config.table is not None:
        rows = _join_table(rows, config.images, config.table)
    return rows


def fingerprint(config: SourceConfig) -> list[Any]:
    """What changes when the source's content changes: names, sizes and times of its files."""
    if config.images is None:
        return [showroom.RENDERING]
    files = _image_files(config.images) + ([config.table] if config.table else [])
    listing = []
    for file in files:
        fs, path = storage.filesystem(file)
        info = fs.get_file_info(path)
        listing.append([file, info.size, info.mtime_ns])
    return listing


def load(row: dict[str, Any], config: SourceConfig) -> bytes:
    """Encoded bytes of one listed image; raises OSError when the file cannot be read."""
    uri = row["source_uri"]
    if not uri.startswith(_SHOWROOM_SCHEME):
        return storage.read_bytes(uri)
    seed, index = map(int, uri.removeprefix(_SHOWROOM_SCHEME).split("/"))
    scene = showroom.describe(seed, index)
    return showroom.render_jpeg(scene, config.showroom_long_side_px)


def _list_showroom(config: SourceConfig) -> pd.DataFrame:
    seed = config.showroom_seed
    rows = []
    for index in range(config.showroom_images):
        scene = showroom.describe(seed, index)
        attributes = {name: getattr(scene, name, None) for name in (*TEXT_ATTRIBUTES, "year")}
        rng = seeding.generator(seed, "campaign", index)
        attributes["campaign_type"] = str(rng.choice(taxonomy.CAMPAIGN_TYPES))
        attributes["industry"] = str(rng.choice(taxonomy.INDUSTRIES))
        rows.append({"source_uri": f"{_SHOWROOM_SCHEME}{seed}/{index}"} | attributes)
    return _complete(pd.DataFrame(rows))


def _list_folder(folder: str) -> pd.DataFrame:
    if not storage.exists(folder):
        raise SourceError(f"folder of images {folder!r} does not exist")
    files = _image_files(folder)
    if not files:
        raise SourceError(f"folder {folder!r} holds no files")
    return _complete(pd.DataFrame({"source_uri": files}))


def _image_files(folder: str) -> list[str]:
    """Files that may be images: hidden files and tables are left out, anything else is tried."""
    skipped = (".csv", ".parquet", ".json", ".yaml", ".md")
    return [
        file
        for file in storage.list_files(storage.absolute(folder))
        if not PurePosixPath(file).name.startswith(".") and not file.lower().endswith(skipped)
    ]


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Every attribute column, missing ones as None, so that all sources have one schema."""
    for name in TEXT_ATTRIBUTES:
        if name not in rows:
            rows[name] = None
        rows[name] = pd.Series(map(_text, rows[name]), index=rows.index, dtype=object)
    years = rows["year"] if "year" in rows else pd.Series(np.nan, index=rows.index)
    rows["year"] = pd.to_numeric(years, errors="coerce").astype("float32")
    return rows


def _text(value: Any) -> str | None:
    """A table of Porsche 911s is read as numbers; names of anything are text."""
    if pd.isna(value):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _join_table(files: pd.DataFrame, folder: str, table_location: str) -> pd.DataFrame:
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
    table = _parse_labels(table, table_location)
    known = ["source_uri", *TEXT_ATTRIBUTES, "year", *_label_columns()]
    table = table[[column for column in known if column in table]]
    rows = files[["source_uri"]].merge(table, on="source_uri", how="outer")
    # A file that the table does not name was not observed either: n = 0, never a made-up label.
    labels = [column for column in _label_columns() if column in rows]
    return _complete(rows.fillna(dict.fromkeys(labels, 0)))


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


def _parse_labels(table: pd.DataFrame, location: str) -> pd.DataFrame:
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


def _label_columns() -> Iterable[str]:
    return (f"{target}_{part}" for target in taxonomy.TARGETS for part in "kn")
