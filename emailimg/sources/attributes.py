"""The columns that every source gives for an image, whether it knows them or not."""

from typing import Any

import numpy as np
import pandas as pd

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


def complete(rows: pd.DataFrame) -> pd.DataFrame:
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
