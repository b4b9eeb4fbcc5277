"""The examples stage: decode, augment, label and split the catalogue's images, by Ray Data.

Output folder: {train,validation,test}/*.parquet, one row per version of a source image:
  example_id, source_id, version, augmentation_class, parameters (JSON), attributes, context,
  {target}_k, {target}_n, {target}_p, pixels: uint8 (S, S, 3) as bytes, S = model_size_px.
All versions of one source image are in one split.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from emailimg import (
    augment,
    catalogue,
    images,
    labels,
    ray_data,
    resources,
    splits,
    storage,
    taxonomy,
    techniques,
)
from emailimg.config import Config, SplitConfig
from emailimg.errors import SourceError
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track

_BATCH_ROWS = 32
_CARRIED = ("class_name", "make", "vehicle_type", "year")


def build(config: Config, catalogue_folder: str, folder: str) -> str:
    """Write the examples of the catalogue to `folder`; returns a summary line."""
    good = read_table(storage.join(catalogue_folder, "catalogue.parquet"), columns=["image_id"])
    _check_splits(config.split, good["image_id"])
    resources.require("examples", resources.data_bundles(config.cluster), config.cluster)
    with track("examples", len(good), "images") as reporter:
        _make_all(config, catalogue_folder, folder, reporter)
    return _summary(folder)


def make_versions(config: Config, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The examples of one catalogue row: the original and `augment.copies` augmented versions."""
    source_id = row["image_id"]
    pixels = images.decode(row["image"], config.images)
    campaign_type, industry = labels.assign_context(config.labels.seed, source_id)
    shared = {name: row[name] for name in _CARRIED} | {
        "source_id": source_id,
        "split": splits.split_of(config.split, source_id),
        "campaign_type": row["campaign_type"] or campaign_type,
        "industry": row["industry"] or industry,
    }
    for version in range(config.augment.copies + 1):
        technique, parameters = techniques.draw_version(config.augment, source_id, version)
        changed = augment.apply(technique, parameters, pixels)
        example = shared | {
            "example_id": f"{source_id}-{version}",
            "version": version,
            "augmentation_class": technique,
            "parameters": json.dumps(parameters),
            "pixels": images.to_model_pixels(changed, config.images.model_size_px).tobytes(),
        }
        yield example | labels.draw_labels(config.labels, example["example_id"], row | example)


def _make_all(config: Config, catalogue_folder: str, folder: str, reporter: Reporter) -> None:
    cluster = config.cluster
    examples = ray_data.map_tasks(
        ray_data.read(storage.join(catalogue_folder, "images"), cluster),
        _make_batch,
        cluster,
        batch_rows=_BATCH_ROWS,
        config=config,
        rejected=catalogue.rejected_uris(catalogue_folder),
        reporter=reporter,
    )
    ray_data.write(examples, folder, cluster, partition_by="split")


def _make_batch(
    batch: pa.Table, config: Config, rejected: pa.Array, reporter: Reporter
) -> pa.Table:
    rows = catalogue.good_rows(batch, rejected).to_pylist()
    examples = [example for row in rows for example in make_versions(config, row)]
    reporter.add(len(rows))
    return pa.Table.from_pylist(examples, schema=_schema(config))


def _schema(config: Config) -> pa.Schema:
    names = "class_name make vehicle_type source_id split campaign_type industry example_id"
    names += " augmentation_class parameters"
    fields = [(name, pa.string()) for name in names.split()]
    fields += [("year", pa.float32()), ("version", pa.int32()), ("pixels", pa.large_binary())]
    for target in config.targets:
        fields += [(f"{target}_k", pa.int64()), (f"{target}_n", pa.int64())]
        fields += [(f"{target}_p", pa.float64())]
    return pa.schema(fields)


def _check_splits(config: SplitConfig, image_ids: Any) -> None:
    sides = [splits.split_of(config, image_id) for image_id in image_ids]
    for split in splits.SPLITS:
        if split not in sides:
            raise SourceError(
                f"{len(sides)} images are too few: none of them falls into the {split} split; "
                "give more images or larger split.test and split.validation"
            )


def _summary(folder: str) -> str:
    counts = {
        split: len(read_table(splits.folder(folder, split), columns=["version"]))
        for split in splits.SPLITS
    }
    parts = ", ".join(f"{rows} {split}" for split, rows in counts.items())
    return (
        f"{sum(counts.values())} examples ({parts}), {len(taxonomy.AUGMENTATION_CLASSES)} classes"
    )


def pixels_of(column: pa.ChunkedArray | pa.Array, side_px: int) -> np.ndarray:
    """The `pixels` column as uint8 (N, S, S, 3), without a copy per row."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not len(column):
        return np.empty((0, side_px, side_px, 3), np.uint8)
    _, offsets, data = column.buffers()
    # Arrow does not promise that the first row's bytes begin at zero.
    width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    start = np.frombuffer(offsets, width, count=column.offset + 1)[-1]
    values = np.frombuffer(data, np.uint8)[start : start + len(column) * side_px * side_px * 3]
    return values.reshape(-1, side_px, side_px, 3)
