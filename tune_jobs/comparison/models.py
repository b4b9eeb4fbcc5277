"""The contenders, each with the same number of threads, and the boosters with the same settings.

A contender maps training rows to a function that predicts labels; what is timed is everything from
arrays in memory to the fitted model. scikit-learn's gradient boosting knows one thread only.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import ray
import xgboost

from emailimg import boosting, resources
from emailimg.config import ClassifierConfig, ClusterConfig
from emailimg.training_rows import Rows

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """Settings of all boosters, threads of all contenders, and actors that share them."""

    trees: int
    depth: int
    learning_rate: float
    threads: int
    actors: int
    seed: int

    def booster(self, actors: int) -> ClassifierConfig:
        """Ours, with XGBoost's and scikit-learn's defaults where those agree: no sampling."""
        return ClassifierConfig(
            rounds=self.trees,
            max_depth=self.depth,
            learning_rate=self.learning_rate,
            min_child_weight=1,
            subsample=1,
            colsample_bytree=1,
            num_actors=actors,
            cpus_per_actor=self.threads // actors,
            max_actor_restarts=0,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Model:
    """A contender's name in tables, and how it is fitted."""

    title: str
    fit: Callable[[Recipe, np.ndarray, np.ndarray], Predict]
    needs_ray: bool = False


def fit(model: Model, recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    """The fitted model's prediction: float32 (N, F) -> labels 0 or 1."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(recipe.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a linear model that has not converged says so per fold
        return model.fit(recipe, matrix, labels)


def require_ray(recipe: Recipe) -> None:
    """Raise ResourceError when the cluster has no room for the actors."""
    bundles = resources.cpu_bundles(recipe.actors, recipe.threads // recipe.actors)
    resources.require("comparison", bundles, ClusterConfig())


def _xgboost(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    settings = recipe.booster(actors=1)
    rows = xgboost.DMatrix(matrix, label=labels, nthread=recipe.threads)
    booster = xgboost.train(boosting.parameters(settings), rows, settings.rounds)
    return partial(_class_of, booster)


def _xgboost_ray(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    """Rows go through Ray's object store, from which each actor takes its part."""
    rows = partial(_part, ray.put(matrix), ray.put(labels))
    trained = ray.get(boosting.boost_task(recipe.booster(recipe.actors), rows))
    booster = xgboost.Booster({"nthread": recipe.threads})
    booster.load_model(bytearray(trained))
    return partial(_class_of, booster)


def _part(matrix: Any, labels: Any, part: int, parts: int) -> Rows:
    """Of two arrays in the object store; a slice of them is no copy."""
    features, classes = ray.get([matrix, labels])
    first, last = len(classes) * part // parts, len(classes) * (part + 1) // parts
    weights = np.ones(last - first, np.float32)
    names = [f"f{number}" for number in range(features.shape[1])]
    return Rows(features[first:last], classes[first:last].astype(np.float32), weights, names)


def _class_of(booster: xgboost.Booster, matrix: np.ndarray) -> np.ndarray:
    return booster.inplace_predict(matrix) > 0.5


def _gradient_boosting(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=recipe.trees,
        max_depth=recipe.depth,
        learning_rate=recipe.learning_rate,
        random_state=recipe.seed,
    )
    return model.fit(matrix, labels).predict


def _histogram_boosting(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=recipe.trees,
        max_depth=recipe.depth,
        max_leaf_nodes=None,
        learning_rate=recipe.learning_rate,
        early_stopping=False,
        random_state=recipe.seed,
    )
    return model.fit(matrix, labels).predict


def _random_forest(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    """As many trees as the boosters, grown to the end as is its default."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        n_estimators=recipe.trees, n_jobs=recipe.threads, random_state=recipe.seed
    )
    return model.fit(matrix, labels).predict


def _logistic_regression(recipe: Recipe, matrix: np.ndarray, labels: np.ndarray) -> Predict:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(random_state=recipe.seed))
    return model.fit(matrix, labels).predict


MODELS = {
    "xgboost": Model("XGBoost", _xgboost),
    "xgboost_ray": Model("XGBoost by xgboost-ray", _xgboost_ray, needs_ray=True),
    "gradient_boosting": Model("gradient boosting", _gradient_boosting),
    "histogram_boosting": Model("histogram boosting", _histogram_boosting),
    "random_forest": Model("random forest", _random_forest),
    "logistic_regression": Model("logistic regression", _logistic_regression),
}
