"""Small tables: one file or a folder of shards, with chosen columns, locally and on S3."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from s3_server import s3_server

from emailimg.parquet import read_batches, read_table, write_table

TABLE = pd.DataFrame({"x": [1, 2, 3], "name": ["a", None, "c"], "data": [b"1", b"", b"\x00"]})


def test_a_table_comes_back(tmp_path: Path) -> None:
    location = str(tmp_path / "deep" / "table.parquet")
    write_table(location, TABLE)
    found = read_table(location)
    pd.testing.assert_frame_equal(found, TABLE)
    assert found["data"][2] == b"\x00"


def test_an_arrow_table_is_written_as_it_is(tmp_path: Path) -> None:
    location = str(tmp_path / "table.parquet")
    write_table(location, pa.table({"x": pa.array([1, None], pa.int16())}))
    assert read_table(location)["x"].tolist()[0] == 1


def test_a_folder_of_shards_is_one_table(tmp_path: Path) -> None:
    for i in range(3):
        write_table(str(tmp_path / f"{i}.parquet"), TABLE.assign(shard=i))
    found = read_table(str(tmp_path), columns=["shard", "x"])
    assert list(found.columns) == ["shard", "x"]
    assert sorted(found["shard"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("columns", "exclude", "expected"),
    [
        (None, (), ["x", "name", "data"]),
        (None, ("data",), ["x", "name"]),
        (["data", "x"], (), ["data", "x"]),
        (["data", "x"], ("data", "never"), ["x"]),
    ],
)
def test_columns_are_chosen(
    tmp_path: Path, columns: list[str] | None, exclude: tuple[str, ...], expected: list[str]
) -> None:
    location = str(tmp_path / "table.parquet")
    write_table(location, TABLE)
    assert list(read_table(location, columns, exclude).columns) == expected


def test_chosen_rows_come_in_pieces(tmp_path: Path) -> None:
    for i in range(3):
        write_table(str(tmp_path / f"{i}.parquet"), TABLE.assign(shard=i))
    batches = list(read_batches(str(tmp_path), ["shard", "x"], pads.field("x") != 2, 1))
    assert {batch.num_rows for batch in batches} == {1}
    found = sorted((batch["shard"][0].as_py(), batch["x"][0].as_py()) for batch in batches)
    assert found == [(shard, x) for shard in range(3) for x in (1, 3)]


def test_a_missing_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_table(str(tmp_path / "nothing.parquet"))


def test_shards_on_s3() -> None:
    with s3_server() as bucket:
        for i in range(2):
            write_table(f"{bucket}/a folder/{i}.parquet", TABLE)
        assert len(read_table(f"{bucket}/a folder")) == 6
        assert read_table(f"{bucket}/a folder/0.parquet")["x"].tolist() == [1, 2, 3]
