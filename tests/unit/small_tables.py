"""Tables for the tests: written to a file, and joined with images that need not exist."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emailimg.config import SourceConfig
from emailimg.sources import table

Rows = Mapping[str, Any]  # column name -> cells


def write_table(path: Path, rows: Rows | str) -> str:
    """Columns as CSV or Parquet, by the name's suffix, or the text of a CSV as it is."""
    if isinstance(rows, str):
        path.write_text(rows, encoding="utf-8")
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path, index=False)
    return str(path)


def joined(
    tmp_path: Path,
    rows: Rows | str,
    files: Sequence[str] = ("a.jpg", "b.png", "c.webp"),
    suffix: str = ".csv",
    **settings: Any,
) -> tuple[pd.DataFrame, list[str]]:
    """Rows by file name below the folder, and notes, of a table joined with `files`."""
    location = write_table(tmp_path / f"table{suffix}", rows)
    base = tmp_path / "pictures"
    listing = pd.DataFrame({"source_uri": [f"{base}/{name}" for name in files]})
    config = SourceConfig(images=str(base), table=location, **settings)
    found, notes = table.join(listing, str(base), config)
    found.index = pd.Index([uri.removeprefix(f"{base}/") for uri in found["source_uri"]])
    return found, list(notes)


def counts_of(rows: pd.DataFrame, target: str) -> list[tuple[float, float]]:
    """(k, n) of each row."""
    return list(zip(rows[f"{target}_k"], rows[f"{target}_n"], strict=True))
