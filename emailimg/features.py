"""The columns that a classifier sees: embedding, then campaign type, industry and, where somebody
knows it, vehicle type as indicators.

Training and serving build them here. True probabilities, labels and ids are not among them.

An upload's vehicle type may be unknown, while a catalogue often knows it. So that one classifier
serves both, half of the images are learnt from without theirs (`half_hidden`); with no indicator
set the classifier relies on what the encoder sees.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emailimg import seeding, splits, storage, taxonomy
from emailimg.parquet import column_names

_VALUES = {
    "campaign": taxonomy.CAMPAIGN_TYPES,
    "industry": taxonomy.INDUSTRIES,
    "vehicle type": taxonomy.VEHICLE_TYPES,
}
CONTEXT_COLUMNS = tuple(f"{group}: {name}" for group, names in _VALUES.items() for name in names)
_TYPE_COLUMNS = [name for name in CONTEXT_COLUMNS if name.startswith("vehicle type: ")]

_LASTING_FILE = "lasting_columns.json"

# What the context columns tell of, under the name that answers have for it.
_CONTEXT_GROUPS = {
    "campaign": "campaign_type",
    "industry": "industry",
    "vehicle type": "vehicle_type_told",  # apart from the attribute that the encoder sees
}


def column_groups(embedding_names: Sequence[str]) -> dict[str, list[int]]:
    """Positions of a classifier's columns by what they tell of, in the order of the columns.

    embedding_names: `what: which` of each embedding column (`EncoderSpec.column_names`); `what` is
    an attribute, or `image` for pooled features. After them come `campaign_type`,
    `industry` and `vehicle_type_told`.
    """
    groups: dict[str, list[int]] = {}
    for position, name in enumerate([*embedding_names, *CONTEXT_COLUMNS]):
        what = name.partition(": ")[0]
        if position >= len(embedding_names):
            what = _CONTEXT_GROUPS[what]
        groups.setdefault(what, []).append(position)
    return groups


def embedding_width(embeddings_folder: str) -> int:
    """D of the embeddings stage's output."""
    names = column_names(splits.folder(embeddings_folder, "train"))
    return sum(1 for name in names if name[0] == "e" and name[1:].isdigit())


def write_lasting_columns(embeddings_folder: str, columns: Sequence[int]) -> None:
    """Note the embedding columns that tell what no edit changes (`EncoderSpec.lasting_columns`)."""
    location = storage.join(embeddings_folder, _LASTING_FILE)
    storage.write_json(location, {"lasting_columns": list(columns)})


def lasting_columns(embeddings_folder: str) -> list[int]:
    """Positions among the embedding's columns; none where nobody has noted them."""
    location = storage.join(embeddings_folder, _LASTING_FILE)
    if not storage.exists(location):
        return []
    return list(storage.read_json(location)["lasting_columns"])


def embedding_columns(width: int) -> list[str]:
    """Names of an embedding's D columns."""
    return [f"e{position:04d}" for position in range(width)]


def feature_columns(width: int) -> list[str]:
    """Names of all columns, in the order in which a classifier was trained."""
    return [*embedding_columns(width), *CONTEXT_COLUMNS]


def context_features(
    campaign_types: Sequence[str],
    industries: Sequence[str],
    vehicle_types: Sequence[str | None] | None = None,
) -> np.ndarray:
    """Indicators, float32 (N, 33): one campaign type, one industry, at most one vehicle type a row.

    vehicle_types: None, for a row or for all, where it is unknown; so is a type that the taxonomy
    does not have.
    """
    kinds = [None] * len(campaign_types) if vehicle_types is None else vehicle_types
    known = [name if name in taxonomy.VEHICLE_TYPES else None for name in kinds]
    parts = [
        _indicators(names, values)
        for names, values in zip(_VALUES.values(), (campaign_types, industries, known), strict=True)
    ]
    return np.concatenate(parts, axis=1)


def assemble(
    embeddings: np.ndarray,
    campaign_types: Sequence[str],
    industries: Sequence[str],
    vehicle_types: Sequence[str | None] | None = None,
) -> np.ndarray:
    """float32 (N, D) embeddings and N contexts -> float32 (N, D + 33) features."""
    context = context_features(campaign_types, industries, vehicle_types)
    return np.concatenate([embeddings.astype(np.float32, copy=False), context], axis=1)


def half_hidden(source_ids: Sequence[str], vehicle_types: Sequence[str | None]) -> list[str | None]:
    """The vehicle types, of every other source image as if nobody knew it."""
    return [
        name if seeding.unit_interval(0, "vehicle type known", source) < 0.5 else None
        for source, name in zip(source_ids, vehicle_types, strict=True)
    ]


def as_uploaded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with feature columns as if nobody knew their vehicle type, which is how uploads come.

    What is judged or calibrated on such rows holds for uploads; a catalogue's images, whose type
    is known, are predicted no worse than that.
    """
    return rows.assign(**dict.fromkeys(_TYPE_COLUMNS, np.float32(0)))


def without_type(matrix: np.ndarray) -> np.ndarray:
    """`as_uploaded` of features, float32 (N, D + 33), which are changed in place."""
    assert CONTEXT_COLUMNS[-len(_TYPE_COLUMNS) :] == tuple(_TYPE_COLUMNS)
    matrix[:, -len(_TYPE_COLUMNS) :] = 0
    return matrix


def _indicators(names: Sequence[str], values: Sequence[str | None]) -> np.ndarray:
    """float32 (N, len(names)); raises ValueError for a value that is not among the names."""
    matrix = np.zeros((len(values), len(names)), np.float32)
    for row, value in enumerate(values):
        if value is not None:
            matrix[row, names.index(value)] = 1
    return matrix
