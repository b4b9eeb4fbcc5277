"""The catalogue stage without Ray: one image, one batch's schema, duplicates, too many rejects."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pictures import difference, encode, picture
from s3_server import s3_server

from emailimg import catalogue, images, near_duplicates, sources, storage
from emailimg.config import Config, ImageConfig, SourceConfig
from emailimg.errors import SourceError
from emailimg.parquet import write_table

GOOD = encode(picture(40, 60), "PNG")


class _Reporter:
    def __init__(self) -> None:
        self.done = 0

    def add(self, amount: int, note: str | None = None) -> None:
        self.done += amount


def config_for(folder: Path, **source: Any) -> Config:
    return Config(source=SourceConfig(images=str(folder), **source))


def row_for(file: Path) -> dict[str, Any]:
    return {"source_uri": str(file), "make": "Acura"}


def test_a_good_image_is_described(tmp_path: Path) -> None:
    file = tmp_path / "good.png"
    file.write_bytes(GOOD)
    row = catalogue._read_image(row_for(file), config_for(tmp_path))
    pixels = images.decode(GOOD, ImageConfig())
    thumbnail = row.pop("thumbnail")
    np.testing.assert_array_equal(row.pop("pixels"), pixels)
    assert row == row_for(file) | {
        "format": "PNG",
        "width": 60,
        "height": 40,
        "image_id": images.image_id(GOOD),
        "perceptual_hash": near_duplicates.perceptual_hash(pixels),
        "pixels_height": 40,
        "pixels_width": 60,
    }
    assert difference(images.decode(thumbnail, ImageConfig()), pixels) < 6


def test_pixels_are_at_working_size_and_thumbnails_at_their_own(tmp_path: Path) -> None:
    """One decoding gives both; serving, which decodes alone, sees the same pixels."""
    file = tmp_path / "large.jpg"
    file.write_bytes(encode(picture(700, 1000), "JPEG", quality=95))
    row = catalogue._read_image(row_for(file), config_for(tmp_path))
    assert images.probe(row["thumbnail"], ImageConfig()) == ("JPEG", 320, 224)
    assert (row["pixels_width"], row["pixels_height"]) == (160, 112)
    served = images.decode(file.read_bytes(), ImageConfig())
    np.testing.assert_array_equal(row["pixels"], served)


def test_rows_come_back_with_their_pictures(tmp_path: Path) -> None:
    for name, height in (("a.png", 40), ("b.png", 90)):
        (tmp_path / name).write_bytes(encode(picture(height, 60), "PNG"))
    config = config_for(tmp_path)
    listing = pa.Table.from_pandas(sources.list_images(config.source).rows, preserve_index=False)
    batch = catalogue._read_batch(listing, config, _Reporter())  # type: ignore[arg-type]
    for rows in (batch, batch.slice(1), pa.concat_tables([batch.slice(1), batch])):
        for row in catalogue.iterate(rows):
            height = 40 if row["source_uri"].endswith("a.png") else 90
            assert (row["pixels"] == picture(height, 60)).all()
    [first, _] = catalogue.iterate(batch)
    memory = np.frombuffer(batch["pixels"].chunk(0).buffers()[2], np.uint8)
    assert np.shares_memory(first["pixels"], memory), "not copied"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no picture", "not_an_image"),
        (GOOD[: len(GOOD) // 2], "truncated"),
        (encode(picture(8, 60), "PNG"), "too_small"),
        (encode(picture(200, 200), "PNG"), "too_many_pixels"),
    ],
)
def test_a_bad_image_keeps_its_row_and_gets_a_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "bad.png"
    file.write_bytes(content)
    config = config_for(tmp_path).model_copy(update={"images": ImageConfig(max_pixels=30_000)})
    row = catalogue._read_image(row_for(file), config)
    assert row["reason"] == reason
    assert row["message"]
    assert row["make"] == "Acura"
    assert "pixels" not in row


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path) -> None:
    for file in (tmp_path / "gone.png", tmp_path):
        row = catalogue._read_image(row_for(file), config_for(tmp_path))
        assert row["reason"] == "unreadable"
        assert row["message"].startswith("cannot be read")


def test_images_of_a_bucket_are_read_and_missing_ones_named() -> None:
    with s3_server() as bucket:
        storage.write_bytes(f"{bucket}/photos/a 50%.png", GOOD)
        config = Config(source=SourceConfig(images=f"{bucket}/photos"))
        [row] = sources.list_images(config.source).rows.to_dict("records")
        assert catalogue._read_image(row, config)["image_id"] == images.image_id(GOOD)
        gone = catalogue._read_image({"source_uri": f"{bucket}/photos/b.png"}, config)
        assert gone["reason"] == "unreadable"


def test_batches_have_one_schema_whatever_is_in_them(tmp_path: Path) -> None:
    """A batch of rejects only, or without any attribute, must fit to the others on disk."""
    good, bad = tmp_path / "a.png", tmp_path / "b.png"
    good.write_bytes(GOOD)
    bad.write_bytes(b"no picture")
    config, reporter = config_for(tmp_path), _Reporter()
    listing = pa.Table.from_pandas(sources.list_images(config.source).rows, preserve_index=False)
    tables = [
        catalogue._read_batch(listing.slice(start, 1), config, reporter)  # type: ignore[arg-type]
        for start in range(2)
    ]
    assert tables[0].schema == tables[1].schema
    assert pa.concat_tables(tables)["reason"].to_pylist() == [None, "not_an_image"]
    assert reporter.done == 2


def test_labels_keep_their_counts_in_the_schema() -> None:
    listed = pa.schema(
        [("source_uri", pa.string()), ("year", pa.null()), ("open_rate_k", pa.int64())]
    )
    schema = catalogue._schema(listed)
    assert schema.field("year").type == pa.float32()
    assert schema.field("open_rate_k").type == pa.float64()


@pytest.mark.parametrize(("rows", "tasks"), [(1, 2), (33, 2), (96, 2), (5000, 3), (50_000, 1)])
def test_blocks_hold_every_row_once(rows: int, tasks: int) -> None:
    table = pa.table({"x": list(range(rows))})
    blocks = catalogue._split(table, tasks)
    assert pa.concat_tables(blocks)["x"].to_pylist() == list(range(rows))
    assert max(block.num_rows for block in blocks) <= 4096
    assert min(block.num_rows for block in blocks) > 0


def test_the_second_of_two_equal_files_is_a_duplicate(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "source_uri": ["c", "a", "b", "d", "e"],
            "image_id": ["one", "one", "two", None, None],
            "reason": [None, None, None, "empty", "empty"],
            "message": [None, None, None, "the file is empty", "the file is empty"],
            "pixels": [b"1", b"1", b"2", None, None],
            "thumbnail": None,
        }
    )
    # Two shards, in another order than that of the names.
    write_table(str(tmp_path / "1.parquet"), rows.iloc[:2])
    write_table(str(tmp_path / "2.parquet"), rows.iloc[2:])
    described = catalogue._describe(str(tmp_path))
    assert described["source_uri"].tolist() == ["a", "b", "c", "d", "e"]
    reasons = described.set_index("source_uri")["reason"]
    assert reasons[reasons.notna()].to_dict() == {"c": "duplicate", "d": "empty", "e": "empty"}
    assert described["message"][2] == "same bytes as a"
    assert not {"pixels", "thumbnail"} & set(described)


def test_of_equal_files_the_one_that_was_observed_stays(tmp_path: Path) -> None:
    """Labels of a table would be lost with the file that it names."""
    rows = pd.DataFrame(
        {
            "source_uri": ["a", "b", "c", "d"],
            "image_id": ["one", "one", "one", "two"],
            "reason": None,
            "message": None,
            "open_rate_k": [0.0, 4.0, 1.0, 0.0],
            "open_rate_n": [0.0, 100.0, 50.0, 0.0],
        }
    )
    write_table(str(tmp_path / "1.parquet"), rows)
    described = catalogue._describe(str(tmp_path)).set_index("source_uri")
    assert described["reason"].isna().to_dict() == {"a": False, "b": True, "c": False, "d": True}
    assert described["message"]["a"] == "same bytes as b"
    assert described["message"]["c"] == "same bytes as b; its own labels are left out"


def rejects(bad: int, duplicates: int) -> pd.DataFrame:
    reasons = ["empty"] * bad + ["duplicate"] * duplicates
    return pd.DataFrame(
        {
            "source_uri": [f"/pictures/{i}.jpg" for i in range(len(reasons))],
            "reason": reasons,
            "message": "the file is empty",
        }
    )


@pytest.mark.parametrize(
    ("bad", "duplicates", "summary"),
    [
        (0, 0, "100 images"),
        (10, 0, "90 images, 10 rejected"),
        (0, 60, "40 images, 60 duplicates"),
        (3, 2, "95 images, 3 rejected, 2 duplicates"),
    ],
)
def test_a_few_bad_files_are_counted(bad: int, duplicates: int, summary: str) -> None:
    config = Config(source=SourceConfig(max_reject_share=0.1))
    assert catalogue._check_rejects(config, 100, rejects(bad, duplicates)) == summary


@pytest.mark.parametrize(("bad", "share"), [(11, 0.1), (100, 1.0), (1, 0.0)])
def test_too_many_bad_files_stop_the_run(bad: int, share: float) -> None:
    config = Config(source=SourceConfig(max_reject_share=share))
    with pytest.raises(SourceError, match=f"{bad} of 100 files") as caught:
        catalogue._check_rejects(config, 100, rejects(bad, 0))
    assert "/pictures/0.jpg: the file is empty" in str(caught.value)
