"""Calibration: takes back a known distortion, keeps the ranking, does little with few rows."""

import numpy as np
import pytest
from scipy.special import expit, logit

from emailimg import calibration, metrics
from emailimg.calibration import Beta, Calibration, Isotonic, Platt, fit_calibration
from emailimg.errors import BundleError

Simulated = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

EXAMPLES = [
    Calibration(),
    Platt(slope=0.5, intercept=0.3),
    Beta(low=0.4, high=1.7, intercept=-0.2),
    Isotonic(raw=(-1.0, 0.0, 2.0), calibrated=(-0.5, -0.5, 1.0)),
]


def simulate(distort: Calibration, rows: int = 4000, seed: int = 0) -> Simulated:
    """Truth, the probabilities of a model whose truth is `distort` of them, and k and n."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(0.05, 0.95, rows)
    truth = distort.apply(raw)
    trials = rng.integers(1, 21, rows)
    return truth, raw, rng.binomial(trials, truth), trials


@pytest.mark.parametrize(
    ("slope", "intercept"), [(1.0, 0.0), (0.5, 0.3), (2.0, -0.5), (0.8, 1.0), (1.5, 0.0)]
)
def test_platt_finds_a_known_slope_and_intercept(slope: float, intercept: float) -> None:
    _, raw, successes, trials = simulate(Platt(slope, intercept))
    found = calibration.fit_platt(raw, successes, trials)
    assert found.slope == pytest.approx(slope, abs=0.06)
    assert found.intercept == pytest.approx(intercept, abs=0.05)


def test_beta_finds_two_ends_that_bend_apart() -> None:
    _, raw, successes, trials = simulate(Beta(0.4, 1.7, -0.2), rows=20_000)
    found = calibration.fit_beta(raw, successes, trials)
    assert (found.low, found.high, found.intercept) == pytest.approx((0.4, 1.7, -0.2), abs=0.08)


@pytest.mark.parametrize("distortion", EXAMPLES, ids=lambda d: d.method)
def test_the_chosen_method_comes_close_to_the_truth(distortion: Calibration) -> None:
    _, raw, successes, trials = simulate(distortion, rows=8000)
    found = fit_calibration(raw, successes, trials).calibration
    truth, fresh, *_ = simulate(distortion, seed=1)
    assert np.abs(found.apply(fresh) - truth).mean() < 0.012


@pytest.mark.parametrize("distortion", EXAMPLES, ids=lambda d: d.method)
def test_the_right_method_is_chosen_where_there_are_rows_enough(distortion: Calibration) -> None:
    choice = fit_calibration(*simulate(distortion)[1:])
    assert set(choice.log_losses) == {"identity", "platt", "beta", "isotonic"}
    assert choice.log_losses[choice.calibration.method] == min(choice.log_losses.values())
    assert choice.log_losses[distortion.method] < min(choice.log_losses.values()) + 0.001


def test_what_needs_no_correction_gets_none_from_the_luck_of_few_rows() -> None:
    chosen = [
        fit_calibration(*simulate(Calibration(), rows=500, seed=seed)[1:]) for seed in range(20)
    ]
    assert [choice.calibration.method for choice in chosen].count("identity") >= 19
    lowest = [min(choice.log_losses, key=choice.log_losses.__getitem__) for choice in chosen]
    assert lowest.count("identity") < 19, "luck alone often lets another one measure better"


def test_a_curve_that_no_formula_bends_to_is_left_to_isotonic() -> None:
    staircase = Isotonic(raw=(-2, -0.9, -0.8, 0.8, 0.9, 2), calibrated=(-2, -2, 0, 0, 2, 2))
    choice = fit_calibration(*simulate(staircase, rows=20_000)[1:])
    assert choice.calibration.method == "isotonic"
    assert choice.log_losses["isotonic"] < choice.log_losses["beta"]


def test_calibration_lowers_the_log_loss_on_fresh_rows() -> None:
    distortion = Platt(0.5, 0.4)
    found = fit_calibration(*simulate(distortion)[1:]).calibration
    _, fresh, k, n = simulate(distortion, seed=1)
    assert metrics.log_loss(found.apply(fresh), k, n) < metrics.log_loss(fresh, k, n) - 0.01


@pytest.mark.parametrize(
    "applied", [Calibration(), Platt(0.05, -5), Platt(5, 5), Beta(0.05, 5, 1)], ids=str
)
def test_ranking_is_kept(applied: Calibration) -> None:
    p = np.sort(np.random.default_rng(0).uniform(0.05, 0.95, 200))
    assert (np.diff(applied.apply(p)) > 0).all()
    assert applied.apply(p).dtype == np.float64


def test_a_fitted_curve_never_falls() -> None:
    _, raw, successes, trials = simulate(Platt(0.7, 0), rows=200)
    found = calibration.fit_isotonic(raw, successes, trials)
    assert (np.diff(found.apply(np.linspace(0, 1, 500))) >= 0).all()


def test_even_a_model_that_ranks_backwards_keeps_its_ranking() -> None:
    truth, _, successes, trials = simulate(Calibration())
    assert calibration.fit_platt(1 - truth, successes, trials).slope == pytest.approx(0.05)
    assert calibration.fit_beta(1 - truth, successes, trials).low == pytest.approx(0.05)


@pytest.mark.parametrize("applied", [*EXAMPLES, Platt(5, 5), Platt(5, -5)], ids=str)
def test_certainty_is_never_total(applied: Calibration) -> None:
    calibrated = applied.apply(np.array([0.0, 1e-9, 0.5, 1 - 1e-9, 1.0]))
    assert (calibrated > 0).all()
    assert (calibrated < 1).all()


def test_a_step_of_successes_alone_is_not_certainty() -> None:
    raw = np.array([0.2, 0.3, 0.6, 0.7])
    found = calibration.fit_isotonic(raw, np.array([0, 0, 3, 3]), np.array([3, 3, 3, 3]))
    low, high = expit(found.calibrated[0]), expit(found.calibrated[-1])
    assert 0.02 < low < 0.2
    assert 0.8 < high < 0.98


@pytest.mark.parametrize("method", EXAMPLES, ids=lambda d: d.method)
def test_a_calibration_survives_json(method: Calibration) -> None:
    assert calibration.from_json(method.as_json()) == method


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(BundleError, match="'spline'; accepted: identity, platt, beta, isotonic"):
        calibration.from_json({"method": "spline"})


def test_the_identity_changes_nothing() -> None:
    p = np.linspace(0.01, 0.99, 50)
    for same in (Calibration(), Platt(1, 0), Beta(1, 1, 0)):
        np.testing.assert_allclose(same.apply(p), p)
        np.testing.assert_allclose(same.apply(p.astype(np.float32)), p, rtol=1e-6)


def test_few_rows_hardly_bend_it() -> None:
    none = np.array([])
    assert fit_calibration(none, none, none).calibration == Platt(1, 0)
    few = fit_calibration(np.array([0.9, 0.8]), np.array([0, 0]), np.array([1, 1]))
    odds = logit(few.calibration.apply(np.array([0.5, 0.9])))
    np.testing.assert_allclose(odds, logit([0.5, 0.9]), atol=0.6)


def test_rows_without_trials_do_not_count() -> None:
    _, raw, successes, trials = simulate(Platt(0.5, 0.3), rows=300)
    found = fit_calibration(raw, successes, trials)
    extended = [np.concatenate([x, np.full(100, v)]) for x, v in
                ((raw, 0.99), (successes, 0), (trials, 0))]  # fmt: skip
    assert fit_calibration(*extended) == found
