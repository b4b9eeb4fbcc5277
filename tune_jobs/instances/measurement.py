"""What was measured, and the file that keeps it: `instances.json` grows from cluster to cluster."""

import datetime
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from emailimg import storage
from emailimg.config import Config
from emailimg.config.section import Section
from tune_jobs import kept_measurements

FILE_NAME = "instances.json"
# What a set-up changes, and what does not change the speed of a training.
_NOT_OF_THE_TRAINING = {
    "encoder": {"num_workers", "cpus_per_worker", "threads_per_worker", "use_gpu"}
}


class Measurement(Section):
    """One set-up of the training on one kind of machine.

    cpus, memory_gib, gpus, gpu: of one machine; instance: its name, or its description;
    priced_as: its name where it is known; candidates: names that fit as well as each other;
    batch_size: over all workers; images_per_s: over all workers, None when it failed; epoch_s:
    how long a measured epoch took.
    """

    instance: str
    priced_as: str | None
    candidates: tuple[str, ...] = ()
    processor: str
    cpus: float
    memory_gib: int
    gpus: int
    gpu: str | None
    instances: int
    workers: int
    threads: int
    use_gpu: bool
    batch_size: int
    images_per_s: float | None = Field(gt=0)
    epoch_s: float | None
    failure: str | None
    date: datetime.date
    version: str

    @property
    def units(self) -> int:
        """What computes: GPUs, or threads."""
        return self.workers if self.use_gpu else self.workers * self.threads

    @property
    def setup(self) -> tuple[Any, ...]:
        """Machine and set-up; a new measurement of the same one replaces the old."""
        machine = (self.instance, self.processor, self.cpus, self.gpus)
        return (*machine, self.instances, self.workers, self.threads, self.use_gpu)


class Measurements(Section):
    """The file: of which training, and every set-up that was measured so far."""

    training: dict[str, Any]
    rows: tuple[Measurement, ...] = ()

    def with_row(self, row: Measurement) -> "Measurements":
        kept = [old for old in self.rows if old.setup != row.setup]
        return Measurements(training=self.training, rows=tuple(_in_order([*kept, row])))


def training_of(config: Config) -> dict[str, Any]:
    """The settings that make two measurements comparable."""
    sections = {"source", "images", "augment", "split", "encoder"}
    return config.model_dump(mode="json", include=sections, exclude=_NOT_OF_THE_TRAINING)


def read(folder: str) -> Measurements:
    """What the folder holds; raises ConfigError when it is nothing, or not this benchmark's."""

    def parse(content: Any) -> Measurements:  # beside what is computed from them
        return Measurements.model_validate(
            {name: content[name] for name in Measurements.model_fields}
        )

    return kept_measurements.read(storage.join(folder, FILE_NAME), parse, "this benchmark's")


def open_for(folder: str, config: Config) -> Measurements:
    """What the folder holds of this training, to be added to; nothing when it is new.

    Raises ConfigError when it holds another training's: their rates do not compare.
    """
    training = training_of(config)
    if not storage.exists(storage.join(folder, FILE_NAME)):
        return Measurements(training=training)
    there = read(folder)
    what = "measurements of another training"
    kept_measurements.require_same(folder, what, there.training, training)
    return there


def _in_order(rows: Sequence[Measurement]) -> list[Measurement]:
    return sorted(
        rows,
        key=lambda row: (
            (row.gpus > 0, row.instance, row.processor),
            (row.instances, row.use_gpu, row.threads, row.workers),
        ),
    )
