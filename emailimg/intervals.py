"""Intervals: how far the true probability may be from the predicted one.

Given what a classifier says of an image, the true probability is taken to be Beta-distributed with
the prediction as its mean and the variance

    v = members * s^2 + unseen * p (1 - p)

s is the spread of boosters trained on bootstrap samples of the source images (Efron, 1979): what
another sample of the same size would have changed. `unseen` is what no booster sees in the
embedding, such as a type of car that the encoder takes for another; it is the intraclass
correlation of a beta-binomial model. Both factors are estimated by moments on the held-out rows:
two trials that share an error (of one row where n > 1, else of two versions of one source image)
have residuals whose product is, on average, v.

Single trials of single images cannot tell a wrong probability from chance; there only `s` and the
versions of one image speak, and an interval may be too narrow. The members' factor is never less
than 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.special import betaincinv

LEVEL = 0.9  # of the intervals: the truth is inside in so many cases

# Pulls the factors towards members = 1 and unseen = 0, as strong as so many pairs of trials.
_PRIOR_PAIRS = 25.0
_MOST_UNSEEN = 0.9
# How much `unseen` is expected for weighing rows of many trials against rows of few.
_USUAL_UNSEEN = 0.05
_LEAST_VARIANCE = 1e-8


@dataclass(frozen=True)
class Uncertainty:
    """The factors of the variance, fitted once per target."""

    members: float
    unseen: float

    def variance(self, probabilities: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Of the true probability, float64 (N,); spread: of the members, in probability, (N,)."""
        room = probabilities * (1 - probabilities)
        variance = self.members * spread**2 + self.unseen * room
        return np.clip(variance, _LEAST_VARIANCE * room, 0.98 * room)

    def interval(
        self, probabilities: np.ndarray, spread: np.ndarray, level: float = LEVEL
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high ends, float64 (N,) each, around the probabilities (N,) inside (0, 1)."""
        trials = probabilities * (1 - probabilities) / self.variance(probabilities, spread) - 1
        tail = (1 - level) / 2
        shape = probabilities * trials, (1 - probabilities) * trials
        low, high = betaincinv(*shape, tail), betaincinv(*shape, 1 - tail)
        # The mean of a very skewed Beta distribution can be outside its own interval.
        return np.minimum(low, probabilities), np.maximum(high, probabilities)


def spread(members: np.ndarray) -> np.ndarray:
    """Standard deviation over boosters; members: probabilities (M, N), M > 1."""
    return members.std(axis=0, ddof=1)


def fit(
    probabilities: np.ndarray,
    spreads: np.ndarray,
    successes: np.ndarray,
    trials: np.ndarray,
    source_ids: Sequence[str] | np.ndarray,
) -> Uncertainty:
    """The factors from held-out rows (arrays (N,)); rows with n = 0 do not count.

    source_ids: of the image that a row is a version of.
    """
    pairs = _pairs_within_rows(probabilities, successes, trials)
    if pairs.weights.sum() == 0:
        pairs = _pairs_of_versions(probabilities, successes, trials, np.asarray(source_ids))
    rows = pairs.rows
    room = probabilities[rows] * (1 - probabilities[rows])
    # A product of two residuals has the standard deviation p (1 - p); by it all count alike.
    scale = np.sqrt(pairs.weights) / room
    design = np.stack([spreads[rows] ** 2, room], axis=1) * scale[:, None]
    prior = np.sqrt(_PRIOR_PAIRS) * np.diag([_typical(spreads**2, probabilities), 1.0])
    # What the members alone show is the least; few rows must not talk it down.
    beyond = pairs.products * scale - design[:, 0]
    factors, _ = nnls(np.concatenate([design, prior]), np.concatenate([beyond, [0.0, 0.0]]))
    return Uncertainty(members=1 + float(factors[0]), unseen=min(float(factors[1]), _MOST_UNSEEN))


@dataclass(frozen=True)
class _Pairs:
    """Products of two trials' residuals; rows: whose variance they speak of.

    weights: how much more they say than the product of a single pair.
    """

    products: np.ndarray
    rows: np.ndarray
    weights: np.ndarray


def _pairs_within_rows(p: np.ndarray, k: np.ndarray, n: np.ndarray) -> _Pairs:
    """The mean over all pairs of one row's trials, which is free of the trials' own chance."""
    rows = np.flatnonzero(n > 1)
    p, k, n = p[rows], k[rows].astype(float), n[rows].astype(float)
    both = k * (k - 1) / (n * (n - 1))
    # Of a row of many trials the error is known well, but it is still the error of one row.
    noise = 2 / (n * (n - 1)) + 4 * _USUAL_UNSEEN / n + 2 * _USUAL_UNSEEN**2
    return _Pairs(both - 2 * p * k / n + p**2, rows, 1 / noise)


def _pairs_of_versions(p: np.ndarray, k: np.ndarray, n: np.ndarray, ids: np.ndarray) -> _Pairs:
    """Each version of a source image with the next one."""
    order = np.argsort(ids, kind="stable")
    order = order[n[order] > 0]
    first, second = order[:-1], order[1:]
    same = ids[first] == ids[second]
    first, second = first[same], second[same]
    residuals = k - n * p
    return _Pairs(residuals[first] * residuals[second], first, np.ones(len(first)))


def _typical(variances: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean share of p (1 - p) that the members' variance is; the prior's unit."""
    room = probabilities * (1 - probabilities)
    return float(np.mean(variances / room)) if len(variances) else 1.0
