"""xgboost-ray against plain xgboost, on embeddings whose true probabilities are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ray
import xgboost

from emailimg import boosters, classifiers, features, metrics, splits, taxonomy
from emailimg.config import ClassifierConfig
from emailimg.errors import EmailimgError
from emailimg.parquet import read_table, write_table

pytestmark = pytest.mark.usefixtures("ray_cluster")

WIDTH = 4
ROWS = {"train": 1200, "validation": 400, "test": 400}


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two shards per side; the first dimension and the campaign type decide `open_rate`."""
    location = str(tmp_path_factory.mktemp("embeddings"))
    rng = np.random.default_rng(0)
    for split in splits.SPLITS:
        table = _rows(rng, split, ROWS[split])
        for shard, part in enumerate(np.array_split(np.arange(len(table)), 2)):
            write_table(f"{splits.folder(location, split)}/{shard}.parquet", table.iloc[part])
    return location


def _rows(rng: np.random.Generator, split: str, count: int) -> pd.DataFrame:
    embedding = rng.normal(size=(count, WIDTH)).astype(np.float32)
    campaign = rng.choice(taxonomy.CAMPAIGN_TYPES, count)
    industry = rng.choice(taxonomy.INDUSTRIES, count)
    truth = np.where(embedding[:, 0] > 0, 0.8, 0.2)
    truth = np.where(campaign == "Survey", 1 - truth, truth)
    names = features.feature_columns(WIDTH)
    table = pd.DataFrame(features.assemble(embedding, campaign, industry), columns=names)
    trials = np.full(count, 10)
    trials[::7] = 0  # not observed
    successes = rng.binomial(trials, truth)
    return table.assign(
        source_id=[f"{split}{row // 2}" for row in range(count)],
        campaign_type=campaign,
        industry=industry,
        open_rate_k=successes,
        open_rate_n=trials,
        open_rate_p=truth,
        open_rate_rate=(successes / np.maximum(trials, 1)).astype(np.float32),
        open_rate_weight=trials.astype(np.float32),
        bounce_rate_k=0,
        bounce_rate_n=0,
        bounce_rate_rate=np.float32(0),
        bounce_rate_weight=np.float32(0),
    )


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
    test = read_table(splits.folder(embeddings, "test"))
    test = test[test["open_rate_n"] > 0]
    predicted = boosters.load(str(tmp_path)).predict_with_interval(
        "open_rate",
        test[features.embedding_columns(WIDTH)].to_numpy(np.float32),
        test["campaign_type"].tolist(),
        test["industry"].tolist(),
    )
    successes, trials = test["open_rate_k"].to_numpy(), test["open_rate_n"].to_numpy()
    plain = metrics.log_loss(_plain_xgboost(embeddings, test), successes, trials)
    oracle = metrics.log_loss(test["open_rate_p"].to_numpy(), successes, trials)
    loss = metrics.log_loss(predicted.probability, successes, trials)
    assert loss == pytest.approx(plain, abs=0.01)
    assert oracle < loss < oracle + 0.05
    truth = test["open_rate_p"].to_numpy()
    assert 0.8 < np.mean((predicted.low <= truth) & (truth <= predicted.high)) < 0.99
    assert predicted.members.shape == (10, len(test))


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
