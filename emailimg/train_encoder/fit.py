"""One attempt at training: a Ray Train run, and what its failure means."""

from collections.abc import Sequence

import ray.train
from ray.train import (
    CheckpointConfig,
    FailureConfig,
    Result,
    RunConfig,
    ScalingConfig,
    UserCallback,
)
from ray.train.torch import TorchTrainer

from emailimg import storage
from emailimg.errors import TrainingError
from emailimg.fixed_shares import FixedShares
from emailimg.progress import Reporter
from emailimg.train_encoder import checkpoints, failures
from emailimg.train_encoder.batches import TrainingData
from emailimg.train_encoder.loop import SELECTED_BY, Job, train

_KEPT = 2  # the best checkpoint and the newest


def run(
    data: TrainingData, folder: str, reporter: Reporter, callbacks: Sequence[UserCallback] = ()
) -> None:
    """Train from the newest checkpoint in the folder to the last epoch.

    callbacks: of Ray Train, told of every epoch.
    Raises TrainingError, or what a worker raised for the user, when that is not reached.
    """
    runs = storage.join(folder, "runs")
    storage.make_folder(runs)
    job = Job(data, folder, checkpoints.next_attempt(runs), reporter)
    try:
        result = _trainer(job, callbacks).fit()
    except ray.train.TrainingFailedError as error:
        message = failures.in_words(error, data.config.encoder)
        if message is None:
            raise
        raise type(message)(f"{message}; {_left(runs)}") from error
    _check(result, runs)


def _trainer(job: Job, callbacks: Sequence[UserCallback]) -> TorchTrainer:
    settings = job.data.config.encoder
    fs, path = storage.filesystem(job.runs)
    elastic = settings.min_workers is not None
    return TorchTrainer(
        train,  # type: ignore[arg-type]  # which may return something since Train V2
        train_loop_config={"job": job},
        scaling_config=ScalingConfig(  # type: ignore[call-arg]  # the types are of Train V1
            num_workers=(settings.fewest_workers, settings.num_workers)  # type: ignore[arg-type]
            if elastic
            else settings.num_workers,
            elastic_resize_monitor_interval_s=settings.resize_check_s,
            use_gpu=settings.use_gpu,
            resources_per_worker={"CPU": settings.cpus_per_worker}
            | ({"GPU": 1} if settings.use_gpu else {}),
        ),
        run_config=RunConfig(
            name=job.attempt,
            storage_path=path,
            storage_filesystem=fs,
            failure_config=FailureConfig(max_failures=settings.max_failures),
            callbacks=list(callbacks),  # type: ignore[arg-type]  # as above
            checkpoint_config=CheckpointConfig(
                num_to_keep=_KEPT,
                checkpoint_score_attribute=SELECTED_BY,
                checkpoint_score_order="max",
            ),
        ),
        datasets=job.data.datasets(),
        dataset_config=FixedShares(),
    )


def _check(result: Result, runs: str) -> None:
    """A worker that gives up says why: an exception would make Ray Train try the same again."""
    given_up = result.return_value  # type: ignore[attr-defined]  # of Train V2
    if given_up is not None:
        raise TrainingError(f"{given_up}; {_left(runs)}")


def _left(runs: str) -> str:
    newest = checkpoints.newest(runs)
    if newest is None:
        return "there is no checkpoint yet"
    return f"the last good checkpoint is that of epoch {newest.epoch}"
