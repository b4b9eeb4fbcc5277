"""xgboost-ray against plain xgboost, on embeddings whose true probabilities are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ray
import xgboost
from embeddings_factory import write_embeddings

from emailimg import boosters, classifiers, features, metrics, splits
from emailimg.config import ClassifierConfig
from emailimg.errors import EmailimgError
from emailimg.parquet import read_table

pytestmark = pytest.mark.usefixtures("ray_cluster")

WIDTH = 4
ROWS: dict[splits.Split, int] = {"train": 1200, "validation": 400, "test": 400}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One shard per side, which is enough for any number of actors."""
    return write_embeddings(str(tmp_path_factory.mktemp("embeddings")), ROWS, WIDTH, shards=1)


def settings(num_actors: int) -> ClassifierConfig:
    # Without sampling, so that the trees do not depend on how rows are spread over actors.
    return ClassifierConfig(
        rounds=40, num_actors=num_actors, subsample=1.0, colsample_bytree=1.0, max_depth=3
    )


@pytest.mark.parametrize("num_actors", [1, 2])
def test_the_actors_together_learn_what_plain_xgboost_learns(
    embeddings: str, num_actors: int, tmp_path: Path
) -> None:
    trained = ray.get(classifiers.train_task(settings(num_actors), embeddings, "open_rate"))
    boosters.save({"open_rate": trained}, WIDTH, str(tmp_path))
    model = boosters.load(str(tmp_path))
    test, ours = _predictions(model, embeddings, "test")
    successes, trials = test["open_rate_k"].to_numpy(), test["open_rate_n"].to_numpy()
    plain = metrics.log_loss(_plain_xgboost(embeddings, test), successes, trials)
    oracle = metrics.log_loss(test["open_rate_p"].to_numpy(), successes, trials)
    loss = metrics.log_loss(ours.probability, successes, trials)
    assert loss == pytest.approx(plain, abs=0.01)
    assert oracle < loss < oracle + 0.05
    rows, of_validation = _predictions(model, embeddings, "validation")
    told = metrics.log_loss(of_validation.probability, rows["open_rate_k"], rows["open_rate_n"])
    assert trained.log_loss == pytest.approx(told)
    truth = test["open_rate_p"].to_numpy()
    # How many a 90% interval holds is tested in simulation; here, that they are neither too narrow
    # nor so wide that they would hold anything.
    assert np.mean((ours.low <= truth) & (truth <= ours.high)) > 0.8
    assert np.mean(ours.high - ours.low) < 0.2
    assert ours.members.shape == (10, len(test))


def test_seeds_are_averaged(embeddings: str) -> None:
    three = settings(1).model_copy(update={"seeds": 3, "subsample": 0.5, "members": 0})
    trained = ray.get(classifiers.train_task(three, embeddings, "open_rate"))
    assert len(set(trained.boosters)) == 3
    rows = read_table(splits.folder(embeddings, "validation"))
    rows = rows[rows["open_rate_n"] > 0]
    matrix = xgboost.DMatrix(rows[features.feature_columns(WIDTH)])
    margins = [
        xgboost.Booster(model_file=bytearray(file)).predict(matrix, output_margin=True)
        for file in trained.boosters
    ]
    said = trained.calibration.apply(1 / (1 + np.exp(-np.mean(margins, axis=0))))
    loss = metrics.log_loss(said, rows["open_rate_k"].to_numpy(), rows["open_rate_n"].to_numpy())
    assert trained.log_loss == pytest.approx(loss, abs=1e-6)


def _predictions(
    model: boosters.Classifiers, embeddings: str, split: splits.Split
) -> tuple[pd.DataFrame, boosters.Prediction]:
    """The observed rows of a side, and the model's probabilities for them."""
    rows = read_table(splits.folder(embeddings, split))
    rows = rows[rows["open_rate_n"] > 0]
    embedding = rows[features.embedding_columns(WIDTH)].to_numpy(np.float32)
    contexts = rows["campaign_type"].tolist(), rows["industry"].tolist()
    return rows, model["open_rate"].predict(model.matrix(embedding, *contexts))


def _plain_xgboost(embeddings: str, test: pd.DataFrame) -> np.ndarray:
    """Every trial as a row of its own, in one process."""
    train = read_table(splits.folder(embeddings, "train"))
    names = features.feature_columns(WIDTH)
    once = train.loc[train.index.repeat(train["open_rate_k"])].assign(label=1)
    never = train.loc[train.index.repeat(train["open_rate_n"] - train["open_rate_k"])].assign(
        label=0
    )
    expanded = pd.concat([once, never])
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "min_child_weight": 5},
        xgboost.DMatrix(expanded[names], label=expanded["label"]),
        num_boost_round=40,
    )
    return booster.predict(xgboost.DMatrix(test[names]))


def test_a_target_that_nobody_observed_is_refused_by_name(embeddings: str) -> None:
    with pytest.raises(ray.exceptions.RayTaskError) as caught:
        ray.get(classifiers.train_task(settings(1), embeddings, "bounce_rate"))
    assert isinstance(caught.value.cause, EmailimgError)
    assert "'bounce_rate' has no observed labels" in str(caught.value.cause)
