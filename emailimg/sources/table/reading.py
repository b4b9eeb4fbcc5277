"""A CSV or Parquet file as cells of text.

Text, because a column of Porsche 911s, Peugeot 208s or files 007 is no column of numbers; whoever
needs a number parses it, and can say which cell is none.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import storage
from emailimg.errors import SourceError

_HEADER_CHARACTERS = 100_000  # looked at to tell the separator
_SEPARATORS = ",;\t|"
_EMPTY = frozenset({"", "na", "n/a", "#n/a", "nan", "<na>", "null", "none"})


def read(location: str) -> pd.DataFrame:
    """All cells, object (N, C) of str, stripped, or None where empty.

    Raises SourceError when the file is missing, no table, empty, or has two columns of one name.
    """
    if not storage.exists(location):
        raise SourceError(f"table {location!r} does not exist")
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(PurePosixPath(location).suffix.lower())
    if reader is None:
        raise SourceError(f"table {location!r} must be .csv or .parquet")
    try:
        names, columns = reader(storage.read_bytes(location))
    except (ValueError, OSError, csv.Error) as error:  # Arrow's own errors are ValueErrors
        raise SourceError(f"table {location!r} cannot be read: {error}") from None
    names = [name.strip() or f"(column {number})" for number, name in enumerate(names, 1)]
    _check_names(location, names)
    if not columns or not len(columns[0]):
        raise SourceError(f"table {location!r} holds no rows")
    texts = [pd.Series([_text(cell) for cell in column], dtype=object) for column in columns]
    return pd.DataFrame(dict(zip(names, texts, strict=True)))


def _read_csv(data: bytes) -> tuple[list[str], list[Any]]:
    """Names and columns; raises ValueError naming the row that has another number of cells."""
    try:
        text = data.decode("utf-8-sig")  # spreadsheets put a mark before the first name
    except UnicodeDecodeError as error:
        raise ValueError(f"not encoded as UTF-8 ({error}); save it as `CSV UTF-8`") from None
    lines = [line for line in _lines(text, _separator(text)) if line]
    if not lines:
        raise ValueError("the file is empty")
    names, *rows = lines
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells, the header {len(names)}")
    return names, list(zip(*rows, strict=True)) or [()] * len(names)


def _lines(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _separator(text: str) -> str:
    """The one that the header has most of outside of quotes; a comma where it has none."""
    header = re.sub('"[^"]*"', "", text[:_HEADER_CHARACTERS]).lstrip("\r\n").splitlines()[:1]
    return max(_SEPARATORS, key="".join(header).count)


def _read_parquet(data: bytes) -> tuple[list[str], list[Any]]:
    table = pq.ParquetFile(pa.BufferReader(data)).read()
    columns = [
        [None] * table.num_rows if _is_no_text(column.type) else column.to_pylist()
        for column in table.columns
    ]
    return table.column_names, columns


def _is_no_text(kind: pa.DataType) -> bool:
    """Embedded images, lists of numbers: of no use here, and large."""
    return pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _check_names(location: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            f"table {location!r} has several columns of the same name: "
            f"{', '.join(map(repr, twice))}; give each its own"
        )


def _text(cell: Any) -> str | None:
    """Whole numbers without a decimal point: a gap in a column of them makes them fractions."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = "" if cell is None else str(cell).strip()
    return None if text.casefold() in _EMPTY else text
