"""The columns that a classifier sees: embedding, then campaign type and industry as indicators.

Training and serving build them here. True probabilities, labels and ids are not among them.
"""

from collections.abc import Sequence

import numpy as np

from emailimg import taxonomy

CONTEXT_COLUMNS = tuple(
    [f"campaign: {name}" for name in taxonomy.CAMPAIGN_TYPES]
    + [f"industry: {name}" for name in taxonomy.INDUSTRIES]
)

# What the context columns tell of, under the name that answers have for it.
_CONTEXT_GROUPS = {"campaign": "campaign_type", "industry": "industry"}


def column_groups(embedding_names: Sequence[str]) -> dict[str, list[int]]:
    """Positions of a classifier's columns by what they tell of, in the order of the columns.

    embedding_names: `what: which` of each embedding column (`EncoderSpec.column_names`); `what` is
    an attribute, or `image` for pooled features. After them come `campaign_type` and `industry`.
    """
    groups: dict[str, list[int]] = {}
    for position, name in enumerate([*embedding_names, *CONTEXT_COLUMNS]):
        what = name.partition(": ")[0]
        if position >= len(embedding_names):
            what = _CONTEXT_GROUPS[what]
        groups.setdefault(what, []).append(position)
    return groups


def embedding_columns(width: int) -> list[str]:
    """Names of an embedding's D columns."""
    return [f"e{position:04d}" for position in range(width)]


def feature_columns(width: int) -> list[str]:
    """Names of all columns, in the order in which a classifier was trained."""
    return [*embedding_columns(width), *CONTEXT_COLUMNS]


def context_features(campaign_types: Sequence[str], industries: Sequence[str]) -> np.ndarray:
    """Indicators, float32 (N, 24): one campaign type and one industry per row."""
    rows = np.arange(len(campaign_types))
    features = np.zeros((len(rows), len(CONTEXT_COLUMNS)), np.float32)
    campaign = [taxonomy.CAMPAIGN_TYPES.index(name) for name in campaign_types]
    industry = [taxonomy.INDUSTRIES.index(name) for name in industries]
    features[rows, campaign] = 1
    features[rows, len(taxonomy.CAMPAIGN_TYPES) + np.array(industry, dtype=int)] = 1
    return features


def assemble(
    embeddings: np.ndarray, campaign_types: Sequence[str], industries: Sequence[str]
) -> np.ndarray:
    """float32 (N, D) embeddings and N contexts -> float32 (N, D + 24) features."""
    context = context_features(campaign_types, industries)
    return np.concatenate([embeddings.astype(np.float32, copy=False), context], axis=1)
