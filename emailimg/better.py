"""How sure it is that one image does better than another, and how much better it is expected to be.

Differences are taken in log-odds. Two things make a predicted difference uncertain:

- *noise*: boosters of another sample of images would have said something else. The members
  (bootstrap samples) show how much, and in a difference what two images share cancels.
- *unseen*: what no booster can see in an embedding. It is taken to be independent between images,
  which for an image and an edit of it is too careful: much of what is unseen they share.

Of the difference between an image and an edit of it, only as much counts as held up on images that
the classifier had not seen (`edit_slope`): for what edits do not change, none does.

Who takes the best of many takes the most favourable noise with it. So candidates are shrunk
towards their mean, by how much of the spread among them is noise of their own (empirical Bayes:
Efron & Morris, "Data Analysis Using Stein's Estimator and its Generalizations", 1975). The unseen
part is no reason to shrink: it scatters the truth around a prediction and not the prediction around
the truth.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit, ndtr

from emailimg import intervals
from emailimg.boosters import Prediction

_LEAST = 1e-12
# Of an image's variance p (1 - p). A few hundred held-out images can show none at all; but no
# calibration is better than a point or two, and what is off by that is not surely better.
_LEAST_UNSEEN = 0.002
_USUAL_COUNTS = 30.0  # as so many members, of a variance


@dataclass(frozen=True)
class Spread:
    """Mean and variance of candidates' predicted log-odds."""

    mean: float
    variance: float

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Spread":
        """Probabilities, (M,), M > 0."""
        log_odds = logit(probabilities)
        return cls(float(log_odds.mean()), float(log_odds.var()))


@dataclass(frozen=True)
class Prior:
    """The candidates' log-odds without noise: normal, with this mean and variance."""

    mean: float
    variance: float


@dataclass(frozen=True)
class Comparison:
    """N candidates beside one image; float64 (N,) each.

    log_odds: of the candidates, shrunk; difference: of these from the image's own; variance: of
    the true difference around it; low and high: ends of the 90% interval of the probability.
    """

    log_odds: np.ndarray
    difference: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def probability(self) -> np.ndarray:
        return expit(self.log_odds)

    def better(self, sign: int) -> np.ndarray:
        """P(a candidate's true probability is above the image's; sign -1: below), float64 (N,).

        NaN where nothing is known of what makes the difference uncertain.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                self.variance > 0, ndtr(sign * self.difference / np.sqrt(self.variance)), np.nan
            )


def held_up(own: Prediction, edited: Prediction) -> Prediction:
    """Edits of the image (one row), with so much of each difference from it as holds up."""
    slope = edited.edit_slope

    def nearer(said: np.ndarray, base: np.ndarray) -> np.ndarray:
        return expit(slope * logit(said) + (1 - slope) * logit(base))

    probability = nearer(edited.probability, own.probability)
    members = nearer(edited.members, own.members)
    low = high = probability
    if edited.uncertainty is not None:
        spread = intervals.spread(members) / edited.too_wide
        low, high = edited.uncertainty.interval(probability, spread)
    return replace(edited, probability=probability, low=low, high=high, members=members)


def prior(spread: Spread, selected: Prediction) -> Prior:
    """Of candidates whose predictions are spread so; selected: some of them, with members.

    The best of many are rather noisier than the others, so their noise errs on the careful side.
    """
    noise = float(np.mean(own_noise(selected))) if len(selected.probability) else 0.0
    return Prior(spread.mean, max(0.0, spread.variance - noise))


def own_noise(candidates: Prediction) -> np.ndarray:
    """Variance of each one's predicted log-odds around what all of them share, float64 (N,).

    Drawn towards the usual one: of a few members it is uncertain itself, and the best of many would
    be one whose variance came out too small (Smyth, 2004, does so for genes).
    """
    found = _disagreement(candidates)
    own, usual = len(candidates.members) - 1, _USUAL_COUNTS
    return (own * found + usual * found.mean()) / (own + usual)


def _disagreement(candidates: Prediction) -> np.ndarray:
    """`own_noise` as the members alone show it."""
    if len(candidates.members) < 2:
        return np.zeros(len(candidates.probability))
    members = logit(candidates.members)
    return _variance(candidates, members - members.mean(axis=1, keepdims=True))


def apart(own: Prediction, candidates: Prediction) -> float:
    """Variance of the image's own predicted log-odds around what the candidates share."""
    if len(candidates.members) < 2:
        return 0.0
    shared = logit(candidates.members).mean(axis=1, keepdims=True)
    return float(_variance(own, logit(own.members) - shared)[0])


def compare(
    own: Prediction, others: Prediction, among: Prior, *, of_one_kind: bool = False
) -> Comparison:
    """Candidates beside the image (one row); among: of all candidates that these are a part of.

    of_one_kind: the image is one of them, as a picture is among its edits. Then it is shrunk like
    them for the differences, which are added to what it was said to be; else edits that all change
    nothing would do better than a picture that happens to be below their mean.
    """
    base, said = logit(own.probability), logit(others.probability)
    noise = own_noise(others)
    kept = _kept(among, noise)
    log_odds = among.mean + kept * (said - among.mean)
    if of_one_kind:
        log_odds += (1 - _kept(among, apart(own, others))) * (base - among.mean)
    low, high = _interval(others, expit(log_odds), np.sqrt(kept))
    return Comparison(
        log_odds=log_odds,
        difference=log_odds - base,
        # The image is not shrunk, so its noise counts whole. A candidate whose members disagree
        # more than usual is not made surer than they are.
        variance=kept * np.maximum(noise, _disagreement(others))
        + apart(own, others)
        + _unseen(own)
        + _unseen(others),
        low=low,
        high=high,
    )


def _kept(among: Prior, noise: np.ndarray | float) -> np.ndarray:
    """The share of a distance from the mean that is no noise."""
    share = among.variance / np.maximum(among.variance + noise, _LEAST)
    return np.where(np.asarray(noise) > 0, share, 1.0)


def _variance(candidates: Prediction, members: np.ndarray) -> np.ndarray:
    """Of values by member, float64 (M, N)."""
    assert candidates.uncertainty is not None
    spread = members.std(axis=0, ddof=1) / candidates.too_wide
    return candidates.uncertainty.members * spread**2


def _unseen(prediction: Prediction) -> np.ndarray:
    """Variance of the true log-odds that the members do not show, float64 (N,)."""
    if prediction.uncertainty is None:
        return np.zeros(len(prediction.probability))
    p = prediction.probability
    return max(prediction.uncertainty.unseen, _LEAST_UNSEEN) / (p * (1 - p))


def _interval(
    others: Prediction, shrunk: np.ndarray, narrower: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if others.uncertainty is None:
        return shrunk, shrunk
    spread = others.members.std(axis=0, ddof=1) / others.too_wide
    unseen = max(others.uncertainty.unseen, _LEAST_UNSEEN)
    return replace(others.uncertainty, unseen=unseen).interval(shrunk, narrower * spread)
