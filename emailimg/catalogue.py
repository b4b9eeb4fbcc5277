"""The catalogue stage: every image of the source, read, decoded once and described, by Ray Data.

Output folder:
  images/*.parquet     one row per listed image: attributes, thumbnail (JPEG) and, at working size,
                       pixels: uint8 (pixels_height, pixels_width, 3) RGB as bytes
  catalogue.parquet    one row per good image, without pictures, sorted by source_uri
  rejects.parquet      source_uri, reason, message of every image that was left out
  source.json          how the source was read, for people

The pixels are kept because decoding is the dearest step of everything that follows, and every
epoch would do it again.
"""

from collections.abc import Iterator
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import ray

from emailimg import (
    images,
    near_duplicates,
    pixel_columns,
    ray_data,
    resources,
    sources,
    storage,
)
from emailimg.config import Config
from emailimg.errors import ImageError, SourceError
from emailimg.parquet import read_table, write_table
from emailimg.progress import Reporter, announce, track

_BATCH_ROWS = 32
_BLOCK_BYTES = 128 * 2**20  # of pixels at the most; what a task holds in memory, and a file
_DUPLICATE = "duplicate"
_PICTURES = ("thumbnail", "pixels")
_THUMBNAIL_QUALITY = 85


def build(config: Config, folder: str) -> str:
    """Write the catalogue of `config.source` to `folder`; returns a summary line."""
    listing = sources.list_images(config.source)
    announce(listing.notes)
    storage.write_json(storage.join(folder, "source.json"), {"notes": listing.notes})
    resources.require("catalogue", resources.data_bundles(config.cluster), config.cluster)
    with track("catalogue", len(listing.rows), "images") as reporter:
        _read_all(config, listing.rows, storage.join(folder, "images"), reporter)
    described = _describe(storage.join(folder, "images"))
    good, rejects = described[described["reason"].isna()], described[described["reason"].notna()]
    write_table(storage.join(folder, "catalogue.parquet"), good.drop(columns=["reason", "message"]))
    write_table(
        storage.join(folder, "rejects.parquet"), rejects[["source_uri", "reason", "message"]]
    )
    return _check_rejects(config, len(described), rejects)


def rejected_uris(folder: str) -> pa.Array:
    """source_uri of every listed image that was left out; few, unlike the good ones."""
    return pa.array(read_table(storage.join(folder, "rejects.parquet"))["source_uri"], pa.string())


def good_rows(batch: pa.Table, rejected: pa.Array) -> pa.Table:
    """The rows of `images/` that belong to the catalogue."""
    out = pc.is_in(batch["source_uri"], rejected)
    # Of a batch without any, which is nearly every one, no copy is made.
    return batch.filter(pc.invert(out)) if pc.any(out).as_py() else batch


def iterate(batch: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows of `images/` with `pixels` as a read-only uint8 (H, W, 3) array, not copied."""
    sizes = [batch[name].to_pylist() for name in ("pixels_height", "pixels_width")]
    pictures = pixel_columns.pictures(batch["pixels"], *sizes)
    rows = batch.drop_columns(["pixels"]).to_pylist()
    for row, pixels in zip(rows, pictures, strict=True):
        yield row | {"pixels": pixels}


def _read_all(config: Config, listing: pd.DataFrame, folder: str, reporter: Reporter) -> None:
    cluster = config.cluster
    listed = pa.Table.from_pandas(listing, preserve_index=False)
    rows = ray.data.from_arrow(_split(listed, _rows_per_block(config, len(listing))))
    read = ray_data.map_tasks(
        rows, _read_batch, cluster, batch_rows=_BATCH_ROWS, config=config, reporter=reporter
    )
    ray_data.write(read, folder, cluster)


def _rows_per_block(config: Config, images: int) -> int:
    """A few blocks per task, so that a slow one does not hold up the stage; none of them large."""
    fair = -(-images // (4 * config.cluster.data_tasks))
    most = _BLOCK_BYTES // (3 * config.images.working_size_px**2)
    return min(max(_BATCH_ROWS, fair), max(1, most))


def _split(table: pa.Table, rows: int) -> list[pa.Table]:
    return [table.slice(start, rows) for start in range(0, table.num_rows, rows)]


def _read_batch(batch: pa.Table, config: Config, reporter: Reporter) -> pa.Table:
    rows = [_read_image(row, config) for row in batch.to_pylist()]
    reporter.add(len(rows))
    return pixel_columns.table(rows, _schema(batch.schema))


def _read_image(row: dict[str, Any], config: Config) -> dict[str, Any]:
    """The row with the image's pictures and properties, or with the reason why it is left out."""
    try:
        data = sources.load(row, config.source, config.images)
        image_format, width, height = images.probe(data, config.images)
        rgb = images.read_rgb(data, config.images)
    except ImageError as error:
        return row | {"reason": error.reason, "message": str(error)}
    except OSError as error:
        return row | {
            "reason": "unreadable",
            "message": f"cannot be read: {error.strerror or error}",
        }
    properties = {"format": image_format, "width": width, "height": height}
    return row | properties | {"image_id": images.image_id(data)} | _pictures(rgb, config)


def _pictures(rgb: np.ndarray, config: Config) -> dict[str, Any]:
    pixels = images.to_working_size(rgb, config.images.working_size_px)
    thumbnail = images.to_working_size(rgb, config.images.thumbnail_size_px)
    return {
        "perceptual_hash": near_duplicates.perceptual_hash(pixels),
        "thumbnail": images.encode_jpeg(thumbnail, _THUMBNAIL_QUALITY),
        "pixels_height": pixels.shape[0],
        "pixels_width": pixels.shape[1],
        "pixels": pixels,
    }


def _schema(listed: pa.Schema) -> pa.Schema:
    """One schema for all blocks: a block whose column is all null would get another type."""
    fields = []
    for field in listed:
        if field.name == "year":
            fields.append(pa.field("year", pa.float32()))
        elif field.name in ("source_uri", *sources.TEXT_ATTRIBUTES):
            fields.append(pa.field(field.name, pa.string()))
        else:
            fields.append(pa.field(field.name, pa.float64()))
    added: list[tuple[str, pa.DataType]] = [
        (name, pa.string()) for name in ("reason", "message", "format", "image_id")
    ]
    sizes = ["width", "height", "pixels_height", "pixels_width"]
    added += [(name, pa.int32()) for name in sizes]
    added += [("perceptual_hash", pa.binary(32)), ("thumbnail", pa.binary())]
    return pa.schema([*fields, *starmap(pa.field, added), ("pixels", pa.large_binary())])


def _describe(folder: str) -> pd.DataFrame:
    """All rows without pictures, sorted; of equal files all but one are rejects.

    The one that was observed most stays, so that a table's labels are not lost.
    """
    table = read_table(folder, exclude=_PICTURES).sort_values("source_uri", ignore_index=True)
    observed = table.filter(regex="_n$").sum(axis=1)
    most_observed_first = table.loc[observed.sort_values(ascending=False, kind="stable").index]
    kept = most_observed_first.drop_duplicates("image_id").set_index("image_id")["source_uri"]
    named = table["image_id"].notna()
    stays = table["image_id"].map(kept[kept.index.notna()]) == table["source_uri"]
    for row in table.index[named & ~stays]:
        lost = "; its own labels are left out" if observed[row] > 0 else ""
        message = f"same bytes as {kept[table.loc[row, 'image_id']]}{lost}"
        table.loc[row, ["reason", "message"]] = [_DUPLICATE, message]
    return table


def _check_rejects(config: Config, listed: int, rejects: pd.DataFrame) -> str:
    """The summary line; raises SourceError when too many files are bad (duplicates are not)."""
    bad = rejects[rejects["reason"] != _DUPLICATE]
    good = listed - len(rejects)
    if good == 0 or len(bad) > config.source.max_reject_share * listed:
        examples = "; ".join(f"{row.source_uri}: {row.message}" for row in bad.head(3).itertuples())
        raise SourceError(
            f"{len(bad)} of {listed} files are no usable images, more than "
            f"source.max_reject_share = {config.source.max_reject_share:g} allows; e.g. {examples}"
        )
    duplicates = len(rejects) - len(bad)
    extra = f", {len(bad)} rejected" if len(bad) else ""
    return f"{good} images{extra}" + (f", {duplicates} duplicates" if duplicates else "")
