"""Calibration: a two-parameter correction in log-odds, fitted on held-out rows (Platt, 1999).

The classifiers are trained on embeddings of images that the encoder has seen, on which it is too
sure of itself; the correction, fitted where neither has trained, takes that back.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

_EPSILON = 1e-6
_NEAREST = 1e-9  # to 0 and 1; a steep slope would round to certainty
# Pulls towards no correction, as strong as this many trials, so that few rows cannot bend it far.
_PRIOR_TRIALS = 10.0


@dataclass(frozen=True)
class Calibration:
    """p -> sigmoid(slope * logit(p) + intercept)."""

    slope: float
    intercept: float

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Raw probabilities (N,) -> calibrated ones, float64 (N,), strictly inside (0, 1)."""
        calibrated = _sigmoid(self.slope * _logit(probabilities) + self.intercept)
        return np.clip(calibrated, _NEAREST, 1 - _NEAREST)


def fit_calibration(
    probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray
) -> Calibration:
    """Maximum likelihood on k-of-n labels, shrunk towards the identity; the slope is >= 0.05.

    A positive slope keeps the classifier's ranking.
    """
    odds = _logit(probabilities)

    def loss(parameters: np.ndarray) -> float:
        slope, intercept = parameters
        p = np.clip(_sigmoid(slope * odds + intercept), _EPSILON, 1 - _EPSILON)
        likelihood = np.sum(successes * np.log(p) + (trials - successes) * np.log1p(-p))
        return float(-likelihood + _PRIOR_TRIALS * ((slope - 1) ** 2 + intercept**2))

    found = minimize(loss, x0=np.array([1.0, 0.0]), bounds=[(0.05, 5), (-5, 5)], method="L-BFGS-B")
    return Calibration(slope=float(found.x[0]), intercept=float(found.x[1]))


def _logit(probabilities: np.ndarray) -> np.ndarray:
    p = np.clip(np.asarray(probabilities, dtype=np.float64), _EPSILON, 1 - _EPSILON)
    return np.log(p / (1 - p))


def _sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))
