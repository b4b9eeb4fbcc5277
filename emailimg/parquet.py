"""Small tables on the driver: read a folder of Parquet shards, write one file; local or s3://."""

import io
import itertools
from collections.abc import Callable, Iterable, Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from emailimg import storage


@storage.patient
def column_names(location: str) -> list[str]:
    """Names of the columns of a folder of Parquet shards."""
    return open_dataset(location).schema.names


@storage.patient
def read_table(
    location: str, columns: Iterable[str] | None = None, exclude: Iterable[str] = ()
) -> pd.DataFrame:
    """All rows of a Parquet file or of a folder of shards; `exclude` names columns not to read.

    Sub-folders such as `split=train` become a column.
    """
    dataset = open_dataset(location)
    chosen = list(columns) if columns is not None else dataset.schema.names
    skipped = set(exclude)
    table = dataset.to_table(columns=[name for name in chosen if name not in skipped])
    return table.to_pandas()


def read_batches(
    location: str, columns: list[str], where: pads.Expression, rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows for which `where` holds, up to `rows` at a time; what was read is not kept."""

    def begin() -> Iterator[pa.RecordBatch]:
        return open_dataset(location).to_batches(
            columns=columns, filter=where, batch_size=rows, batch_readahead=1, fragment_readahead=1
        )

    scan = _Scan(begin)
    while (batch := scan.next()) is not None:
        if batch.num_rows:
            yield batch


class _Scan:
    """Batches one by one; where S3 was too busy, begun again after those that were taken."""

    def __init__(self, begin: Callable[[], Iterator[pa.RecordBatch]]) -> None:
        self._begin = begin
        self._taken = 0
        self._batches: Iterator[pa.RecordBatch] | None = None

    @storage.patient
    def next(self) -> pa.RecordBatch | None:
        """None after the last."""
        if self._batches is None:
            self._batches = itertools.islice(self._begin(), self._taken, None)
        try:
            batch = next(self._batches, None)
        except OSError:
            self._batches = None
            raise
        self._taken += 1
        return batch


def open_dataset(location: str) -> pads.Dataset:
    """A Parquet file or a folder of shards; nothing but a schema has been read of it."""
    fs, path = storage.filesystem(location)
    return pads.dataset(path, filesystem=fs, format="parquet", partitioning="hive")


def write_table(location: str, table: pd.DataFrame | pa.Table) -> None:
    """Write one Parquet file."""
    arrow = (
        table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    )
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd")
    storage.write_bytes(location, buffer.getvalue())
