"""The loop that every worker runs: epochs of training, validation and a checkpoint."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import ray.data
import ray.train
import ray.train.collective
import ray.train.torch
import torch
from ray.train.v2.api.report_config import CheckpointUploadMode
from torch import Tensor, nn

from emailimg import encoder_weights, storage
from emailimg.encoder import Encoder
from emailimg.progress import Reporter
from emailimg.train_encoder import (
    checkpoints,
    curves,
    failures,
    objective,
    optimisation,
    precision,
)
from emailimg.train_encoder.batches import Batch, TrainingData
from emailimg.train_encoder.checkpoints import History, Training
from emailimg.train_encoder.objective import Sums

SELECTED_BY = "score"

_STEPS_BETWEEN_CHECKS = 50  # that the loss is finite; every check makes the device wait


@dataclass(frozen=True)
class Job:
    """What all workers of an attempt are told. folder: of the stage."""

    data: TrainingData
    folder: str
    attempt: str
    reporter: Reporter

    @property
    def runs(self) -> str:
        return storage.join(self.folder, "runs")


class _DivergedError(Exception):
    """On all workers at the same step."""


@dataclass
class _Waiting:
    """Seconds that the loop has waited for its batches."""

    seconds: float = 0.0

    def through(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        iterator = iter(batches)
        while True:
            started = time.monotonic()
            batch = next(iterator, None)
            self.seconds += time.monotonic() - started
            if batch is None:
                return
            yield batch


@dataclass
class _Pass:
    """What came out of one pass over the training rows."""

    means: dict[str, float]
    seconds: float
    waited_s: float
    losses: list[tuple[int, float]] = field(default_factory=list)  # (step of the epoch, loss)


def train(config: dict[str, Any]) -> str | None:
    """Ray Train's training function; returns why training was given up, or None."""
    job: Job = config["job"]
    settings = job.data.config.encoder
    try:
        _Worker(job).run()
    except _DivergedError as error:
        return str(error)
    except Exception as error:
        message = failures.in_words(error, settings)
        raise message or error from error
    return None


class _Worker:
    """One worker's model and share of the data."""

    def __init__(self, job: Job) -> None:
        context = ray.train.get_context()
        self.rank = context.get_world_rank()
        self.data = job.data.of(context.get_world_size())
        self.settings = settings = job.data.config.encoder
        self.job = job
        precision.prepare(settings)
        self.device = ray.train.torch.get_device()
        bare = encoder_weights.create(job.data.spec, settings.weights)
        self.model: nn.Module = ray.train.torch.prepare_model(bare)
        if settings.compile:
            self.model.compile()
        optimizer = optimisation.optimizer(settings, self.model)
        schedule = optimisation.Schedule(settings, optimizer, self.data.steps_per_epoch)
        scaler = precision.gradient_scaler(settings, self.device)
        self.training = Training(_bare(self.model), optimizer, schedule, scaler)

    def run(self) -> None:
        """Every epoch that no checkpoint holds yet."""
        history = self._resume()
        share = ray.train.get_dataset_shard("train").materialize()
        for epoch in range(len(history) + 1, self.settings.epochs + 1):
            passed = self._train_epoch(share, epoch)
            started = time.monotonic()
            means = self._validate()
            validation_s = time.monotonic() - started
            if not math.isfinite(means["loss"]):  # the very last step spoilt the weights
                steps = self.data.steps_per_epoch
                raise _DivergedError(failures.loss_is_not_finite(epoch, steps, self.settings))
            rate = self.training.schedule.learning_rate
            self.training.schedule.after_epoch(means[self.data.spec.augmentation_head])
            record = self._record(epoch, passed, means, rate)
            history.append(record | {"validation_seconds": validation_s})
            self._report(history, passed)

    def _resume(self) -> History:
        """Continue from the newest checkpoint of any attempt, the same on every worker."""
        found = checkpoints.newest(self.job.runs) if self.rank == 0 else None
        if self.rank == 0:
            done = 0 if found is None else found.epoch
            images = done * self.data.steps_per_epoch * self.data.images_per_step
            self.job.reporter.begin_at(images)
        location = ray.train.collective.broadcast_from_rank_zero(found and found.location)
        return [] if location is None else checkpoints.load(location, self.training)

    def _train_epoch(self, share: ray.data.Dataset, epoch: int) -> _Pass:
        self.model.train()
        sums = Sums(list(self.data.spec.heads), self.device)
        waiting, losses = _Waiting(), []
        note = f"epoch {epoch}/{self.settings.epochs}"
        steps = self.data.steps_per_epoch
        batches = self.data.training_batches(share, epoch, self.device)
        started = time.monotonic()
        for step, (pixels, targets) in enumerate(waiting.through(batches), start=1):
            loss, logits = self._step(pixels, targets)
            sums.add(loss, logits, targets)
            losses.append(loss.detach())
            self.job.reporter.add(len(pixels), note)
            if step % _STEPS_BETWEEN_CHECKS == 0 or step == steps:
                self._check(sums, epoch, step)
            if step == steps:
                break  # what is left is no whole batch
        means = sums.means()
        seconds = time.monotonic() - started
        return _Pass(means, seconds, waiting.seconds, curves.thinned(losses))

    def _step(self, pixels: Tensor, targets: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        training, settings = self.training, self.settings
        training.optimizer.zero_grad(set_to_none=True)
        with precision.autocast(settings, self.device):
            logits = self.model(pixels)
        loss = objective.loss(settings, logits, targets, settings.label_smoothing)
        training.scaler.scale(loss).backward()
        training.scaler.step(training.optimizer)
        training.scaler.update()
        training.schedule.after_step()
        return loss, logits

    def _check(self, sums: Sums, epoch: int, step: int) -> None:
        if not sums.is_finite():
            raise _DivergedError(failures.loss_is_not_finite(epoch, step, self.settings))

    @torch.inference_mode()
    def _validate(self) -> dict[str, float]:
        """Without smoothing; every row is counted by exactly one worker, whatever their number."""
        self.model.eval()
        sums = Sums(list(self.data.spec.heads), self.device)
        rows = ray.train.get_dataset_shard("validation")
        for pixels, targets in self.data.validation_batches(rows, self.rank, self.device):
            with precision.autocast(self.settings, self.device):
                logits = self.training.model(pixels)
            sums.add(objective.loss(self.settings, logits, targets), logits, targets)
        return sums.means()

    def _record(
        self, epoch: int, passed: _Pass, means: dict[str, float], rate: float
    ) -> dict[str, Any]:
        """What the history says of an epoch; times in seconds, of the training pass alone."""
        augmentation = self.data.spec.augmentation_head
        images = self.data.steps_per_epoch * self.data.images_per_step
        return {
            "epoch": epoch,
            "train_loss": passed.means["loss"],
            "train_accuracy": passed.means[augmentation],
            "validation_loss": means["loss"],
            "validation_accuracy": means[augmentation],
            **{f"validation_accuracy_{head}": means[head] for head in self.data.spec.heads},
            "learning_rate": rate,
            "seconds": passed.seconds,
            "images_per_s": images / passed.seconds,
            "data_wait_s": passed.waited_s,
            "workers": self.data.workers,
            "batch_per_worker": self.data.batch_per_worker,
            "precision": str(precision.choose(self.settings, self.device)).removeprefix("torch."),
        }

    def _report(self, history: History, passed: _Pass) -> None:
        """Tell Ray Train of the epoch; rank 0 writes the checkpoint first."""
        heads = [history[-1][f"validation_accuracy_{head}"] for head in self.data.spec.heads]
        metrics = history[-1] | {SELECTED_BY: float(np.mean(heads))}
        checkpoint = None
        if self.rank == 0:
            written = checkpoints.write(
                self.job.runs, self.job.attempt, self.training, history, metrics[SELECTED_BY]
            )
            curves.write(self.job.folder, history[-1], passed.losses, self.data.steps_per_epoch)
            checkpoint = written.for_ray
        ray.train.report(
            metrics, checkpoint=checkpoint, checkpoint_upload_mode=CheckpointUploadMode.NO_UPLOAD
        )


def _bare(model: nn.Module) -> Encoder:
    """The encoder inside what Ray Train wraps around it for several workers."""
    module = model.module if hasattr(model, "module") else model
    assert isinstance(module, Encoder)
    return module
