"""Reading, mapping and writing Parquet with Ray Data, within the cluster's CPU shares."""

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import pyarrow as pa
import ray.data
from ray.data import Dataset, ExecutionResources

from emailimg import storage
from emailimg.config import ClusterConfig

_ROWS_PER_GROUP = 256  # tens of megabytes of pixels


def read(location: str, cluster: ClusterConfig, columns: list[str] | None = None) -> Dataset:
    """Rows of a folder of Parquet shards; a Hive-partitioned folder adds the `split` column."""
    fs, path = storage.filesystem(location)
    # One task per shard: where Ray Data splits them further, it hands every piece through the
    # object store instead of mapping and writing it in the task that has read it.
    shards = len(storage.list_files(location, ".parquet"))
    return ray.data.read_parquet(
        path,
        filesystem=fs,
        columns=columns,
        num_cpus=cluster.cpus_per_data_task,
        override_num_blocks=shards,
    )


def map_tasks(
    rows: Dataset,
    function: Callable[..., pa.Table],
    cluster: ClusterConfig,
    *,
    batch_rows: int,
    **arguments: Any,
) -> Dataset:
    """`function(batch, **arguments)` over Arrow batches, in at most `cluster.data_tasks` tasks.

    Ray Data reads, maps and writes in one task, without the object store in between, only where
    the steps ask for the same and none has limits of its own. So the number of tasks is a limit of
    the whole execution, and blocks are cut into batches here.
    """
    mapped = rows.map_batches(
        _map_in_one_thread,  # type: ignore[arg-type]
        batch_format="pyarrow",
        batch_size=None,
        fn_kwargs={"function": function, "batch_rows": batch_rows, "arguments": arguments},
        num_cpus=cluster.cpus_per_data_task,
    )
    cpus = cluster.data_tasks * cluster.cpus_per_data_task
    mapped.context.execution_options.resource_limits = ExecutionResources(cpu=cpus)
    return mapped


def _map_in_one_thread(
    block: pa.Table, function: Callable[..., pa.Table], batch_rows: int, arguments: dict[str, Any]
) -> Iterator[pa.Table]:
    # A task is one share of the cluster's CPUs: OpenCV's own threads would fight the other tasks'.
    cv2.setNumThreads(1)
    # An empty block still has to become one of the right schema.
    for start in range(0, max(1, block.num_rows), batch_rows):
        yield function(block.slice(start, batch_rows), **arguments)


def write(
    rows: Dataset,
    location: str,
    cluster: ClusterConfig,
    partition_by: str | None = None,
    rows_per_group: int = _ROWS_PER_GROUP,
) -> None:
    """Write Parquet shards to an empty folder; one sub-folder per value of `partition_by`.

    rows_per_group: at most; what is read of a shard at once.
    """
    fs, path = storage.filesystem(location)
    rows.write_parquet(
        path,
        filesystem=fs,
        partition_cols=None if partition_by is None else [partition_by],
        ray_remote_args={"num_cpus": cluster.cpus_per_data_task},
        # Of pixels a dictionary is of no use, and looking for one makes reading five times slower;
        # they hardly shrink either, and LZ4 gives up on them in half the time of Snappy.
        use_dictionary=False,
        compression="lz4",
        row_group_size=rows_per_group,
    )
