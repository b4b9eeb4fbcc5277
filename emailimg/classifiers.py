"""The classifiers stage: one gradient-boosted model per target, trained by xgboost-ray.

The only file that imports xgboost_ray. Labels are k successes of n trials: the booster sees the
rate k/n with weight n, which has the same likelihood as n single rows; n = 0 weighs nothing.

Every training runs in a Ray task of its own, because xgboost-ray leaks its placement group when
its restarts run out, and forces the fork start method on the process that calls it.

Output folder: {target}.ubj (XGBoost's own format), classifiers.json (columns, calibration,
validation log-loss).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import ray
import xgboost

from emailimg import contributions, features, resources, splits, storage
from emailimg.calibration import Calibration, fit_calibration
from emailimg.config import ClassifierConfig, Config
from emailimg.contributions import Shares
from emailimg.errors import BundleError, EmailimgError
from emailimg.metrics import log_loss
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

_INDEX_FILE = "classifiers.json"


@dataclass(frozen=True)
class Trained:
    """One target's booster as bytes, its calibration and its validation log-loss in nats."""

    booster: bytes
    calibration: Calibration
    log_loss: float
    rounds: int


class Classifiers:
    """The trained models of all targets; maps features to calibrated probabilities."""

    def __init__(
        self, boosters: dict[str, xgboost.Booster], calibrations: dict[str, Calibration], width: int
    ) -> None:
        self._boosters = boosters
        self._calibrations = calibrations
        self.embedding_width = width

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self._boosters)

    def predict(
        self,
        target: str,
        embeddings: np.ndarray,
        campaign_types: Sequence[str],
        industries: Sequence[str],
    ) -> np.ndarray:
        """float32 (N, D) embeddings and N contexts -> calibrated P(success), float64 (N,).

        Raises BundleError when the embedding has another width than the models were trained on.
        """
        matrix = self._matrix(target, embeddings, campaign_types, industries)
        raw = self._boosters[target].inplace_predict(matrix)
        return self._calibrations[target].apply(raw)

    def explain(
        self,
        target: str,
        embeddings: np.ndarray,
        campaign_types: Sequence[str],
        industries: Sequence[str],
    ) -> Shares:
        """What each column adds to the log-odds of `predict`'s answers; same errors."""
        matrix = self._matrix(target, embeddings, campaign_types, industries)
        return contributions.shares(self._boosters[target], self._calibrations[target], matrix)

    def _matrix(
        self,
        target: str,
        embeddings: np.ndarray,
        campaign_types: Sequence[str],
        industries: Sequence[str],
    ) -> np.ndarray:
        if embeddings.shape[1] != self.embedding_width:
            raise BundleError(
                f"classifier {target!r} expects {self.embedding_width} embedding columns, "
                f"got {embeddings.shape[1]}"
            )
        return features.assemble(embeddings, campaign_types, industries)


def build(config: Config, embeddings_folder: str, folder: str) -> str:
    """Train one classifier per target with `config.classifiers`; returns a summary line."""
    settings = config.classifiers
    resources.require("classifiers", needs(config), config.cluster)
    with track("classifiers", len(config.targets), "targets") as reporter:
        trained = train_all(settings, embeddings_folder, config.targets, reporter)
    save(trained, embedding_width(embeddings_folder), folder)
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


@ray.remote(num_cpus=0, max_retries=0)
def _train(settings: ClassifierConfig, embeddings_folder: str, target: str) -> Trained:
    return train(settings, embeddings_folder, target)


def train(
    settings: ClassifierConfig,
    embeddings_folder: str,
    target: str,
    callbacks: Sequence[Any] = (),
) -> Trained:
    """Train, calibrate and evaluate one target; call it in a Ray task or trial only.

    Raises EmailimgError when no training row has an observed label.
    """
    import xgboost_ray

    logging.getLogger("xgboost_ray").setLevel(logging.ERROR)
    width = embedding_width(embeddings_folder)
    booster = xgboost_ray.train(
        _parameters(settings),
        _matrix(embeddings_folder, "train", target, width, settings.num_actors),
        num_boost_round=settings.rounds,
        evals=[(_matrix(embeddings_folder, "validation", target, width, settings.num_actors), "v")],
        early_stopping_rounds=settings.early_stopping_rounds,
        verbose_eval=False,
        callbacks=list(callbacks),
        ray_params=xgboost_ray.RayParams(
            num_actors=settings.num_actors,
            cpus_per_actor=settings.cpus_per_actor,
            gpus_per_actor=0,
            max_actor_restarts=settings.max_actor_restarts,
        ),
    )
    best = booster[: booster.best_iteration + 1]
    return _evaluate(best, embeddings_folder, target, width)


def _parameters(settings: ClassifierConfig) -> dict[str, Any]:
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
    columns = [*features.feature_columns(width), f"{target}_k", f"{target}_n"]
    split_folder = splits.folder(embeddings_folder, "validation")
    rows = read_table(split_folder, columns=columns)
    rows = rows[rows[f"{target}_n"] > 0]
    if rows.empty:
        raise EmailimgError(f"target {target!r} has no observed labels among the validation rows")
    raw = booster.inplace_predict(rows[features.feature_columns(width)].to_numpy(np.float32))
    successes, trials = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    calibration = fit_calibration(raw, successes, trials)
    loss = log_loss(calibration.apply(raw), successes, trials)
    return Trained(
        bytes(booster.save_raw("ubj")), calibration, float(loss), booster.num_boosted_rounds()
    )


def save(trained: dict[str, Trained], width: int, folder: str) -> None:
    """Write boosters and their index to a folder."""
    index: dict[str, Any] = {"embedding_width": width, "targets": {}}
    for target, model in trained.items():
        storage.write_bytes(storage.join(folder, f"{target}.ubj"), model.booster)
        index["targets"][target] = {
            "calibration": asdict(model.calibration),
            "validation_log_loss": model.log_loss,
            "rounds": model.rounds,
        }
    storage.write_json(storage.join(folder, _INDEX_FILE), index)


def load_trained(folder: str) -> dict[str, Trained]:
    """What `save` wrote, per target."""
    index = read_index(folder)
    return {
        target: Trained(
            booster=storage.read_bytes(storage.join(folder, f"{target}.ubj")),
            calibration=Calibration(**entry["calibration"]),
            log_loss=entry["validation_log_loss"],
            rounds=entry["rounds"],
        )
        for target, entry in index["targets"].items()
    }


def read_index(folder: str) -> dict[str, Any]:
    """`embedding_width` and per target calibration and validation log-loss."""
    location = storage.join(folder, _INDEX_FILE)
    if not storage.exists(location):
        raise BundleError(f"no classifiers in {folder!r}: {_INDEX_FILE} is missing")
    return json.loads(storage.read_bytes(location))


def load(folder: str, threads: int = 1) -> Classifiers:
    """The classifiers of a folder, ready to predict; raises BundleError when a part is missing."""
    width = read_index(folder)["embedding_width"]
    boosters, calibrations = {}, {}
    for target, model in load_trained(folder).items():
        booster = xgboost.Booster({"nthread": threads})
        booster.load_model(bytearray(model.booster))
        expected = width + len(features.CONTEXT_COLUMNS)
        if booster.num_features() != expected:
            raise BundleError(
                f"classifier {target!r} expects {booster.num_features()} features, got {expected}"
            )
        boosters[target], calibrations[target] = booster, model.calibration
    return Classifiers(boosters, calibrations, width)


def embedding_width(embeddings_folder: str) -> int:
    """D of the embeddings stage's output."""
    names = _column_names(splits.folder(embeddings_folder, "train"))
    return sum(1 for name in names if name[0] == "e" and name[1:].isdigit())


def _column_names(folder: str) -> list[str]:
    import pyarrow.dataset as pads

    fs, path = storage.filesystem(folder)
    return pads.dataset(path, filesystem=fs, format="parquet").schema.names
