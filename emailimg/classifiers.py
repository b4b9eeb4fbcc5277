"""The classifiers stage: one gradient-boosted model per target, trained by xgboost-ray.

The only file that imports xgboost_ray. Labels are k successes of n trials: the booster sees the
rate k/n with weight n, which has the same likelihood as n single rows; n = 0 weighs nothing.

Every training runs in a Ray task of its own, because xgboost-ray leaks its placement group when
its restarts run out, and forces the fork start method on the process that calls it.

After it, members trained on bootstrap samples give the interval (see `members`, `intervals`).

Output folder: see `boosters`.
"""

import contextlib
import functools
import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import ray
import xgboost

from emailimg import boosters, calibration, features, members, resources, splits, storage
from emailimg.boosters import Members, Trained
from emailimg.config import ClassifierConfig, Config
from emailimg.errors import EmailimgError
from emailimg.metrics import log_loss
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

# (rounds done, lowest validation log-loss so far in nats, not calibrated)
OnRound = Callable[[int, float], None]


def build(config: Config, embeddings_folder: str, folder: str) -> str:
    """Train one classifier per target with `config.classifiers`; returns a summary line."""
    settings = config.classifiers
    resources.require("classifiers", needs(config), config.cluster)
    with track("classifiers", len(config.targets), "targets") as reporter:
        trained = train_all(settings, embeddings_folder, config.targets, reporter)
    boosters.save(trained, embedding_width(embeddings_folder), folder)
    losses = ", ".join(f"{target} {model.log_loss:.4f}" for target, model in trained.items())
    return f"validation log-loss: {losses}"


def needs(config: Config, at_once: int | None = None) -> list[Bundle]:
    """xgboost-ray's actors of `at_once` trainings (default: `concurrent_targets`)."""
    settings = config.classifiers
    trainings = settings.concurrent_targets if at_once is None else at_once
    return resources.cpu_bundles(settings.num_actors * trainings, settings.cpus_per_actor)


def train_all(
    settings: ClassifierConfig,
    embeddings_folder: str,
    targets: Sequence[str],
    reporter: Reporter | None = None,
) -> dict[str, Trained]:
    """Train several targets, `settings.concurrent_targets` at a time, in the targets' order."""
    waiting = list(targets)
    running: dict[ray.ObjectRef[Trained], str] = {}
    trained: dict[str, Trained] = {}
    while waiting or running:
        while waiting and len(running) < settings.concurrent_targets:
            target = waiting.pop(0)
            running[train_task(settings, embeddings_folder, target)] = target
        [finished], _ = ray.wait(list(running))
        trained[running.pop(finished)] = ray.get(finished)
        if reporter is not None:
            reporter.add(1)
    return {target: trained[target] for target in targets}


def train_task(
    settings: ClassifierConfig, embeddings_folder: str, target: str
) -> "ray.ObjectRef[Trained]":
    """Start the training of one target in a Ray task of its own."""
    return _train.remote(settings, embeddings_folder, target)


# Outside of the placement group of whoever starts it: in that of a trial of Ray Tune there might be
# no room for the actors.
@ray.remote(num_cpus=0, max_retries=0, scheduling_strategy="DEFAULT")
def _train(settings: ClassifierConfig, embeddings_folder: str, target: str) -> Trained:
    trained = train(settings, embeddings_folder, target)
    if not settings.members:
        return trained
    # With CPUs of its own: this task has none, and the actors have given theirs back.
    share = {"num_cpus": settings.cpus_per_actor}
    found = _members.options(**share).remote(settings, embeddings_folder, target, trained)
    return replace(trained, members=ray.get(found))


@ray.remote(max_retries=1)
def _members(
    settings: ClassifierConfig, embeddings_folder: str, target: str, trained: Trained
) -> Members:
    width = embedding_width(embeddings_folder)
    columns = features.feature_columns(width)
    rows, too_wide = members.sample(
        splits.folder(embeddings_folder, "train"),
        ["source_id", *columns, f"{target}_rate", f"{target}_weight"],
    )
    found = members.train(
        parameters(settings), rows, columns, target, trained.rounds, settings.members
    )
    held_out = _held_out_rows(embeddings_folder, target, features.feature_columns(width))
    uncertainty = members.judge(trained, found, too_wide, held_out, columns, target)
    return Members(tuple(found), too_wide, uncertainty)


def train(
    settings: ClassifierConfig,
    embeddings_folder: str,
    target: str,
    on_round: OnRound | None = None,
    at_rounds: Collection[int] = (),
) -> Trained:
    """Train, calibrate and evaluate one target; call it in a Ray task or trial only.

    on_round: told, in this process, of the lowest validation log-loss after each of `at_rounds`.
    Raises EmailimgError when no training row has an observed label.
    """
    width = embedding_width(embeddings_folder)
    with _listening(on_round, at_rounds) as callbacks:
        booster = _boost(settings, embeddings_folder, target, width, callbacks)
    best = booster[: booster.best_iteration + 1]
    return _evaluate(best, embeddings_folder, target, width)


def _boost(
    settings: ClassifierConfig,
    embeddings_folder: str,
    target: str,
    width: int,
    callbacks: list[xgboost.callback.TrainingCallback],
) -> xgboost.Booster:
    import xgboost_ray

    logging.getLogger("xgboost_ray").setLevel(logging.ERROR)
    return xgboost_ray.train(
        parameters(settings),
        _matrix(embeddings_folder, "train", target, width, settings.num_actors),
        num_boost_round=settings.rounds,
        evals=[(_matrix(embeddings_folder, "validation", target, width, settings.num_actors), "v")],
        early_stopping_rounds=settings.early_stopping_rounds,
        verbose_eval=False,
        callbacks=callbacks,
        ray_params=xgboost_ray.RayParams(
            num_actors=settings.num_actors,
            cpus_per_actor=settings.cpus_per_actor,
            gpus_per_actor=0,
            max_actor_restarts=settings.max_actor_restarts,
        ),
    )


_listeners: dict[str, OnRound] = {}  # of the trainings that this process has started


@contextlib.contextmanager
def _listening(
    on_round: OnRound | None, rounds: Collection[int]
) -> Iterator[list[xgboost.callback.TrainingCallback]]:
    """The callbacks of a training; `on_round` itself stays in this process."""
    if on_round is None:
        yield []
        return
    key = uuid.uuid4().hex
    _listeners[key] = on_round
    try:
        yield [_Rounds(key, frozenset(rounds))]
    finally:
        del _listeners[key]


def _tell(key: str, rounds: int, loss: float) -> None:
    if key in _listeners:
        _listeners[key](rounds, loss)


class _Rounds(xgboost.callback.TrainingCallback):
    """Runs in an actor; sends word of some rounds to the process that has started the training."""

    def __init__(self, listener: str, rounds: frozenset[int]) -> None:
        self._listener = listener
        self._rounds = rounds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
        from xgboost_ray import session

        done = epoch + 1
        if done in self._rounds and session.get_actor_rank() == 0:
            loss = min(evals_log["v"]["logloss"])
            session.put_queue(functools.partial(_tell, self._listener, done, float(loss)))
        return False


def parameters(settings: ClassifierConfig) -> dict[str, Any]:
    """The settings in XGBoost's own names."""
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "max_depth": settings.max_depth,
        "eta": settings.learning_rate,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "lambda": settings.reg_lambda,
        "seed": settings.seed,
        "nthread": settings.cpus_per_actor,
    }


def _matrix(folder: str, split: splits.Split, target: str, width: int, num_actors: int) -> Any:
    """A distributed matrix: actors read their own shards where there are enough of them."""
    import xgboost_ray

    label, weight = f"{target}_rate", f"{target}_weight"
    columns = [*features.feature_columns(width), label, weight]
    split_folder = splits.folder(folder, split)
    shards = storage.list_files(split_folder, ".parquet")
    if len(shards) >= num_actors and num_actors > 1:
        return xgboost_ray.RayDMatrix(
            shards,
            label=label,
            weight=weight,
            columns=columns,
            filetype=xgboost_ray.RayFileType.PARQUET,
        )
    table = read_table(split_folder, columns=columns)
    return xgboost_ray.RayDMatrix(table, label=label, weight=weight)


def _evaluate(booster: xgboost.Booster, embeddings_folder: str, target: str, width: int) -> Trained:
    """Calibrate on the validation rows and measure there."""
    rows = _held_out_rows(embeddings_folder, target, features.feature_columns(width))
    raw = booster.inplace_predict(rows[features.feature_columns(width)].to_numpy(np.float32))
    successes, trials = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    choice = calibration.fit_calibration(raw, successes, trials)
    loss = log_loss(choice.calibration.apply(raw), successes, trials)
    return Trained(
        booster=bytes(booster.save_raw("ubj")),
        calibration=choice.calibration,
        log_loss=float(loss),
        rounds=booster.num_boosted_rounds(),
        calibration_log_losses=choice.log_losses,
    )


def base_rate_log_loss(embeddings_folder: str, target: str) -> float:
    """Validation log-loss in nats of who knows the mean of the validation rows and nothing else.

    Raises EmailimgError when no validation row has an observed label.
    """
    rows = _held_out_rows(embeddings_folder, target, [])
    successes, trials = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    mean = np.full(len(rows), successes.sum() / trials.sum())
    return float(log_loss(mean, successes, trials))


def _held_out_rows(embeddings_folder: str, target: str, columns: list[str]) -> pd.DataFrame:
    """The validation rows with an observed label, as uploads; EmailimgError if there are none."""
    wanted = ["source_id", *columns, f"{target}_k", f"{target}_n"]
    rows = read_table(splits.folder(embeddings_folder, "validation"), columns=wanted)
    rows = rows[rows[f"{target}_n"] > 0]
    if rows.empty:
        raise EmailimgError(f"target {target!r} has no observed labels among the validation rows")
    return features.as_uploaded(rows) if columns else rows


def embedding_width(embeddings_folder: str) -> int:
    """D of the embeddings stage's output."""
    names = _column_names(splits.folder(embeddings_folder, "train"))
    return sum(1 for name in names if name[0] == "e" and name[1:].isdigit())


def _column_names(folder: str) -> list[str]:
    import pyarrow.dataset as pads

    fs, path = storage.filesystem(folder)
    return pads.dataset(path, filesystem=fs, format="parquet").schema.names
