"""Ray Data as the stages use it: in one task from reading to writing, in order to be fast."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import ray.data

from emailimg import ray_data
from emailimg.config import ClusterConfig
from emailimg.parquet import open_dataset, read_table, write_table

pytestmark = pytest.mark.usefixtures("ray_cluster")

CLUSTER = ClusterConfig(data_tasks=2)


@pytest.fixture
def double() -> Callable[..., pa.Table]:
    """Made here and not by import: Ray's workers do not find the modules of tests."""

    def double(batch: pa.Table, most_rows: int) -> pa.Table:
        assert batch.num_rows <= most_rows
        return pa.table({"x": [2 * value for value in batch["x"].to_pylist()]})

    return double


@pytest.fixture
def shards(tmp_path: Path) -> str:
    for number in range(4):
        rows = pa.table({"y": ["z"] * 100, "x": list(range(100 * number, 100 * number + 100))})
        write_table(str(tmp_path / "in" / f"{number}.parquet"), rows)
    return str(tmp_path / "in")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The datasets that were written."""
    written: list[Any] = []
    write = ray.data.Dataset.write_parquet

    def note(self: Any, *args: Any, **kwargs: Any) -> None:
        write(self, *args, **kwargs)
        written.append(self)

    monkeypatch.setattr(ray.data.Dataset, "write_parquet", note)
    return written


@pytest.mark.filterwarnings("error:.*ray_remote_args. is deprecated")
def test_shards_are_read_mapped_and_written_in_one_task_each(
    shards: str, tmp_path: Path, plans: list[Any], double: Callable[..., pa.Table]
) -> None:
    """Between separate tasks every picture would go through the object store."""
    rows = ray_data.read(shards, CLUSTER, ["x"])
    mapped = ray_data.map_tasks(rows, double, CLUSTER, batch_rows=32, most_rows=32)
    ray_data.write(mapped, str(tmp_path / "out"), CLUSTER)
    assert sorted(read_table(str(tmp_path / "out"))["x"]) == [2 * i for i in range(400)]
    operators = [
        line for line in plans[0]._write_ds.stats().splitlines() if line.startswith("Operator")
    ]
    assert len(operators) == 1, operators
    assert "ReadParquet->MapBatches" in operators[0]
    assert "->Write: 4 tasks" in operators[0]


def test_the_number_of_tasks_at_once_is_limited(
    shards: str, double: Callable[..., pa.Table]
) -> None:
    alone = ClusterConfig(data_tasks=1, cpus_per_data_task=0.5)
    rows = ray_data.map_tasks(
        ray_data.read(shards, alone), double, alone, batch_rows=10, most_rows=10
    )
    assert rows.context.execution_options.resource_limits.cpu == 0.5
    assert rows.count() == 400


def test_rows_are_written_in_groups_of_the_size_that_was_asked_for(
    shards: str, tmp_path: Path
) -> None:
    rows = ray_data.read(shards, CLUSTER, ["x"])
    ray_data.write(rows, str(tmp_path / "out"), CLUSTER, rows_per_group=40)
    groups = [
        group.num_rows
        for shard in open_dataset(str(tmp_path / "out")).get_fragments()
        for group in shard.row_groups
    ]
    assert sorted(groups) == [20] * 4 + [40] * 8
