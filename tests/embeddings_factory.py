"""A small output of the embeddings stage, whose true probabilities are known."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emailimg import features, splits, taxonomy
from emailimg.parquet import write_table


def write_embeddings(
    location: str, rows: Mapping[splits.Split, int], width: int, shards: int = 2
) -> str:
    """Write so many shards per side; the first dimension and the campaign decide `open_rate`.

    Of `bounce_rate` nothing was observed.
    """
    rng = np.random.default_rng(0)
    for split, count in rows.items():
        table = _rows(rng, split, count, width)
        for shard, part in enumerate(np.array_split(np.arange(len(table)), shards)):
            write_table(f"{splits.folder(location, split)}/{shard}.parquet", table.iloc[part])
    return location


def _rows(rng: np.random.Generator, split: str, count: int, width: int) -> pd.DataFrame:
    embedding = rng.normal(size=(count, width)).astype(np.float32)
    campaign = rng.choice(taxonomy.CAMPAIGN_TYPES, count)
    industry = rng.choice(taxonomy.INDUSTRIES, count)
    truth = np.where(embedding[:, 0] > 0, 0.8, 0.2)
    truth = np.where(campaign == "Survey", 1 - truth, truth)
    names = features.feature_columns(width)
    table = pd.DataFrame(features.assemble(embedding, campaign, industry), columns=names)
    trials = np.full(count, 10)
    trials[::7] = 0  # not observed
    successes = rng.binomial(trials, truth)
    return table.assign(
        source_id=[f"{split}-{row // 2}" for row in range(count)],
        version=[row % 2 for row in range(count)],
        campaign_type=campaign,
        industry=industry,
        open_rate_k=successes,
        open_rate_n=trials,
        open_rate_p=truth,
        open_rate_rate=(successes / np.maximum(trials, 1)).astype(np.float32),
        open_rate_weight=trials.astype(np.float32),
        bounce_rate_k=0,
        bounce_rate_n=0,
        bounce_rate_rate=np.float32(0),
        bounce_rate_weight=np.float32(0),
    )
