"""What the encoder trains on, as batches of pixels and attribute classes.

Either the examples that the examples stage wrote, the same in every epoch (the report's way), or,
with `encoder.fresh_versions`, every epoch new versions of the training source images: a network
that sees the same thousand pictures ten times learns the pictures instead of the techniques.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data
import ray.train.torch
import torch
from torch import Tensor

from emailimg import (
    augment,
    catalogue,
    dataset,
    encoder,
    images,
    pixel_columns,
    ray_data,
    seeding,
    splits,
    storage,
    versions,
)
from emailimg.config import Config
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import EmailimgError
from emailimg.parquet import read_table

Batch = tuple[Tensor, dict[str, Tensor]]  # uint8 (N, S, S, 3), {head: int64 (N,)}; -1 is unknown

_SHUFFLE_WINDOW = 32  # batches that are shuffled together
_VALIDATION_BATCH = 64
_READ_ROWS = 64
_SOURCE_COLUMNS = ["image_id", "vehicle_type", "pixels_height", "pixels_width", "pixels"]


@dataclass(frozen=True)
class TrainingData:
    """Where the data is, and the batches that one worker makes of its shard of it."""

    config: Config
    spec: EncoderSpec
    catalogue_folder: str
    examples_folder: str

    @property
    def rows_per_batch(self) -> int:
        """Rows of the training shard that make one worker's batch."""
        share = self.config.encoder.batch_size // self.config.encoder.num_workers
        return max(1, share // self._pictures_per_row)

    @property
    def images_per_step(self) -> int:
        """Images in one optimiser step, over all workers."""
        return self.rows_per_batch * self._pictures_per_row * self.config.encoder.num_workers

    def steps_per_epoch(self) -> int:
        """Steps of each worker; all have as many, the remainder of the rows is dropped.

        Raises EmailimgError when the training rows do not fill one batch.
        """
        folder = splits.folder(self.examples_folder, "train")
        examples = len(read_table(folder, columns=["version"]))
        versions = self.config.augment.copies + 1
        rows = examples // versions if self.config.encoder.fresh_versions else examples
        steps = rows // self.config.encoder.num_workers // self.rows_per_batch
        if steps == 0:
            raise EmailimgError(
                f"{examples} training examples do not fill one batch of encoder.batch_size = "
                f"{self.config.encoder.batch_size}; lower it or give more images"
            )
        return steps

    def datasets(self) -> dict[str, Any]:
        """`train` and `validation` for Ray Train, in the object store, shuffled once.

        An epoch then only hands out blocks: reading and shuffling the whole set again for every
        epoch cost more than the training on small sets.
        """
        fresh = self.config.encoder.fresh_versions
        train = self._sources() if fresh else self._examples("train")
        seed, cpus = self.config.encoder.seed, self.config.cluster.cpus_per_data_task
        return {
            "train": train.random_shuffle(seed=seed, num_cpus=cpus).materialize(),
            "validation": self._examples("validation").materialize(),
        }

    def training_batches(self, epoch: int) -> Iterator[Batch]:
        """This worker's batches of an epoch (from 1), shuffled within a window.

        Ray Data's own local shuffle gives workers different numbers of batches, which hangs their
        all-reduce.
        """
        rng = seeding.generator(self.config.encoder.seed, "shuffle", epoch)
        rows_per_batch = self.rows_per_batch
        for chunk in _chunks("train", rows_per_batch * _SHUFFLE_WINDOW):
            order = rng.permutation(chunk.num_rows)
            for start in range(0, len(order), rows_per_batch):
                rows = chunk.take(order[start : start + rows_per_batch])
                if self.config.encoder.fresh_versions:
                    yield self._batch(*self._fresh_versions(rows, epoch))
                else:
                    yield self._batch(*self._as_written(rows))

    def validation_batches(self) -> Iterator[Batch]:
        """All validation rows, in the same order on every worker."""
        for chunk in _chunks("validation", _VALIDATION_BATCH):
            yield self._batch(*self._as_written(chunk))

    @property
    def _pictures_per_row(self) -> int:
        return self.config.augment.copies + 1 if self.config.encoder.fresh_versions else 1

    def _examples(self, split: splits.Split) -> ray.data.Dataset:
        columns = ["pixels", *self.spec.heads]
        folder = splits.folder(self.examples_folder, split)
        return ray_data.read(folder, self.config.cluster, columns)

    def _sources(self) -> ray.data.Dataset:
        """Source images of the training side, at working size."""
        return ray_data.map_tasks(
            ray_data.read(
                storage.join(self.catalogue_folder, "images"),
                self.config.cluster,
                ["source_uri", *_SOURCE_COLUMNS],
            ),
            _training_sources,
            self.config.cluster,
            batch_rows=_READ_ROWS,
            sides=dataset.split_catalogue(self.config, self.catalogue_folder)[0],
            rejected=catalogue.rejected_uris(self.catalogue_folder),
        )

    def _as_written(self, rows: pa.Table) -> tuple[np.ndarray, dict[str, list[Any]]]:
        pixels = pixel_columns.squares(rows["pixels"], self.spec.model_size_px)
        return pixels, {head: rows[head].to_pylist() for head in self.spec.heads}

    def _fresh_versions(
        self, rows: pa.Table, epoch: int
    ) -> tuple[np.ndarray, dict[str, list[Any]]]:
        """The originals, and as many versions as were written, that no other epoch draws."""
        copies = self.config.augment.copies
        numbers = [0, *range(epoch * copies + 1, (epoch + 1) * copies + 1)]
        pixels: list[np.ndarray] = []
        columns: dict[str, list[Any]] = {head: [] for head in self.spec.heads}
        for row in catalogue.iterate(rows):
            for number in numbers:
                steps = versions.draw(self.config.augment, row["image_id"], number)
                changed = augment.replay(steps, row["pixels"])
                pixels.append(images.to_model_pixels(changed, self.spec.model_size_px))
                seen = row | versions.attributes(steps)
                for head, values in columns.items():
                    values.append(seen[head])
        return np.stack(pixels), columns

    def _batch(self, pixels: np.ndarray, columns: dict[str, list[Any]]) -> Batch:
        device = ray.train.torch.get_device()
        targets = encoder.attribute_targets(self.spec, columns)
        return torch.from_numpy(np.array(pixels)).to(device), {
            head: torch.from_numpy(values).to(device) for head, values in targets.items()
        }


def _chunks(split: str, rows: int) -> Iterator[pa.Table]:
    shard = ray.train.get_dataset_shard(split)
    yield from shard.iter_batches(batch_size=rows, batch_format="pyarrow")


def _training_sources(batch: pa.Table, sides: splits.Sides, rejected: pa.Array) -> pa.Table:
    good = catalogue.good_rows(batch, rejected)
    training = [sides.of(name) == "train" for name in good["image_id"].to_pylist()]
    return good.filter(pa.array(training, pa.bool_())).select(_SOURCE_COLUMNS)
