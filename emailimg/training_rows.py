"""The rows that classifiers learn from, read from Parquet by the process that needs them.

Every actor of a training reads its own part: a range of rows, so that any number of actors shares
any number of shards evenly, and each opens only the shards and row groups of its range. Rows are
copied batch by batch into one array; nothing else of a part is in memory at the same time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

from emailimg import features, parquet, splits, storage
from emailimg.errors import EmailimgError

_BATCH_ROWS = 32_768


@dataclass(frozen=True)
class Rows:
    """What the booster sees: float32 (N, D + 33) features, and per row the rate k/n and weight n.

    names: of the features' columns.
    """

    features: np.ndarray
    rates: np.ndarray
    weights: np.ndarray
    names: Sequence[str]


def columns(target: str, width: int) -> list[str]:
    """All that is read of a shard: D + 33 features, then the target's rate and weight."""
    return [*features.feature_columns(width), f"{target}_rate", f"{target}_weight"]


@storage.patient
def require_observed(folder: str, target: str, parts: int) -> None:
    """Raise EmailimgError where a part would have nothing to learn from.

    Reads one column of the training and validation rows, a batch at a time.
    """
    for split in ("train", "validation"):
        rows = parquet.open_dataset(splits.folder(folder, split))
        count = rows.count_rows()
        if not rows.count_rows(filter=pads.field(f"{target}_weight") > 0):
            raise EmailimgError(f"target {target!r} has no observed labels among the {split} rows")
        if count < parts:
            raise EmailimgError(
                f"classifiers.num_actors is {parts}, but there are only {count} {split} rows; "
                "every actor needs one of its own"
            )


@storage.patient
def read_part(
    folder: str, split: splits.Split, target: str, width: int, part: int, parts: int
) -> Rows:
    """Part number `part`, from 0, of `parts` ranges of a side's rows, all as long as can be.

    Rows without an observation (n = 0) are left out; where a part has no other rows, one stays and
    weighs nothing, because xgboost-ray refuses an empty part.
    """
    names = features.feature_columns(width)
    shards = _shards(splits.folder(folder, split))
    total = sum(shard.metadata.num_rows for shard in shards)
    first, last = total * part // parts, total * (part + 1) // parts
    # Of what is not filled the system never provides the memory.
    matrix = np.empty((last - first, len(names)), np.float32)
    rates, weights = (np.zeros(last - first, np.float32) for _ in range(2))
    filled = 0
    for batch in _range(shards, columns(target, width), first, last):
        *values, rate, weight = (column.to_numpy() for column in batch.columns)
        observed = np.flatnonzero(weight > 0)
        new = slice(filled, filled + len(observed))
        matrix[new] = np.stack(values, axis=1)[observed]
        rates[new], weights[new] = rate[observed], weight[observed]
        filled += len(observed)
    if not filled:
        matrix[:1], filled = 0, 1
    return Rows(matrix[:filled], rates[:filled], weights[:filled], names)


def _shards(location: str) -> list[pads.ParquetFileFragment]:
    return list(parquet.open_dataset(location).get_fragments())


def _range(
    shards: Sequence[pads.ParquetFileFragment], names: list[str], first: int, last: int
) -> Iterator[pa.RecordBatch]:
    """Rows `first` to `last` of all shards together, in their order, a batch at a time."""
    begin = 0
    for shard in shards:
        end = begin + shard.metadata.num_rows
        if max(begin, first) < min(end, last):
            yield from _range_of_shard(shard, names, first - begin, last - begin)
        begin = end


def _range_of_shard(
    shard: pads.ParquetFileFragment, names: list[str], first: int, last: int
) -> Iterator[pa.RecordBatch]:
    ends = np.cumsum([group.num_rows for group in shard.row_groups])
    begins = ends - [group.num_rows for group in shard.row_groups]
    wanted = np.flatnonzero((begins < last) & (ends > first))
    at = int(begins[wanted[0]])
    for batch in _batches(shard, names, wanted):
        low, high = max(first - at, 0), min(last - at, batch.num_rows)
        at += batch.num_rows
        if low < high:
            yield batch.slice(low, high - low)


def _batches(
    shard: pads.ParquetFileFragment, names: list[str], groups: np.ndarray
) -> Iterator[pa.RecordBatch]:
    return shard.subset(row_group_ids=groups.tolist()).to_batches(
        columns=names, batch_size=_BATCH_ROWS, batch_readahead=2, fragment_readahead=1
    )
