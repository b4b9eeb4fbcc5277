"""Calibration: takes back a known distortion, keeps the ranking, does little with few rows."""

import numpy as np
import pytest

from emailimg import metrics
from emailimg.calibration import Calibration, fit_calibration


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def simulate(
    slope: float, intercept: float, rows: int = 4000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth, and the probabilities of a model whose log-odds are off, with k and n."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.1, 0.9, rows)
    distorted = 1 / (1 + np.exp(-(logit(truth) - intercept) / slope))
    trials = rng.integers(1, 21, rows)
    return truth, distorted, rng.binomial(trials, truth), trials


@pytest.mark.parametrize(
    ("slope", "intercept"), [(1.0, 0.0), (0.5, 0.3), (2.0, -0.5), (0.8, 1.0), (1.5, 0.0)]
)
def test_a_known_distortion_is_found(slope: float, intercept: float) -> None:
    truth, distorted, successes, trials = simulate(slope, intercept)
    found = fit_calibration(distorted, successes, trials)
    assert found.slope == pytest.approx(slope, abs=0.05)
    assert found.intercept == pytest.approx(intercept, abs=0.05)
    assert np.abs(found.apply(distorted) - truth).max() < 0.03


def test_calibration_lowers_the_log_loss_on_fresh_rows() -> None:
    _, distorted, successes, trials = simulate(0.5, 0.4)
    found = fit_calibration(distorted, successes, trials)
    _, fresh, k, n = simulate(0.5, 0.4, seed=1)
    assert metrics.log_loss(found.apply(fresh), k, n) < metrics.log_loss(fresh, k, n) - 0.01


@pytest.mark.parametrize(("slope", "intercept"), [(0.05, -5), (1, 0), (5, 5)])
def test_ranking_is_kept(slope: float, intercept: float) -> None:
    p = np.sort(np.random.default_rng(0).uniform(0.05, 0.95, 200))
    applied = Calibration(slope, intercept).apply(p)
    assert (np.diff(applied) > 0).all()
    assert applied.dtype == np.float64


def test_even_a_model_that_ranks_backwards_keeps_its_ranking() -> None:
    truth, _, successes, trials = simulate(1, 0)
    found = fit_calibration(1 - truth, successes, trials)
    assert found.slope == pytest.approx(0.05)


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (5, 5), (5, -5), (0.05, 0)])
def test_certainty_is_never_total(slope: float, intercept: float) -> None:
    applied = Calibration(slope, intercept).apply(np.array([0.0, 1e-9, 0.5, 1 - 1e-9, 1.0]))
    assert (applied > 0).all()
    assert (applied < 1).all()


def test_the_identity_changes_nothing() -> None:
    p = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(Calibration(1, 0).apply(p), p)
    single = p.astype(np.float32)
    np.testing.assert_allclose(Calibration(1, 0).apply(single), single, rtol=1e-6)


def test_few_rows_hardly_bend_it() -> None:
    none = np.array([])
    empty = fit_calibration(none, none, none)
    assert (empty.slope, empty.intercept) == pytest.approx((1, 0))
    few = fit_calibration(np.array([0.9, 0.8]), np.array([0, 0]), np.array([1, 1]))
    assert abs(few.slope - 1) < 0.25
    assert abs(few.intercept) < 0.25


def test_rows_without_trials_do_not_count() -> None:
    _, distorted, successes, trials = simulate(0.5, 0.3, rows=300)
    found = fit_calibration(distorted, successes, trials)
    extended = [np.concatenate([x, np.full(100, v)]) for x, v in
                ((distorted, 0.99), (successes, 0), (trials, 0))]  # fmt: skip
    again = fit_calibration(*extended)
    assert (again.slope, again.intercept) == pytest.approx((found.slope, found.intercept), abs=1e-3)
