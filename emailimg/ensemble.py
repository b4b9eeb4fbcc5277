"""Several boosters as one: the mean of their log-odds."""

from collections.abc import Sequence

import numpy as np
import xgboost
from scipy.special import expit


def raw(boosters: Sequence[xgboost.Booster], matrix: np.ndarray) -> np.ndarray:
    """Features float32 (N, F) -> P(success), not calibrated, (N,)."""
    if len(boosters) == 1:
        return _predicted(boosters[0], matrix, "value")
    margins = [_predicted(each, matrix, "margin") for each in boosters]
    return expit(np.mean(margins, axis=0, dtype=np.float64))


def _predicted(booster: xgboost.Booster, matrix: np.ndarray, kind: str) -> np.ndarray:
    # Of no rows at all XGBoost makes two dimensions.
    return booster.inplace_predict(matrix, predict_type=kind).reshape(len(matrix))
