"""The classifiers stage: per target gradient-boosted trees over embedding and context.

A target's classifier is a booster, or with `classifiers.seeds` several that differ in their seed
and are averaged in log-odds; calibrated on the validation rows; with members trained on bootstrap
samples for its interval (see `boosting`, `calibration`, `members`, `intervals`). Of the differences
that edits are predicted to make it is measured how much holds up (`edit_slope`).

Output folder: see `boosters`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import ray
import xgboost

from emailimg import (
    boosters,
    boosting,
    calibration,
    edit_slope,
    features,
    held_out,
    members,
    resources,
    splits,
    training_rows,
)
from emailimg.boosters import Members, Trained
from emailimg.boosting import OnRound
from emailimg.config import ClassifierConfig, Config
from emailimg.metrics import log_loss
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

_BATCH_ROWS = 65_536


def build(config: Config, embeddings_folder: str, folder: str) -> str:
    """Train one classifier per target with `config.classifiers`; returns a summary line."""
    settings = config.classifiers
    resources.require("classifiers", needs(config), config.cluster)
    with track("classifiers", len(config.targets), "targets") as reporter:
        trained = train_all(settings, embeddings_folder, config.targets, reporter)
    boosters.save(trained, features.embedding_width(embeddings_folder), folder)
    losses = ", ".join(f"{target} {model.log_loss:.4f}" for target, model in trained.items())
    return f"validation log-loss: {losses}"


def needs(config: Config, at_once: int | None = None) -> list[Bundle]:
    """xgboost-ray's actors of `at_once` trainings (default: `concurrent_targets`)."""
    settings = config.classifiers
    most = min(settings.concurrent_targets, len(config.targets))
    trainings = most if at_once is None else at_once
    return resources.cpu_bundles(settings.num_actors * trainings, settings.cpus_per_actor)


def train_all(
    settings: ClassifierConfig,
    embeddings_folder: str,
    targets: Sequence[str],
    reporter: Reporter | None = None,
) -> dict[str, Trained]:
    """Train several targets, `settings.concurrent_targets` at a time, in the targets' order.

    Raises what `train` raises; then no other target's training goes on.
    """
    waiting = list(targets)
    running: dict[ray.ObjectRef[Trained], str] = {}
    trained: dict[str, Trained] = {}
    while waiting or running:
        while waiting and len(running) < settings.concurrent_targets:
            target = waiting.pop(0)
            running[train_task(settings, embeddings_folder, target)] = target
        [finished], _ = ray.wait(list(running))
        target = running.pop(finished)
        try:
            trained[target] = ray.get(finished)
        except ray.exceptions.RayTaskError as error:
            for other in running:
                ray.cancel(other)
            raise error.cause from error
        if reporter is not None:
            reporter.add(1)
    return {target: trained[target] for target in targets}


def train_task(
    settings: ClassifierConfig, embeddings_folder: str, target: str
) -> "ray.ObjectRef[Trained]":
    """Start the training of one target in a Ray task of its own."""
    return boosting.in_own_group(_train, settings, embeddings_folder, target)


def _train(settings: ClassifierConfig, embeddings_folder: str, target: str) -> Trained:
    trained = train(settings, embeddings_folder, target)
    if not settings.members:
        return trained
    # With CPUs of its own: this task has none, and the actors have given theirs back.
    task = _members.options(num_cpus=settings.cpus_per_actor)
    return replace(
        trained, members=ray.get(task.remote(settings, embeddings_folder, trained, target))
    )


@ray.remote(max_retries=1)
def _members(
    settings: ClassifierConfig, embeddings_folder: str, trained: Trained, target: str
) -> Members:
    width = features.embedding_width(embeddings_folder)
    columns = features.feature_columns(width)
    rows, too_wide = members.sample(
        splits.folder(embeddings_folder, "train"),
        ["source_id", *columns, f"{target}_rate", f"{target}_weight"],
    )
    found = members.train(
        boosting.parameters(settings), rows, columns, target, trained.rounds, settings.members
    )
    judged = [[*trained.boosters], *([file] for file in found)]
    held = held_out.predict(
        [[_load(f) for f in files] for files in judged], embeddings_folder, target
    )
    return Members(tuple(found), too_wide, members.judge(trained.calibration, too_wide, held))


def train(
    settings: ClassifierConfig,
    embeddings_folder: str,
    target: str,
    on_round: OnRound | None = None,
    at_rounds: Collection[int] = (),
) -> Trained:
    """Train, calibrate and evaluate one target; call it in a Ray task or trial only.

    on_round: told, in this process, of the lowest validation log-loss after each of `at_rounds`.
    Raises EmailimgError when no training or validation row has an observed label, or there are
    fewer rows than actors, and TrainingError when its actors failed too often.
    """
    training_rows.require_observed(embeddings_folder, target, settings.num_actors)
    width = features.embedding_width(embeddings_folder)
    rows, validation = (
        partial(training_rows.read_part, embeddings_folder, split, target, width)
        for split in ("train", "validation")
    )
    found = []
    for number in range(settings.seeds):
        own = settings.model_copy(update={"seed": settings.seed + number})
        heard = (on_round, at_rounds) if number == 0 else (None, ())
        booster = boosting.boost(own, f"target {target!r}", rows, validation, *heard)
        found.append(booster[: booster.best_iteration + 1])
    return _evaluate(found, embeddings_folder, target)


def _evaluate(found: list[xgboost.Booster], embeddings_folder: str, target: str) -> Trained:
    """Calibrate on the validation rows and measure there."""
    held = held_out.predict([found], embeddings_folder, target)
    labels = held.successes, held.trials
    choice = calibration.fit_calibration(held.said[0], *labels)
    slope = edit_slope.measure(found, choice.calibration, embeddings_folder, target)
    loss = log_loss(choice.calibration.apply(held.said[0]), *labels)
    return Trained(
        boosters=tuple(bytes(booster.save_raw("ubj")) for booster in found),
        calibration=choice.calibration,
        log_loss=float(loss),
        rounds=found[0].num_boosted_rounds(),
        calibration_log_losses=choice.log_losses,
        edit_slope=slope,
    )


def _load(file: bytes) -> xgboost.Booster:
    return xgboost.Booster(model_file=bytearray(file))
