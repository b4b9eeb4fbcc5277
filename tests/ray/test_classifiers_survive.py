"""Actors of xgboost-ray that are killed: another takes over, or the training ends cleanly."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import ray
import xgboost
from embeddings_factory import write_embeddings
from ray_processes import doing

from emailimg import boosting, calibration, classifiers, metrics, splits, training_rows
from emailimg.config import ClassifierConfig
from emailimg.errors import EmailimgError, TrainingError
from emailimg.parquet import read_table

pytestmark = pytest.mark.usefixtures("ray_cluster")

_BOOSTING = b"ray::_RemoteRayXGBoostActor.train"
WIDTH = 4
ROUNDS = 400  # some seconds, so that there is a middle in which to kill
ROWS: dict[splits.Split, int] = {"train": 1200, "validation": 400}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_embeddings(str(tmp_path_factory.mktemp("embeddings")), ROWS, WIDTH)


def settings(max_actor_restarts: int, rounds: int = ROUNDS) -> ClassifierConfig:
    # So slow a learner that the last round is the best one, and no sampling, so that the trees do
    # not depend on what happened on the way.
    return ClassifierConfig(
        rounds=rounds,
        learning_rate=0.002,
        early_stopping_rounds=rounds,
        num_actors=2,
        max_depth=3,
        subsample=1.0,
        colsample_bytree=1.0,
        max_actor_restarts=max_actor_restarts,
    )


@contextmanager
def one_actor_killed() -> Iterator[list[int]]:
    """Kill an actor in the middle of the training that goes on inside."""
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 60
        while len(doing(_BOOSTING)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)  # some rounds, and the checkpoints that are collected once a second
        for pid in doing(_BOOSTING)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    yield killed
    killer.join()


def test_a_killed_actor_is_replaced_and_the_model_is_whole(embeddings: str) -> None:
    with one_actor_killed() as killed:
        trained = ray.get(classifiers.train_task(settings(1), embeddings, "open_rate"))
    assert len(killed) == 1
    assert trained.rounds == ROUNDS
    assert trained.log_loss == pytest.approx(_log_loss_of_plain_xgboost(embeddings), abs=0.002)


def _log_loss_of_plain_xgboost(embeddings: str) -> float:
    """On the validation rows, with the correction of the calibration left out."""
    sides: list[splits.Split] = ["train", "validation"]
    train, validation = (
        training_rows.read_part(embeddings, split, "open_rate", WIDTH, 0, 1) for split in sides
    )
    booster = xgboost.train(
        boosting.parameters(settings(0)),
        xgboost.DMatrix(train.features, label=train.rates, weight=train.weights),
        num_boost_round=ROUNDS,
    )
    raw = booster.inplace_predict(validation.features)
    rows = read_table(splits.folder(embeddings, "validation"))
    rows = rows[rows["open_rate_n"] > 0]
    successes, trials = rows["open_rate_k"].to_numpy(), rows["open_rate_n"].to_numpy()
    calibrated = calibration.fit_calibration(raw, successes, trials).calibration.apply(raw)
    return metrics.log_loss(calibrated, successes, trials)


def test_without_restarts_left_it_says_so_and_leaves_the_cluster_free(embeddings: str) -> None:
    with one_actor_killed() as killed, pytest.raises(TrainingError) as caught:
        classifiers.train_all(settings(0), embeddings, ["open_rate"])
    assert len(killed) == 1
    said = str(caught.value)
    assert said.startswith("training of target 'open_rate': its actors died")
    assert "classifiers.max_actor_restarts = 0" in said
    _assert_everything_is_free()
    began = time.monotonic()
    trained = ray.get(classifiers.train_task(settings(0, rounds=10), embeddings, "open_rate"))
    assert trained.rounds == 10
    assert time.monotonic() - began < 60, "xgboost-ray waits 100 s for CPUs that have leaked"


def test_a_target_that_fails_ends_the_training_of_the_others(embeddings: str) -> None:
    alone = settings(0, rounds=100_000).model_copy(update={"num_actors": 1})
    with pytest.raises(EmailimgError, match="'bounce_rate' has no observed labels"):
        classifiers.train_all(alone, embeddings, ["open_rate", "bounce_rate"])
    _assert_everything_is_free()


def _assert_everything_is_free() -> None:
    """Ray gives back what was removed within moments."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        states = {group["state"] for group in ray.util.placement_group_table().values()}
        if ray.available_resources().get("CPU") == 2 and states <= {"REMOVED"}:
            return
        time.sleep(0.1)
    pytest.fail(f"leaked: {ray.available_resources()}, {ray.util.placement_group_table()}")
