"""Learning curves: how much better a classifier gets with more rows, and with more emails per row.

Each point is a booster trained by plain XGBoost on a part of the training rows, stopped early and
calibrated on the validation rows and scored on the test rows, as the classifiers stage does with
all of them. A part holds whole source images. Fewer emails per row are drawn from those that were
sent, without replacement.
"""

from typing import Any

import numpy as np
import pandas as pd
import ray
import xgboost

from emailimg import boosting, calibration, features, members, metrics, seeding, splits
from emailimg.config import ClassifierConfig, Config

_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
_TRIALS = (1, 2, 5, 10, 20, 50, 100)
_FEWEST_ROWS = 50  # a booster of fewer says nothing


def curves(config: Config, embeddings_folder: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Per target `rows` and `trials`: records of rows, trials per row, log_loss and reach.

    Needs a Ray session: each target is a task of one CPU.
    """
    running = {
        target: _curves.remote(config.classifiers, embeddings_folder, target)
        for target in config.targets
    }
    return {target: ray.get(task) for target, task in running.items()}


@ray.remote
def _curves(
    settings: ClassifierConfig, embeddings_folder: str, target: str
) -> dict[str, list[dict[str, Any]]]:
    return of_target(settings, embeddings_folder, target)


def of_target(
    settings: ClassifierConfig, embeddings_folder: str, target: str
) -> dict[str, list[dict[str, Any]]]:
    """One target's entry in `curves`, computed here."""
    width = features.embedding_width(embeddings_folder)
    columns = features.feature_columns(width)
    wanted = ["source_id", *columns, *(f"{target}_{part}" for part in "knp")]
    sides: dict[str, pd.DataFrame] = {
        side: _observed(members.sample(splits.folder(embeddings_folder, side), wanted)[0], target)
        for side in splits.SPLITS
    }
    learner = _Learner(settings, target, columns, sides)
    everything = sides["train"]
    shares = [_share(everything, share) for share in _SHARES]
    most = int(everything[f"{target}_n"].max())
    fewer = [n for n in _TRIALS if n < most] + [most]
    return {
        "rows": [learner.point(part) for part in shares if len(part) >= _FEWEST_ROWS],
        "trials": [learner.point(_of_trials(everything, target, n)) for n in fewer],
    }


class _Learner:
    """Trains on a part of the rows; validation and test rows stay the same."""

    def __init__(
        self,
        settings: ClassifierConfig,
        target: str,
        columns: list[str],
        sides: dict[str, pd.DataFrame],
    ) -> None:
        self._parameters = boosting.parameters(settings)
        self._settings = settings
        self._target = target
        self._columns = columns
        self._validation, self._test = map(
            features.as_uploaded, (sides["validation"], sides["test"])
        )
        self._bounds = self._base_and_oracle()

    def point(self, part: pd.DataFrame) -> dict[str, Any]:
        """Rows and trials per row of the part, and what is learnt from it."""
        booster = xgboost.train(
            self._parameters,
            self._matrix(part),
            self._settings.rounds,
            evals=[(self._matrix(self._validation), "v")],
            early_stopping_rounds=self._settings.early_stopping_rounds,
            verbose_eval=False,
        )
        best = booster[: booster.best_iteration + 1]
        held_out, fresh = (self._predicted(best, rows) for rows in (self._validation, self._test))
        choice = calibration.fit_calibration(held_out, *self._labels(self._validation))
        loss = metrics.log_loss(choice.calibration.apply(fresh), *self._labels(self._test))
        base, oracle = self._bounds
        return {
            "rows": len(part),
            "trials_per_row": float(part[f"{self._target}_n"].mean()),
            "log_loss": loss,
            "reach": None if oracle is None else metrics.reach(base, oracle, loss),
        }

    def _base_and_oracle(self) -> tuple[float, float | None]:
        k, n = self._labels(self._test)
        truth = self._test[f"{self._target}_p"].to_numpy()
        oracle = None if np.isnan(truth).any() else metrics.log_loss(truth, k, n)
        return metrics.log_loss(np.full(len(k), k.sum() / n.sum()), k, n), oracle

    def _labels(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        return rows[f"{self._target}_k"].to_numpy(), rows[f"{self._target}_n"].to_numpy()

    def _matrix(self, rows: pd.DataFrame) -> xgboost.DMatrix:
        k, n = self._labels(rows)
        return xgboost.DMatrix(rows[self._columns], label=k / n, weight=n)

    def _predicted(self, booster: xgboost.Booster, rows: pd.DataFrame) -> np.ndarray:
        return booster.inplace_predict(rows[self._columns].to_numpy(np.float32))


def _observed(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    return rows[rows[f"{target}_n"] > 0]


def _share(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The versions of about that share of the source images; a smaller share is in a larger one."""
    positions = rows["source_id"].map(lambda name: seeding.unit_interval(0, "learning", name))
    return rows[(positions < share).to_numpy(bool)]


def _of_trials(rows: pd.DataFrame, target: str, trials: int) -> pd.DataFrame:
    """As if only so many emails had been sent with each image."""
    successes, sent = rows[f"{target}_k"].to_numpy(), rows[f"{target}_n"].to_numpy()
    rng = seeding.generator(0, "fewer trials", target, trials)
    fewer = np.minimum(sent, trials)
    drawn = rng.hypergeometric(successes, sent - successes, fewer)
    return rows.assign(**{f"{target}_k": drawn, f"{target}_n": fewer})
