"""One booster, trained by xgboost-ray; the only file that imports it.

Labels are k successes of n trials: the booster sees the rate k/n with weight n, which has the same
likelihood as n single rows; n = 0 weighs nothing.

Every training runs in a Ray task of its own, because xgboost-ray forces the fork start method on
the process that calls it, and in a placement group of our own: the one that xgboost-ray makes stays
behind with the actors' CPUs when its restarts run out, and Ray keeps it until the driver ends.

The rows go from Parquet to the actors that train on them, each its own part; the process that
starts the training holds none of them.
"""

import contextlib
import functools
import logging
import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Any

import ray
import xgboost
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import (
    NodeAffinitySchedulingStrategy,
    PlacementGroupSchedulingStrategy,
)

from emailimg import resources, training_rows
from emailimg.config import ClassifierConfig
from emailimg.errors import EmailimgError, TrainingError, parts_of

# Part number `part` of `parts`, read in the process that needs it.
PartReader = Callable[[int, int], training_rows.Rows]

# (rounds done, lowest validation log-loss so far in nats, not calibrated)
OnRound = Callable[[int, float], None]


def in_own_group(
    work: Callable[..., Any], settings: ClassifierConfig, *arguments: Any
) -> "ray.ObjectRef[Any]":
    """Start `work(settings, *arguments)`, which calls `boost`, in a Ray task of its own.

    A node that dies takes actors with it, or the work, which then begins again.
    """
    # The group is this node's: the one of a task that has died stays until the driver ends.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    task = _in_own_group.options(scheduling_strategy=here)
    return task.remote(work, settings, *arguments)


def boost_task(settings: ClassifierConfig, rows: PartReader) -> "ray.ObjectRef[bytes]":
    """A booster of all rounds, in XGBoost's own format, without the rest of the stage."""
    return in_own_group(_boost_to_bytes, settings, rows)


# Outside of the placement group of whoever starts it: in that of a trial of Ray Tune there might be
# no room for the actors.
@ray.remote(num_cpus=0, max_retries=0)
def _in_own_group(work: Callable[..., Any], settings: ClassifierConfig, *arguments: Any) -> Any:
    """`work(settings, *arguments)` in a task that has room for its actors, which ends with it."""
    bundles = resources.cpu_bundles(settings.num_actors, settings.cpus_per_actor)
    group = placement_group(bundles, strategy="SPREAD")
    inside = PlacementGroupSchedulingStrategy(group, placement_group_capture_child_tasks=True)
    retries = settings.max_actor_restarts
    task = ray.remote(work).options(num_cpus=0, max_retries=retries, scheduling_strategy=inside)
    try:
        return ray.get(task.remote(settings, *arguments))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise _in_words(error, settings, "a classifier") from error
    finally:
        remove_placement_group(group)


def _boost_to_bytes(settings: ClassifierConfig, rows: PartReader) -> bytes:
    return bytes(boost(settings, "the booster", rows).save_raw("ubj"))


def boost(
    settings: ClassifierConfig,
    name: str,
    rows: PartReader,
    validation: PartReader | None = None,
    on_round: OnRound | None = None,
    at_rounds: Collection[int] = (),
) -> xgboost.Booster:
    """xgboost-ray's training; call it in a Ray task or trial only.

    name: what an error calls it; rows: called by every actor for its own part; validation: rows
    for early stopping, without which all rounds are trained; on_round: told, in this process, of
    the lowest validation log-loss after each of `at_rounds`.
    Raises TrainingError when the actors failed too often.
    """
    import xgboost_ray

    logging.getLogger("xgboost_ray").setLevel(logging.ERROR)
    evaluation: dict[str, Any] = {}
    if validation is not None:
        evaluation["evals"] = [(_matrix(validation), "validation")]
        evaluation["early_stopping_rounds"] = settings.early_stopping_rounds
    actors = xgboost_ray.RayParams(
        num_actors=settings.num_actors,
        cpus_per_actor=settings.cpus_per_actor,
        gpus_per_actor=0,
        max_actor_restarts=settings.max_actor_restarts,
    )
    try:
        with _listening(on_round, at_rounds) as callbacks:
            return xgboost_ray.train(
                parameters(settings),
                _matrix(rows),
                num_boost_round=settings.rounds,
                verbose_eval=False,
                callbacks=callbacks,
                ray_params=actors,
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
            loss = min(evals_log["validation"]["logloss"])
            session.put_queue(functools.partial(_tell, self._listener, done, float(loss)))
        return False
