"""New versions of the training images in every epoch, drawn by Ray Data.

A network that sees the same thousand pictures ten times learns the pictures instead of the
techniques, so an epoch can be of versions that no other epoch has. Every draw depends on the image
and the number of its version alone, whatever the number of tasks; no torch is imported here,
because Ray Data's tasks would start up with it.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from ray.data import Dataset

from emailimg import (
    augment,
    catalogue,
    dataset,
    images,
    pixel_columns,
    ray_data,
    splits,
    storage,
    versions,
)
from emailimg.config import ClusterConfig, Config

_ROWS_PER_BATCH = 32
_SOURCE_COLUMNS = ["image_id", "vehicle_type", "pixels_height", "pixels_width", "pixels"]
_FIELDS = {
    "augmentation_class": pa.string(),
    "techniques": pa.list_(pa.string()),
    "vehicle_type": pa.string(),
    "pixels": pa.large_binary(),
}


def copies(config: Config) -> int:
    """Versions of a source image in an epoch, beside its original."""
    return config.encoder.fresh_copies or config.augment.copies


def numbers(config: Config, epoch: int) -> list[int]:
    """The versions of an epoch (from 1): the original, 0, and after the written ones its own."""
    first, count = config.augment.copies + 1, copies(config)
    return [0, *range(first + (epoch - 1) * count, first + epoch * count)]


def sources(config: Config, catalogue_folder: str) -> Dataset:
    """The source images of the training side, at working size."""
    return ray_data.map_tasks(
        ray_data.read(
            storage.join(catalogue_folder, "images"),
            config.cluster,
            ["source_uri", *_SOURCE_COLUMNS],
        ),
        _training_sources,
        config.cluster,
        batch_rows=_ROWS_PER_BATCH,
        sides=dataset.split_catalogue(config, catalogue_folder)[0],
        rejected=catalogue.rejected_uris(catalogue_folder),
    )


def of_epoch(rows: Dataset, config: Config, cluster: ClusterConfig, epoch: int) -> Dataset:
    """Of every source image the versions that `numbers` gives this epoch.

    rows: of `sources`. Columns: pixels (S, S, 3) as bytes, and the attributes.
    """
    return ray_data.map_tasks(
        rows, _versions_of, cluster, batch_rows=_ROWS_PER_BATCH, config=config, epoch=epoch
    )


def _training_sources(batch: pa.Table, sides: splits.Sides, rejected: pa.Array) -> pa.Table:
    good = catalogue.good_rows(batch, rejected)
    training = [sides.of(name) == "train" for name in good["image_id"].to_pylist()]
    return good.filter(pa.array(training, pa.bool_())).select(_SOURCE_COLUMNS)


def _versions_of(batch: pa.Table, config: Config, epoch: int) -> pa.Table:
    wanted = numbers(config, epoch)
    rows = [_version(config, row, number) for row in catalogue.iterate(batch) for number in wanted]
    return pixel_columns.table(rows, pa.schema(list(_FIELDS.items())))


def _version(config: Config, row: dict[str, Any], number: int) -> dict[str, Any]:
    steps = versions.draw(config.augment, row["image_id"], number)
    changed: np.ndarray = augment.replay(steps, row["pixels"])
    return versions.attributes(steps) | {
        "vehicle_type": row["vehicle_type"],
        "pixels": images.to_model_pixels(changed, config.images.model_size_px),
    }
