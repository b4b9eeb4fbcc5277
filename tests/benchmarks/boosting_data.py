"""Embeddings with labels as the embeddings stage writes them, of any number; and predictions."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import boosters, features, splits, taxonomy

TARGET = "open_rate"
WIDTH = 64 - len(features.CONTEXT_COLUMNS)
_SHARD_ROWS = 250_000
_TRIALS = 20
_ONE_BY_ONE, _BATCH = 2_000, 100_000


def make(folder: Path, rows: int) -> None:
    """So many training rows, and a tenth of that for validation, a shard at a time."""
    sides: dict[splits.Split, int] = {"train": rows, "validation": rows // 10}
    for number, (split, count) in enumerate(sides.items()):
        location = Path(splits.folder(str(folder), split))
        location.mkdir(parents=True)
        for shard, first in enumerate(range(0, count, _SHARD_ROWS)):
            rng = np.random.default_rng([number, shard])
            table = _table(rng, min(_SHARD_ROWS, count - first))
            pq.write_table(table, location / f"{shard:04d}.parquet", compression="lz4")


def predictions_per_s(folder: str) -> dict[str, str]:
    """How many rows the classifiers of a folder predict per second on one thread."""
    model = boosters.load(folder, threads=1)
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(_BATCH, WIDTH)).astype(np.float32)
    campaigns, industries = (names.tolist() for names in _contexts(rng, _BATCH))
    model[TARGET].probability(model.matrix(embeddings[:1], campaigns[:1], industries[:1]))
    began = time.perf_counter()
    for row in range(_ONE_BY_ONE):
        one = slice(row, row + 1)
        model[TARGET].probability(model.matrix(embeddings[one], campaigns[one], industries[one]))
    alone = _ONE_BY_ONE / (time.perf_counter() - began)
    began = time.perf_counter()
    model[TARGET].probability(model.matrix(embeddings, campaigns, industries))
    together = _BATCH / (time.perf_counter() - began)
    return {"one_by_one_per_s": f"{alone:.0f}", "batch_per_s": f"{together:.0f}"}


def _table(rng: np.random.Generator, count: int) -> pa.Table:
    embeddings = rng.standard_normal((count, WIDTH), np.float32)
    campaigns, industries = _contexts(rng, count)
    odds = 0.3 * embeddings[:, :8].sum(axis=1) + np.abs(embeddings[:, 8]) - 1
    odds += np.where(campaigns == taxonomy.CAMPAIGN_TYPES[0], 1, 0)
    trials = rng.integers(0, _TRIALS, count)  # now and then not observed
    successes = rng.binomial(trials, 1 / (1 + np.exp(-odds)))
    matrix = features.assemble(embeddings, campaigns.tolist(), industries.tolist())
    columns = {name: matrix[:, place] for place, name in enumerate(features.feature_columns(WIDTH))}
    return pa.table(
        columns
        | {
            "source_id": np.arange(count).astype(str),
            "version": np.zeros(count, np.int64),
            "campaign_type": campaigns,
            "industry": industries,
            f"{TARGET}_k": successes,
            f"{TARGET}_n": trials,
            f"{TARGET}_rate": (successes / np.maximum(trials, 1)).astype(np.float32),
            f"{TARGET}_weight": trials.astype(np.float32),
        }
    )


def _contexts(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.choice(taxonomy.CAMPAIGN_TYPES, count), rng.choice(taxonomy.INDUSTRIES, count)
