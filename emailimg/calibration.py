"""Calibration: a monotone correction of a classifier's probabilities, fitted on held-out rows.

The classifiers are trained on embeddings of images that the encoder has seen, on which it is too
sure of itself; the correction, fitted where neither has trained, takes that back. Three methods
compete, and leaving the probabilities alone:

- `platt` (Platt, 1999): slope and intercept in log-odds.
- `beta` (Kull, Silva Filho, Flach, 2017): the two ends of the scale bend apart from each other.
- `isotonic` (Zadrozny, Elkan, 2002): any rising curve; here straight lines between the centres of
  its steps (Jiang et al., 2011), so that it ties no two images that the classifier tells apart.

`fit_calibration` takes the plainest whose log-loss by cross-validation on the held-out rows is
within one standard error of the lowest (Breiman et al., "Classification and Regression Trees",
1984, section 3.4.3): what is better by less follows the luck of few rows and measures worse on
others.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, logit

from emailimg import metrics, seeding
from emailimg.errors import BundleError

_EPSILON = 1e-6
_NEAREST = 1e-9  # to 0 and 1; a steep slope would round to certainty
# Pulls towards no correction, as strong as this many trials, so that few rows cannot bend it far.
_PRIOR_TRIALS = 10.0
_FOLDS = 5

C = TypeVar("C", bound="Calibration")


@dataclass(frozen=True)
class Calibration:
    """What all methods have in common; the base class leaves probabilities as they are."""

    method: ClassVar[str] = "identity"

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Raw probabilities (N,) -> calibrated ones, float64 (N,), strictly inside (0, 1)."""
        return np.clip(expit(self.log_odds(_clipped(probabilities))), _NEAREST, 1 - _NEAREST)

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        """Of the calibrated probabilities, given raw ones inside (0, 1)."""
        return logit(probabilities)

    def as_json(self) -> dict[str, Any]:
        return {"method": self.method} | asdict(self)


@dataclass(frozen=True)
class Platt(Calibration):
    """logit(q) = slope * logit(p) + intercept; a positive slope keeps the ranking."""

    slope: float
    intercept: float
    method: ClassVar[str] = "platt"

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        return self.slope * logit(probabilities) + self.intercept


@dataclass(frozen=True)
class Beta(Calibration):
    """logit(q) = low * ln(p) - high * ln(1 - p) + intercept, with low and high positive."""

    low: float
    high: float
    intercept: float
    method: ClassVar[str] = "beta"

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        p = probabilities
        return self.low * np.log(p) - self.high * np.log1p(-p) + self.intercept


@dataclass(frozen=True)
class Isotonic(Calibration):
    """Straight lines between knots in log-odds; beyond the outermost, as steep as no correction."""

    raw: tuple[float, ...]  # log-odds, rising
    calibrated: tuple[float, ...]  # log-odds, not falling
    method: ClassVar[str] = "isotonic"

    def log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        odds = logit(probabilities)
        beyond = odds - np.clip(odds, self.raw[0], self.raw[-1])
        return np.interp(odds, self.raw, self.calibrated) + beyond


@dataclass(frozen=True)
class Choice:
    """The chosen calibration, and the cross-validated log-loss of every method, in nats."""

    calibration: Calibration
    log_losses: dict[str, float]


def from_json(record: dict[str, Any]) -> Calibration:
    """What `as_json` gave; raises BundleError for an unknown method."""
    settings = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in record.items()
        if name != "method"
    }
    kinds: dict[str, Callable[..., Calibration]] = {
        kind.method: kind for kind in (Calibration, Platt, Beta, Isotonic)
    }
    kind = kinds.get(record.get("method", ""))
    if kind is None:
        raise BundleError(
            f"unknown calibration method {record.get('method')!r}; accepted: {', '.join(kinds)}"
        )
    return kind(**settings)


def fit_calibration(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> Choice:
    """Fit every method to k-of-n labels (arrays (N,)) and choose one by cross-validation."""
    rows = trials > 0
    data = probabilities[rows], successes[rows], trials[rows]
    if len(data[0]) < 2 * _FOLDS:  # too few to choose with
        return Choice(fit_platt(*data), {})
    losses = {name: _held_out_losses(fit, *data) for name, fit in _METHODS.items()}
    means = {name: float(loss.sum() / data[2].sum()) for name, loss in losses.items()}
    return Choice(_METHODS[_plainest_of_the_best(losses)](*data), means)


def fit_platt(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> Platt:
    """Maximum likelihood, shrunk towards the identity; the slope is at least 0.05."""

    def made(x: np.ndarray) -> Platt:
        return Platt(float(x[0]), float(x[1]))

    bounds = [(0.05, 5.0), (-5.0, 5.0)]
    return _most_likely(made, np.array([1.0, 0.0]), bounds, probabilities, successes, trials)


def fit_beta(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> Beta:
    """Maximum likelihood, shrunk towards the identity."""

    def made(x: np.ndarray) -> Beta:
        return Beta(float(x[0]), float(x[1]), float(x[2]))

    bounds = [(0.05, 5.0), (0.05, 5.0), (-5.0, 5.0)]
    return _most_likely(made, np.array([1.0, 1.0, 0.0]), bounds, probabilities, successes, trials)


def fit_isotonic(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> Isotonic:
    """Pool adjacent violators; every step is shrunk towards the probabilities it was made of."""
    order = np.argsort(probabilities, kind="stable")
    p, n = _clipped(probabilities[order]), trials[order].astype(float)
    blocks = isotonic_regression(successes[order] / n, weights=n).blocks
    weights, said, hits = (
        np.add.reduceat(x, blocks[:-1]) for x in (n, n * p, successes[order].astype(float))
    )
    said = said / weights
    # Two trials of what the classifier said: a step of successes alone is not certainty.
    rates = (hits + 2 * said) / (weights + 2)
    raw, first = np.unique(logit(said), return_index=True)
    calibrated = np.maximum.accumulate(logit(_clipped(rates[first])))
    return Isotonic(tuple(raw.tolist()), tuple(calibrated.tolist()))


# The plainest first.
_METHODS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], Calibration]] = {
    "identity": lambda *_: Calibration(),
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}


def _plainest_of_the_best(losses: dict[str, np.ndarray]) -> str:
    """The first method that is no more than one standard error worse than the best.

    losses: of each row (N,), in nats, by method; of their differences to the best is the error.
    """
    best = losses[min(losses, key=lambda name: losses[name].sum())]
    for name, loss in losses.items():
        worse = loss - best
        if worse.sum() <= worse.std(ddof=1) * np.sqrt(len(worse)):
            return name
    raise AssertionError("the best is no worse than itself")


def _most_likely(
    made: Callable[[np.ndarray], C],
    unchanged: np.ndarray,
    bounds: list[tuple[float, float]],
    probabilities: np.ndarray,
    successes: np.ndarray,
    trials: np.ndarray,
) -> C:
    p = _clipped(probabilities)

    def loss(x: np.ndarray) -> float:
        odds = made(x).log_odds(p)
        # -log(sigmoid) and -log(1 - sigmoid), without rounding to infinity
        losses = successes * np.logaddexp(0, -odds) + (trials - successes) * np.logaddexp(0, odds)
        return float(losses.sum() + _PRIOR_TRIALS * np.sum((x - unchanged) ** 2))

    return made(minimize(loss, x0=unchanged, bounds=bounds, method="L-BFGS-B").x)


def _held_out_losses(
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray], Calibration],
    probabilities: np.ndarray,
    successes: np.ndarray,
    trials: np.ndarray,
) -> np.ndarray:
    """Each row's log-loss over its trials, in nats, by a fit that has not seen it."""
    folds = seeding.generator(0, "calibration folds").permutation(len(trials)) % _FOLDS
    losses = np.empty(len(trials))
    for fold in range(_FOLDS):
        out = folds == fold
        fitted = fit(probabilities[~out], successes[~out], trials[~out])
        losses[out] = metrics.row_losses(
            fitted.apply(probabilities[out]), successes[out], trials[out]
        )
    return losses


def _clipped(probabilities: np.ndarray) -> np.ndarray:
    return np.clip(np.asarray(probabilities, dtype=np.float64), _EPSILON, 1 - _EPSILON)
