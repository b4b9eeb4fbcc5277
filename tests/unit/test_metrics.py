"""Scores of k-of-n labels, against the same data expanded into one row per trial."""

import itertools

import numpy as np
import pytest

from emailimg import metrics

P = np.array([0.1, 0.35, 0.35, 0.5, 0.62, 0.9, 0.97])
K = np.array([0, 2, 1, 3, 3, 5, 4])
N = np.array([3, 4, 1, 6, 4, 5, 5])
# A hundredth of the figures below would be rounding in the fourth digit; floats are exact enough.


def expand(
    probabilities: np.ndarray, successes: np.ndarray, trials: np.ndarray
) -> list[tuple[float, int]]:
    """(probability, outcome) of every single trial."""
    return [
        (float(p), outcome)
        for p, k, n in zip(probabilities, successes, trials, strict=True)
        for outcome in [1] * int(k) + [0] * int(n - k)
    ]


def random_labels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    trials = rng.integers(0, 6, 40)
    return rng.random(40).round(1).clip(0.1, 0.9), rng.binomial(trials, 0.4), trials


CASES = [(P, K, N), *(random_labels(seed) for seed in range(3))]


@pytest.mark.parametrize(("p", "k", "n"), CASES)
def test_scores_equal_those_of_the_single_trials(
    p: np.ndarray, k: np.ndarray, n: np.ndarray
) -> None:
    rows = expand(p, k, n)
    log_loss = -np.mean([np.log(q if y else 1 - q) for q, y in rows])
    assert metrics.log_loss(p, k, n) == pytest.approx(log_loss)
    assert metrics.brier(p, k, n) == pytest.approx(np.mean([(q - y) ** 2 for q, y in rows]))
    hits = np.mean([(q >= 0.5) == bool(y) for q, y in rows])
    assert metrics.accuracy(p, k, n) == pytest.approx(hits)


@pytest.mark.parametrize(("p", "k", "n"), CASES)
def test_auc_equals_the_share_of_pairs_in_the_right_order(
    p: np.ndarray, k: np.ndarray, n: np.ndarray
) -> None:
    rows = expand(p, k, n)
    good = [q for q, y in rows if y]
    bad = [q for q, y in rows if not y]
    wins = [1.0 if g > b else 0.5 if g == b else 0.0 for g, b in itertools.product(good, bad)]
    assert metrics.auc(p, k, n) == pytest.approx(np.mean(wins))


@pytest.mark.parametrize(
    ("probabilities", "successes", "expected"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 1.0),
        ([0.1, 0.2, 0.3, 0.4], [1, 1, 0, 0], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0], 0.5),
        ([0.2, 0.5, 0.5, 0.9], [0, 1, 0, 1], 0.875),
        ([0.2, 0.9], [1, 1], None),
        ([0.2, 0.9], [0, 0], None),
    ],
)
def test_auc_with_ties_and_with_one_kind_of_outcome(
    probabilities: list[float], successes: list[int], expected: float | None
) -> None:
    p, k = np.array(probabilities), np.array(successes)
    assert metrics.auc(p, k, np.ones_like(k)) == expected


def test_certainty_that_is_wrong_costs_much_but_not_everything() -> None:
    one = np.array([1])
    wrong = metrics.log_loss(np.array([0.0]), one, one)
    assert 10 < wrong < 20
    assert metrics.log_loss(np.array([1.0]), one, one) == pytest.approx(0, abs=1e-6)


def test_rows_without_trials_do_not_count() -> None:
    p, k, n = (np.concatenate([x, np.zeros(5, x.dtype)]) for x in (P, K, N))
    p[-5:] = (0.01, 0.3, 0.3, 0.8, 0.99)
    for score in (metrics.log_loss, metrics.brier, metrics.accuracy, metrics.auc):
        assert score(p, k, n) == pytest.approx(score(P, K, N))
    reference, mine = np.full(len(p), 0.6), np.full(len(P), 0.6)
    assert metrics.advantage(p, reference, k, n) == pytest.approx(metrics.advantage(P, mine, K, N))
    ours = metrics.expected_calibration_error(p, k, n, 3)
    assert ours == pytest.approx(metrics.expected_calibration_error(P, K, N, 3))


@pytest.mark.parametrize(
    ("base", "oracle", "ours", "expected"),
    [
        (0.69, 0.50, 0.50, 1.0),
        (0.69, 0.50, 0.69, 0.0),
        (0.70, 0.50, 0.60, 0.5),
        (0.69, 0.50, 0.88, -1.0),
        (0.60, 0.50, 0.45, 1.5),
        (0.50, 0.50, 0.40, None),
        (0.50, 0.51, 0.40, None),
    ],
)
def test_reach(base: float, oracle: float, ours: float, expected: float | None) -> None:
    found = metrics.reach(base, oracle, ours)
    assert found == (None if expected is None else pytest.approx(expected))


def test_accuracy_standard_error_is_binomial() -> None:
    assert metrics.accuracy_standard_error(0.8, 400) == pytest.approx(0.02)
    assert metrics.accuracy_standard_error(1.0, 400) > 0


def test_advantage_is_the_difference_of_the_log_losses() -> None:
    reference = np.array([0.3, 0.3, 0.5, 0.5, 0.5, 0.8, 0.8])
    gain, error = metrics.advantage(P, reference, K, N)
    assert gain == pytest.approx(metrics.log_loss(reference, K, N) - metrics.log_loss(P, K, N))
    backwards, same_error = metrics.advantage(reference, P, K, N)
    assert (backwards, same_error) == pytest.approx((-gain, error))
    assert metrics.advantage(P, P, K, N) == (0, 0)


def test_advantages_standard_error_is_that_of_repeated_experiments() -> None:
    """The spread of the advantage over fresh labels is what its standard error says."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 0.8, 500)
    model = np.clip(truth + rng.normal(0, 0.1, 500), 0.05, 0.95)
    trials = np.full(500, 10)
    found = [
        metrics.advantage(model, truth, rng.binomial(trials, truth), trials) for _ in range(200)
    ]
    gains, errors = np.array(found).T
    assert gains.mean() < 0, "nobody beats the truth"
    assert gains.std() <= errors.mean() * 1.2, "the alarm is not trigger-happy"
    assert gains.std() >= errors.mean() * 0.5


def test_one_row_proves_nothing() -> None:
    one = np.array([1])
    _, error = metrics.advantage(np.array([0.9]), np.array([0.5]), one, one)
    assert error == np.inf


def test_bins_are_equally_filled_and_in_order() -> None:
    p = np.random.default_rng(0).random(103)
    groups = metrics.quantile_bins(p, 10)
    assert sorted(np.concatenate(groups).tolist()) == list(range(103))
    assert {len(group) for group in groups} <= {10, 11}
    for low, high in itertools.pairwise(groups):
        assert p[low].max() <= p[high].min()
    assert [group.tolist() for group in metrics.quantile_bins(np.array([0.5, 0.2]), 10)] == [
        [1],
        [0],
    ]


def test_calibration_error_by_hand() -> None:
    p = np.array([0.2, 0.4, 0.6, 1.0])
    k, n = np.array([1, 1, 2, 4]), np.array([2, 2, 4, 4])
    # Bins: predicted 0.3 and observed 0.5 over 4 trials; predicted 0.8, observed 0.75 over 8.
    expected = (4 * 0.2 + 8 * 0.05) / 12
    assert metrics.expected_calibration_error(p, k, n, 2) == pytest.approx(expected)
    assert metrics.expected_calibration_error(k / n, k, n, 4) == pytest.approx(0)
