"""What the encoder trains on, as batches of pixels and attribute classes.

Either the examples that the examples stage wrote, the same in every epoch (the report's way), or,
with `encoder.fresh_versions`, new versions of the training source images in every epoch, which
every worker has Ray Data tasks make of its own share.

Which rows a worker gets, and in which order, follows from the seed, the epoch and the number of
workers alone: an interrupted training that continues sees what an undisturbed one sees. So the
training rows are shuffled once and cut into one share per worker; an epoch goes through the blocks
of its share in an order of its own and shuffles within a window. (Ray Data's streaming split hands
out blocks as workers ask for them, and its local shuffle gives workers different numbers of
batches, which hangs their all-reduce.)
"""

import itertools
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import ray.data
import torch
from torch import Tensor

from emailimg import encoder, fresh_versions, pixel_columns, ray_data, seeding, splits
from emailimg.config import ClusterConfig, Config
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import EmailimgError

Batch = tuple[Tensor, dict[str, Tensor]]  # uint8 (N, S, S, 3), {head: int64 (N,)}; -1 is unknown

_WINDOW_BYTES = 64 * 2**20  # of pixels that are shuffled together
# Small blocks: a task is done with one before anybody waits for it. A task that makes many holds
# its CPU until they are taken, and the other workers' tasks might be waiting for that CPU.
_BLOCK_BYTES = 8 * 2**20
_READY_BATCHES = 2  # made ahead of the step that takes them


@dataclass(frozen=True)
class TrainingData:
    """Where the data is, and the batches that a worker makes of its share of it.

    examples: how many there are for training. elastic_workers: how many workers there are, where
    that is another number than the config's.
    """

    config: Config
    spec: EncoderSpec
    catalogue_folder: str
    examples_folder: str
    examples: int
    elastic_workers: int | None = None

    @property
    def workers(self) -> int:
        return self.elastic_workers or self.config.encoder.num_workers

    def of(self, workers: int) -> "TrainingData":
        """The same with another number of workers."""
        return replace(self, elastic_workers=workers)

    @property
    def batch_per_worker(self) -> int:
        """Images of a step that one worker takes."""
        pictures = self._pictures_per_row
        return max(1, self.config.encoder.batch_size // self.workers // pictures) * pictures

    @property
    def images_per_step(self) -> int:
        """Images in one optimiser step, over all workers."""
        return self.batch_per_worker * self.workers

    @property
    def steps_per_epoch(self) -> int:
        """Steps of each worker; all have as many, the remainder of the rows is dropped.

        Raises EmailimgError when the training rows do not fill one batch.
        """
        pictures = self._pictures_per_row
        steps = self._rows // self.workers * pictures // self.batch_per_worker
        if steps == 0:
            raise EmailimgError(
                f"{self.examples} training examples do not fill one batch of encoder.batch_size = "
                f"{self.config.encoder.batch_size}; lower it or give more images"
            )
        return steps

    def datasets(self) -> dict[str, Any]:
        """`train` and `validation` for Ray Train, in the object store, shuffled once.

        An epoch then only hands out blocks: reading and shuffling the whole set again for every
        epoch cost more than the training on small sets.
        """
        fresh = self.config.encoder.fresh_versions
        train = (
            fresh_versions.sources(self.config, self.catalogue_folder)
            if fresh
            else self._examples("train")
        )
        seed, cpus = self.config.encoder.seed, self.config.cluster.cpus_per_data_task
        train.context.execution_options.preserve_order = True
        shuffled = train.random_shuffle(seed=seed, num_cpus=cpus).materialize()
        pixels = self.config.images.working_size_px if fresh else self.spec.model_size_px
        blocks = max(1, shuffled.count() * 3 * pixels**2 // _BLOCK_BYTES)
        validation = self._examples("validation")
        validation.context.execution_options.preserve_order = True
        return {
            "train": shuffled.repartition(blocks).materialize(),
            "validation": validation.materialize(),
        }

    def training_batches(
        self, share: ray.data.Dataset, epoch: int, device: torch.device
    ) -> Iterator[Batch]:
        """A worker's batches of an epoch (from 1); share: its part of the training rows."""
        seed = seeding.stable_hash(self.config.encoder.seed, "blocks", epoch) % 2**32
        rows = share.randomize_block_order(seed=seed)
        if self.config.encoder.fresh_versions:
            rows = fresh_versions.of_epoch(rows, self.config, self._tasks(), epoch)
        rows.context.execution_options.preserve_order = True
        windows = rows.iter_batches(batch_size=self._window, batch_format="pyarrow")
        yield from _made_ahead(self._shuffled(windows, epoch, device))

    def validation_batches(
        self, rows: ray.data.DataIterator, rank: int, device: torch.device
    ) -> Iterator[Batch]:
        """Every `workers`-th batch of the validation rows: each row is some worker's, once."""
        size = max(64, self.batch_per_worker)
        batches = rows.iter_batches(batch_size=size, batch_format="pyarrow")
        for batch in itertools.islice(batches, rank, None, self.workers):
            yield self._batch(batch, device)

    @property
    def _rows(self) -> int:
        """Examples, or the source images of which fresh versions are made."""
        fresh = self.config.encoder.fresh_versions
        return self.examples // (self.config.augment.copies + 1) if fresh else self.examples

    @property
    def _pictures_per_row(self) -> int:
        fresh = self.config.encoder.fresh_versions
        return fresh_versions.copies(self.config) + 1 if fresh else 1

    @property
    def _window(self) -> int:
        """Images that are shuffled together: whole batches, a bounded number of bytes."""
        picture = 3 * self.spec.model_size_px**2
        return max(1, _WINDOW_BYTES // (picture * self.batch_per_worker)) * self.batch_per_worker

    def _tasks(self) -> ClusterConfig:
        """This worker's part of the Ray Data tasks."""
        cluster = self.config.cluster
        return cluster.model_copy(update={"data_tasks": max(1, cluster.data_tasks // self.workers)})

    def _examples(self, split: splits.Split) -> ray.data.Dataset:
        folder = splits.folder(self.examples_folder, split)
        return ray_data.read(folder, self.config.cluster, ["pixels", *self.spec.heads])

    def _shuffled(
        self, windows: Iterable[pa.Table], epoch: int, device: torch.device
    ) -> Iterator[Batch]:
        rng = seeding.generator(self.config.encoder.seed, "shuffle", epoch)
        for window in windows:
            order = rng.permutation(window.num_rows)
            for start in range(0, len(order), self.batch_per_worker):
                rows = window.take(order[start : start + self.batch_per_worker])
                yield self._batch(rows, device)

    def _batch(self, rows: pa.Table, device: torch.device) -> Batch:
        pixels = np.array(pixel_columns.squares(rows["pixels"], self.spec.model_size_px))
        columns = {head: rows[head].to_pylist() for head in self.spec.heads}
        targets = encoder.attribute_targets(self.spec, columns)
        return _to_device(torch.from_numpy(pixels), device), {
            head: _to_device(torch.from_numpy(values), device) for head, values in targets.items()
        }


def _to_device(values: Tensor, device: torch.device) -> Tensor:
    if device.type != "cuda":
        return values.to(device)
    # From pinned memory the copy runs beside the step before.
    return values.pin_memory().to(device, non_blocking=True)


def _made_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, made in a thread while the step before is computed."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(_READY_BATCHES)
    given_up = threading.Event()

    def put(item: Batch | BaseException | None) -> bool:
        """Whether somebody is still there to take it."""
        while not given_up.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for batch in batches:
                if not put(batch):
                    return
            put(None)
        except BaseException as error:  # raised again where the batch is taken
            put(error)

    threading.Thread(target=make, name="batches", daemon=True).start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        given_up.set()
