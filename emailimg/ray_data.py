"""Reading, mapping and writing Parquet with Ray Data, within the cluster's CPU shares."""

from collections.abc import Callable
from typing import Any

import cv2
import pyarrow as pa
import ray.data
from ray.data import Dataset, TaskPoolStrategy

from emailimg import storage
from emailimg.config import ClusterConfig


def read(location: str, cluster: ClusterConfig, columns: list[str] | None = None) -> Dataset:
    """Rows of a folder of Parquet shards; a Hive-partitioned folder adds the `split` column."""
    fs, path = storage.filesystem(location)
    return ray.data.read_parquet(
        path, filesystem=fs, columns=columns, num_cpus=cluster.cpus_per_data_task
    )


def map_tasks(
    rows: Dataset,
    function: Callable[..., pa.Table],
    cluster: ClusterConfig,
    *,
    batch_rows: int,
    **arguments: Any,
) -> Dataset:
    """`function(batch, **arguments)` over Arrow batches, in at most `cluster.data_tasks` tasks."""
    return rows.map_batches(
        _map_in_one_thread,  # type: ignore[arg-type]
        batch_format="pyarrow",
        batch_size=batch_rows,
        compute=TaskPoolStrategy(size=cluster.data_tasks),
        num_cpus=cluster.cpus_per_data_task,
        fn_kwargs={"function": function, "arguments": arguments},
    )


def _map_in_one_thread(
    batch: pa.Table, function: Callable[..., pa.Table], arguments: dict[str, Any]
) -> pa.Table:
    # A task is one share of the cluster's CPUs: OpenCV's own threads would fight the other tasks'.
    cv2.setNumThreads(1)
    return function(batch, **arguments)


def write(
    rows: Dataset, location: str, cluster: ClusterConfig, partition_by: str | None = None
) -> None:
    """Write Parquet shards to an empty folder; one sub-folder per value of `partition_by`."""
    fs, path = storage.filesystem(location)
    rows.write_parquet(
        path,
        filesystem=fs,
        partition_cols=None if partition_by is None else [partition_by],
        ray_remote_args={"num_cpus": cluster.cpus_per_data_task},
    )
