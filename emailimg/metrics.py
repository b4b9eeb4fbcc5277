"""Scores of probabilities against k-of-n labels; every trial counts once.

probabilities, successes (k) and trials (n) are arrays of shape (N,); rows with n = 0 do not count.
"""

import numpy as np

_EPSILON = 1e-7


def log_loss(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float:
    """Mean negative log-likelihood per trial, in nats."""
    return float(row_losses(probabilities, successes, trials).sum() / trials.sum())


def row_losses(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each row, summed over its trials, in nats; float64 (N,)."""
    p = np.clip(probabilities, _EPSILON, 1 - _EPSILON)
    return -(successes * np.log(p) + (trials - successes) * np.log1p(-p))


def brier(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float:
    """Mean squared distance between probability and outcome, per trial."""
    p = probabilities
    return float(np.sum(successes * (1 - p) ** 2 + (trials - successes) * p**2) / trials.sum())


def accuracy(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float:
    """Share of trials whose outcome is on the predicted side of one half."""
    hits = np.where(probabilities >= 0.5, successes, trials - successes)
    return float(hits.sum() / trials.sum())


def accuracy_standard_error(rate: float, trials: float) -> float:
    """Binomial standard error of an accuracy over so many trials."""
    return float(np.sqrt(max(rate * (1 - rate), 1e-12) / trials))


def auc(probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float | None:
    """P(a success ranks above a failure), ties counting half; None with one kind of outcome."""
    failures = trials - successes
    if successes.sum() == 0 or failures.sum() == 0:
        return None
    levels, position = np.unique(probabilities, return_inverse=True)
    good = np.bincount(position, weights=successes, minlength=len(levels))
    bad = np.bincount(position, weights=failures, minlength=len(levels))
    below = np.cumsum(bad) - bad
    return float(np.sum(good * (below + bad / 2)) / (good.sum() * bad.sum()))


def reach(base: float, oracle: float, ours: float) -> float | None:
    """Share of what can be known that we know: 0 is the base rate's log-loss, 1 the oracle's.

    None where the oracle knows nothing that the base rate does not.
    """
    possible = base - oracle
    return None if possible < 1e-6 else (base - ours) / possible


def advantage(
    probabilities: np.ndarray, reference: np.ndarray, successes: np.ndarray, trials: np.ndarray
) -> tuple[float, float]:
    """Mean log-loss of `reference` less that of `probabilities`, per trial, and its standard error.

    The standard error is over rows, paired: both are judged on the same outcomes.
    """
    rows = trials > 0
    p, q = (np.clip(x[rows], _EPSILON, 1 - _EPSILON) for x in (probabilities, reference))
    successes, trials = successes[rows], trials[rows]
    gains = successes * np.log(p / q) + (trials - successes) * np.log((1 - p) / (1 - q))
    mean_trials = trials.mean()
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf
    return float(gains.mean() / mean_trials), float(error / mean_trials)


def expected_calibration_error(
    probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray, bins: int
) -> float:
    """Mean distance between predicted and observed rate over equally filled bins, by trials."""
    seen = trials > 0
    probabilities, successes, trials = probabilities[seen], successes[seen], trials[seen]
    total = 0.0
    for rows in quantile_bins(probabilities, bins):
        predicted = np.average(probabilities[rows], weights=trials[rows])
        observed = successes[rows].sum() / trials[rows].sum()
        total += trials[rows].sum() * abs(predicted - observed)
    return float(total / trials.sum())


def quantile_bins(probabilities: np.ndarray, bins: int) -> list[np.ndarray]:
    """Row numbers of up to `bins` groups of about equal size, from low to high probability."""
    order = np.argsort(probabilities, kind="stable")
    return [rows for rows in np.array_split(order, bins) if len(rows)]
