"""The validation rows, on which classifiers are calibrated and judged: what boosters say of them.

They come as uploads do, without their vehicle type. Features are read a batch at a time: those of
millions of rows do not fit into one process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.dataset as pads
import xgboost

from emailimg import ensemble, features, splits
from emailimg.errors import EmailimgError
from emailimg.metrics import log_loss
from emailimg.parquet import read_batches

_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class HeldOut:
    """The observed validation rows (N,): what boosters say of each, float32 (B, N), and its label.

    source_ids: of the images that the rows are versions of.
    """

    said: np.ndarray
    successes: np.ndarray
    trials: np.ndarray
    source_ids: np.ndarray


def predict(
    classifiers: Sequence[Sequence[xgboost.Booster]], embeddings_folder: str, target: str
) -> HeldOut:
    """What each of B classifiers, of one or several boosters, says of the validation rows."""
    columns = features.feature_columns(features.embedding_width(embeddings_folder))
    said, labels = [], []
    for values, *label in _batches(embeddings_folder, target, columns):
        matrix = features.without_type(np.stack(values, axis=1).astype(np.float32, copy=False))
        said.append(np.stack([ensemble.raw(each, matrix) for each in classifiers]))
        labels.append(label)
    return HeldOut(
        np.concatenate(said, axis=1),
        *(np.concatenate(parts) for parts in zip(*labels, strict=True)),
    )


def _batches(
    embeddings_folder: str, target: str, columns: list[str]
) -> Iterator[tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray]]:
    """Of the observed validation rows: the columns, then successes, trials and source ids."""
    names = [*columns, f"{target}_k", f"{target}_n", "source_id"]
    location = splits.folder(embeddings_folder, "validation")
    observed = pads.field(f"{target}_n") > 0
    for batch in read_batches(location, names, observed, _BATCH_ROWS):
        *values, successes, trials, sources = batch.columns
        yield (
            [column.to_numpy() for column in values],
            successes.to_numpy(),
            trials.to_numpy(),
            np.array(sources.to_pylist(), str),
        )


def base_rate_log_loss(embeddings_folder: str, target: str) -> float:
    """Validation log-loss in nats of who knows the mean of the validation rows and nothing else.

    Raises EmailimgError when no validation row has an observed label.
    """
    labels = [label[:2] for _, *label in _batches(embeddings_folder, target, [])]
    if not labels:
        raise EmailimgError(f"target {target!r} has no observed labels among the validation rows")
    successes, trials = (np.concatenate(parts) for parts in zip(*labels, strict=True))
    mean = np.full(len(trials), successes.sum() / trials.sum())
    return float(log_loss(mean, successes, trials))
