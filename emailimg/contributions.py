"""What moves a prediction, and how far: SHAP values, summed by what the columns tell of.

XGBoost computes exact SHAP values of its trees (TreeSHAP: Lundberg & Lee 2017, "A unified approach
to interpreting model predictions"; Lundberg et al. 2020, "From local explanations to global
understanding with explainable AI for trees"), where a column that is left out follows the training
rows down both branches. They are in log-odds and add up: base + every column = the booster's
margin. What the calibration changes about it is a contribution of its own, whatever its method, so
base + every group = log-odds of the probability that is answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xgboost

from emailimg import ensemble, features
from emailimg.calibration import Calibration

CALIBRATION = "calibration"


@dataclass(frozen=True)
class Shares:
    """What each column adds to the log-odds of N predictions.

    base: the log-odds without any column; columns: float64 (N, F); calibration: float64 (N,), what
    it adds to their sum; probabilities: float64 (N,), calibrated.
    """

    base: float
    columns: np.ndarray
    calibration: np.ndarray
    probabilities: np.ndarray

    def row(self, number: int) -> "Shares":
        """Of one prediction alone."""
        some = slice(number, number + 1)
        return Shares(
            self.base, self.columns[some], self.calibration[some], self.probabilities[some]
        )

    def by_group(self, embedding_names: Sequence[str]) -> dict[str, np.ndarray]:
        """Log-odds by what the columns tell of, float64 (N,) each, with `calibration` last.

        embedding_names: see `features.column_groups`.
        """
        groups = features.column_groups(embedding_names)
        summed = {name: self.columns[:, where].sum(axis=1) for name, where in groups.items()}
        return summed | {CALIBRATION: self.calibration}


def shares(
    boosters: Sequence[xgboost.Booster], calibration: Calibration, matrix: np.ndarray
) -> Shares:
    """Explain the predictions for features, float32 (N, F), of one target.

    boosters: averaged in log-odds, and so are their contributions.
    """
    rows = xgboost.DMatrix(matrix, feature_names=boosters[0].feature_names)
    each = [booster.predict(rows, pred_contribs=True) for booster in boosters]
    # XGBoost adds up in float32; from here on float64.
    found = np.stack(each).mean(axis=0, dtype=np.float64)
    columns, base = found[:, :-1], float(found[0, -1])
    probabilities = calibration.apply(ensemble.raw(boosters, matrix))
    log_odds = np.log(probabilities) - np.log1p(-probabilities)
    return Shares(base, columns, log_odds - base - columns.sum(axis=1), probabilities)
