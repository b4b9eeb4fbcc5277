"""The classifiers stage: one gradient-boosted model per target, trained by xgboost-ray.

The only file that imports xgboost_ray. Labels are k successes of n trials: the booster sees the
rate k/n with weight n, which has the same likelihood as n single rows; n = 0 weighs nothing.

Every training runs in a Ray task of its own, because xgboost-ray forces the fork start method on
the process that calls it, and in a placement group of our own: the one that xgboost-ray makes stays
behind with the actors' CPUs when its restarts run out, and Ray keeps it until the driver ends.

The rows go from Parquet to the actors that train on them, each its own part; the process that
starts the training holds none of them.

Output folder: {target}.ubj (XGBoost's own format), classifiers.json (columns, calibration,
validation log-loss).
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow.dataset as pads
import ray
import xgboost
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from emailimg import features, resources, splits, storage, training_rows
from emailimg.calibration import Calibration, fit_calibration
from emailimg.config import ClassifierConfig, Config
from emailimg.errors import BundleError, EmailimgError, TrainingError, parts_of
from emailimg.metrics import log_loss
from emailimg.parquet import column_names, read_batches
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

_INDEX_FILE = "classifiers.json"
_BATCH_ROWS = 65_536

# Part number `part` of `parts`, read in the process that needs it.
PartReader = Callable[[int, int], training_rows.Rows]


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
        if embeddings.shape[1] != self.embedding_width:
            raise BundleError(
                f"classifier {target!r} expects {self.embedding_width} embedding columns, "
                f"got {embeddings.shape[1]}"
            )
        matrix = features.assemble(embeddings, campaign_types, industries)
        raw = self._boosters[target].inplace_predict(matrix)
        return self._calibrations[target].apply(raw)


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
    return _in_own_group.remote(train, settings, embeddings_folder, target)


def boost_task(settings: ClassifierConfig, rows: PartReader) -> "ray.ObjectRef[bytes]":
    """A booster of all rounds, in XGBoost's own format, without the rest of the stage."""
    return _in_own_group.remote(_boost_to_bytes, settings, rows)


@ray.remote(num_cpus=0, max_retries=0)
def _in_own_group(work: Callable[..., Any], settings: ClassifierConfig, *arguments: Any) -> Any:
    """`work(settings, *arguments)` in a task that has room for its actors, which ends with it."""
    bundles = resources.cpu_bundles(settings.num_actors, settings.cpus_per_actor)
    group = placement_group(bundles, strategy="SPREAD")
    inside = PlacementGroupSchedulingStrategy(group, placement_group_capture_child_tasks=True)
    task = ray.remote(work).options(num_cpus=0, max_retries=0, scheduling_strategy=inside)
    try:
        return ray.get(task.remote(settings, *arguments))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    finally:
        remove_placement_group(group)


def _boost_to_bytes(settings: ClassifierConfig, rows: PartReader) -> bytes:
    return bytes(boost(settings, "the booster", rows).save_raw("ubj"))


def train(
    settings: ClassifierConfig,
    embeddings_folder: str,
    target: str,
    callbacks: Sequence[Any] = (),
) -> Trained:
    """Train, calibrate and evaluate one target; call it in a Ray task or trial only.

    Raises EmailimgError when no training or validation row has an observed label, or there are
    fewer rows than actors, and TrainingError when its actors failed too often.
    """
    training_rows.require_observed(embeddings_folder, target, settings.num_actors)
    width = embedding_width(embeddings_folder)
    rows, validation = (
        partial(training_rows.read_part, embeddings_folder, split, target, width)
        for split in ("train", "validation")
    )
    booster = boost(settings, f"target {target!r}", rows, validation, callbacks)
    best = booster[: booster.best_iteration + 1]
    return _evaluate(best, embeddings_folder, target, width)


def boost(
    settings: ClassifierConfig,
    name: str,
    rows: PartReader,
    validation: PartReader | None = None,
    callbacks: Sequence[Any] = (),
) -> xgboost.Booster:
    """xgboost-ray's training; call it in a Ray task or trial only.

    name: what an error calls it; rows: called by every actor for its own part; validation: rows
    for early stopping, without which all rounds are trained.
    Raises TrainingError when the actors failed too often.
    """
    import xgboost_ray

    logging.getLogger("xgboost_ray").setLevel(logging.ERROR)
    evaluation: dict[str, Any] = {}
    if validation is not None:
        evaluation["evals"] = [(_matrix(validation), "validation")]
        evaluation["early_stopping_rounds"] = settings.early_stopping_rounds
    try:
        return xgboost_ray.train(
            parameters(settings),
            _matrix(rows),
            num_boost_round=settings.rounds,
            verbose_eval=False,
            callbacks=list(callbacks),
            ray_params=xgboost_ray.RayParams(
                num_actors=settings.num_actors,
                cpus_per_actor=settings.cpus_per_actor,
                gpus_per_actor=0,
                max_actor_restarts=settings.max_actor_restarts,
            ),
            **evaluation,
        )
    except RuntimeError as error:
        if not isinstance(error.__cause__, ray.exceptions.RayError):
            raise
        raise _in_words(error, settings, name) from error  # its restarts have run out


def _in_words(error: BaseException, settings: ClassifierConfig, name: str) -> EmailimgError:
    """What a user did wrong, where that is what stopped the actors; else that they failed."""
    known = next((part for part in parts_of(error) if isinstance(part, EmailimgError)), None)
    return known or TrainingError(
        f"training of {name}: its actors died or failed more than classifiers.max_actor_restarts = "
        f"{settings.max_actor_restarts} times; raise that where machines come and go, or "
        "classifiers.num_actors where memory has run out. Ray's logs of this session say more"
    )


def parameters(settings: ClassifierConfig) -> dict[str, Any]:
    """XGBoost's names for the settings."""
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


def _matrix(rows: PartReader) -> Any:
    """A matrix of which every actor reads its own part."""
    import xgboost_ray

    class Parts(xgboost_ray.RayDMatrix):
        """Without xgboost-ray's own reading, which takes whole files, and copies all that it reads
        to the object store and back."""

        def assert_enough_shards_for_actors(self, num_actors: int) -> None:
            """There are parts for any number of actors."""

        def get_data(self, rank: int, num_actors: int | None = None) -> dict[str, Any]:
            """The arguments of xgboost.DMatrix, in the actor that asks."""
            part = rows(rank, num_actors or 1)
            return {
                "data": part.features,
                "label": part.rates,
                "weight": part.weights,
                "feature_names": list(part.names),
            }

    # The names are not looked at: they say that the actors read, and that there are labels.
    return Parts(["parts.parquet"], label="rate", weight="weight", distributed=True)


def _evaluate(booster: xgboost.Booster, embeddings_folder: str, target: str, width: int) -> Trained:
    """Calibrate on the validation rows and measure there."""
    raw, successes, trials = _predictions(booster, embeddings_folder, target, width)
    calibration = fit_calibration(raw, successes, trials)
    loss = log_loss(calibration.apply(raw), successes, trials)
    return Trained(
        bytes(booster.save_raw("ubj")), calibration, float(loss), booster.num_boosted_rounds()
    )


def _predictions(
    booster: xgboost.Booster, embeddings_folder: str, target: str, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every observed validation row: raw P(success), successes and trials.

    Features are read a batch at a time: those of millions of rows do not fit into one process.
    """
    columns = [*features.feature_columns(width), f"{target}_k", f"{target}_n"]
    location, observed = splits.folder(embeddings_folder, "validation"), f"{target}_n"
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for rows in read_batches(location, columns, pads.field(observed) > 0, _BATCH_ROWS):
        *values, successes, trials = (column.to_numpy() for column in rows.columns)
        raw = booster.inplace_predict(np.stack(values, axis=1).astype(np.float32, copy=False))
        found.append((raw, successes, trials))
    raw, successes, trials = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return raw, successes, trials


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
    names = column_names(splits.folder(embeddings_folder, "train"))
    return sum(1 for name in names if name[0] == "e" and name[1:].isdigit())
