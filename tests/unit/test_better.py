"""Comparing images: simulated classifiers whose members and truth are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from emailimg import better
from emailimg.boosters import Prediction
from emailimg.intervals import Uncertainty

MEMBERS = 10


def predicted(
    rng: np.random.Generator,
    clean: np.ndarray,
    noise: float,
    unseen: float = 0.0,
    common: float = 0.0,
) -> tuple[Prediction, np.ndarray]:
    """A prediction of log-odds that are `clean` without noise, and the true probabilities.

    noise: standard deviation of each one's own; common: of what all rows of one booster share.
    """

    def booster() -> np.ndarray:
        return clean + rng.normal(0, noise, clean.shape) + rng.normal(0, common)

    said = booster()
    members = np.stack([booster() for _ in range(MEMBERS)])
    p = expit(said)
    prediction = Prediction(
        probability=p,
        low=p,
        high=p,
        members=expit(members - members.mean(axis=0) + said),
        uncertainty=Uncertainty(members=1.0, unseen=unseen),
    )
    true = clean + rng.normal(0, 1, clean.shape) * np.sqrt(unseen / (p * (1 - p)))
    return prediction, expit(true)


def compared(prediction: Prediction) -> tuple[better.Comparison, Prediction]:
    """The first row is the image, the others are its candidates."""
    own, others = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
    spread = better.Spread.of(others.probability)
    return better.compare(own, others, better.prior(spread, others)), others


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("common", [0.0, 0.8])
def test_the_best_of_many_is_not_overstated(spread: float, common: float) -> None:
    rng = np.random.default_rng(7)
    plain, shrunk = [], []
    for _ in range(200):
        clean = rng.normal(-1, spread, 400)
        prediction, _ = predicted(rng, clean, noise=0.5, common=common)
        own, others = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
        found = better.compare(
            own, others, better.prior(better.Spread.of(others.probability), others)
        )
        best = int(np.argmax(found.log_odds))
        said = np.log(others.probability / (1 - others.probability))
        shift = prediction_shift(clean, prediction)
        plain.append(said.max() - shift - clean[1:][np.argmax(said)])
        shrunk.append(found.log_odds[best] - shift - clean[1:][best])
    assert np.mean(plain) > 0.4
    assert abs(np.mean(shrunk)) < 0.12 * np.mean(plain) + 3 * np.std(shrunk) / np.sqrt(200)


def prediction_shift(clean: np.ndarray, prediction: Prediction) -> float:
    """What all rows of the booster share: no difference shows it."""
    said = np.log(prediction.probability / (1 - prediction.probability))
    return float(np.mean(said - clean))


@pytest.mark.parametrize("spread", [0.15, 0.7])
def test_four_of_five_that_are_80_percent_sure_are_better(spread: float) -> None:
    """Also where the image can be anything: it is not shrunk towards the candidates."""
    rng = np.random.default_rng(3)
    claimed, came_true = [], []
    for _ in range(4000):
        clean = np.concatenate([rng.normal(-0.5, 2.0, 1), rng.normal(-0.5, spread, 12)])
        prediction, truth = predicted(rng, clean, noise=0.3, unseen=0.03, common=0.5)
        own, others = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
        found = better.compare(
            own, others, better.prior(better.Spread.of(others.probability), others)
        )
        claimed.append(found.better(1))
        came_true.append(truth[1:] > truth[0])
    said, was = np.concatenate(claimed), np.concatenate(came_true)
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9), (0.9, 0.98)):
        inside = (said > low) & (said < high)
        assert was[inside].mean() == pytest.approx(said[inside].mean(), abs=0.05)


def test_what_all_share_does_not_make_a_difference_uncertain() -> None:
    rng = np.random.default_rng(0)
    clean = np.array([-1.0, -0.5, -0.7])
    loud, _ = predicted(rng, clean, noise=0.8)
    quiet, _ = predicted(rng, clean, noise=0.01, common=0.8)
    variances = []
    for found in (loud, quiet):
        own, others = found.part(slice(0, 1)), found.part(slice(1, None))
        variances.append(better.compare(own, others, better.Prior(-1.0, 1.0)).variance.max())
    assert variances[1] < 0.06 * variances[0]


def test_lower_is_better_the_other_way_round() -> None:
    prediction, _ = predicted(np.random.default_rng(0), np.array([-1.0, -0.2, -2.0]), 0.2)
    own, others = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
    found = better.compare(own, others, better.Prior(-1.0, 1.0))
    np.testing.assert_allclose(found.better(1) + found.better(-1), 1)
    assert found.better(1)[0] > 0.9
    assert found.better(-1)[1] > 0.9


def test_without_members_nothing_is_shrunk_and_nothing_is_sure() -> None:
    p = np.array([0.3, 0.5, 0.2])
    prediction = Prediction(p, p, p, np.empty((0, 3)))
    found, _ = compared(prediction)
    np.testing.assert_allclose(found.probability, [0.5, 0.2])
    assert np.isnan(found.better(1)).all()
    np.testing.assert_allclose(found.low, found.probability)


def test_intervals_are_around_the_shrunk_probabilities() -> None:
    rng = np.random.default_rng(1)
    prediction, _ = predicted(rng, rng.normal(-1, 0.3, 50), noise=0.4, unseen=0.02)
    found, others = compared(prediction)
    assert (found.low < found.probability).all()
    assert (found.probability < found.high).all()
    assert np.ptp(found.probability) < np.ptp(others.probability)


def test_a_point_more_is_never_sure() -> None:
    """Even where no member and no held-out row says how it could be wrong."""
    said = np.array([0.20, 0.21, 0.60])
    members = np.repeat(said[None], MEMBERS, axis=0)
    prediction = Prediction(said, said, said, members, uncertainty=Uncertainty(1.0, 0.0))
    found, _ = compared(prediction)
    slightly, much = found.better(1)
    assert 0.5 < slightly < 0.8
    assert much > 0.99
    assert found.high[0] - found.low[0] > 0.03


@pytest.mark.parametrize("slope", [0.0, 0.4, 1.0])
def test_so_much_of_each_difference_counts_as_holds_up(slope: float) -> None:
    prediction, _ = predicted(np.random.default_rng(4), np.array([-1.0, -0.2, -2.0]), 0.2, 0.01)
    prediction = replace(prediction, edit_slope=slope)
    own, edited = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
    found = better.held_up(own, edited)
    for now, before, base in (
        (found.probability, edited.probability, own.probability),
        (found.members, edited.members, own.members),
    ):
        np.testing.assert_allclose(
            logit(now) - logit(base), slope * (logit(before) - logit(base)), atol=1e-12
        )
    assert np.all((found.low < found.probability) & (found.probability < found.high))


def test_edits_of_which_nothing_holds_up_do_no_better() -> None:
    prediction, _ = predicted(np.random.default_rng(4), np.array([-1.0, 0.5, 0.2]), 0.2)
    own, edited = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
    found = better.held_up(own, replace(edited, edit_slope=0.0))
    compared = better.compare(own, found, better.prior(better.Spread.of(found.probability), found))
    np.testing.assert_allclose(compared.probability, own.probability[0], atol=1e-12)
    np.testing.assert_allclose(compared.better(1), 0.5, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_edits_that_change_nothing_are_no_better_than_a_picture_off_their_mean(sign: int) -> None:
    """The picture is one of its versions: what sets it apart from them is as much noise."""
    rng = np.random.default_rng(11)
    better_alone, better_as_one = [], []
    for _ in range(200):
        prediction, _ = predicted(rng, np.full(16, -1.0), noise=0.3)
        own, edited = prediction.part(slice(0, 1)), prediction.part(slice(1, None))
        among = better.prior(better.Spread.of(edited.probability), edited)
        for of_one_kind, found in ((False, better_alone), (True, better_as_one)):
            compared = better.compare(own, edited, among, of_one_kind=of_one_kind)
            gains = sign * (compared.probability - own.probability)
            found.append(max(0.0, float(gains.max())))
    assert np.mean(better_alone) > 0.02
    assert np.mean(better_as_one) < 0.5 * np.mean(better_alone)


def test_a_version_whose_members_disagree_is_not_made_surer_than_they_are() -> None:
    rng = np.random.default_rng(2)
    prediction, _ = predicted(rng, np.full(13, -1.0), noise=0.05)
    said, members = prediction.probability.copy(), prediction.members.copy()
    said[-2:] = expit(0.5)
    members[:, -2] = expit(logit(members[:, -2]) + 1.5)
    members[:, -1] = expit(0.5 + rng.normal(0, 1.5, MEMBERS))
    found, _ = compared(replace(prediction, probability=said, members=members))
    agreed, disputed = found.better(1)[-2:]
    assert agreed > 0.99
    assert disputed < 0.9
