"""Several boosters as one: the mean of their log-odds."""

from collections.abc import Sequence

import numpy as np
import xgboost
from scipy.special import expit


def raw(boosters: Sequence[xgboost.Booster], matrix: np.ndarray) -> np.ndarray:
    """Features float32 (N, F) -> P(success), not calibrated, (N,)."""
    if len(boosters) == 1:
        return boosters[0].inplace_predict(matrix)
    margins = [each.inplace_predict(matrix, predict_type="margin") for each in boosters]
    return expit(np.mean(margins, axis=0, dtype=np.float64))
