"""Intervals: nine of ten hold the true probability, where it is known because it is simulated."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy.special import expit

from emailimg import intervals, members
from emailimg.intervals import Uncertainty

WIDTH = 6
COLUMNS = [f"e{position}" for position in range(WIDTH)]
PARAMETERS = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "nthread": 1, "seed": 0}
ROUNDS = 60


@dataclass(frozen=True)
class World:
    """Two versions per source image; `hidden` is the part of their odds that no feature shows."""

    trials: int
    hidden: float

    def rows(self, seed: int, count: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(count, WIDTH)).astype(np.float32)
        odds = 0.8 * x[:, 0] + 0.5 * np.sin(2 * x[:, 1]) * x[:, 2]
        odds += self.hidden * rng.normal(size=count // 2).repeat(2)
        truth = expit(odds)
        successes = rng.binomial(self.trials, truth)
        return pd.DataFrame(x, columns=COLUMNS).assign(
            source_id=np.arange(count // 2).astype(str).repeat(2),
            truth=truth,
            k=successes,
            n=self.trials,
            open_rate_rate=(successes / self.trials).astype(np.float32),
            open_rate_weight=np.float32(self.trials),
        )


def coverage(world: World, seed: int) -> float:
    """Share of fresh rows whose true probability is inside the interval."""
    train, held_out, fresh = (
        world.rows(10 * seed + side, count) for side, count in enumerate((2400, 800, 1000))
    )
    matrix = xgboost.DMatrix(train[COLUMNS], train.open_rate_rate, weight=train.open_rate_weight)
    booster = xgboost.train(PARAMETERS, matrix, ROUNDS)
    files = members.train(PARAMETERS, train, COLUMNS, "open_rate", ROUNDS, 10)
    others = [xgboost.Booster(model_file=bytearray(file)) for file in files]

    def predict(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        features = rows[COLUMNS].to_numpy()
        spread = intervals.spread(np.stack([m.inplace_predict(features) for m in others]))
        return booster.inplace_predict(features).astype(float), spread

    said, spread = predict(held_out)
    labels = held_out.k.to_numpy(), held_out.n.to_numpy(), held_out.source_id.to_numpy()
    fitted = intervals.fit(said, spread, *labels)
    low, high = fitted.interval(*predict(fresh))
    return float(((low <= fresh.truth) & (fresh.truth <= high)).mean())


@pytest.mark.parametrize(
    "world", [World(20, 0.0), World(20, 0.5), World(5, 0.5), World(1, 0.5)], ids=str
)
def test_nine_of_ten_intervals_hold_the_truth(world: World) -> None:
    covered = np.mean([coverage(world, seed) for seed in range(3)])
    # Single trials say least about how wrong a probability is.
    assert (0.75 if world.trials == 1 else 0.84) < covered < 0.97


def test_what_no_feature_shows_is_found_in_the_labels() -> None:
    """A beta-binomial: the prediction is the mean, the truth scatters around it."""
    rng = np.random.default_rng(0)
    said = rng.uniform(0.2, 0.8, 4000)
    truth = rng.beta(said * 9, (1 - said) * 9)  # an intraclass correlation of 1 / 10
    trials = rng.integers(2, 30, 4000)
    found = intervals.fit(said, np.zeros(4000), rng.binomial(trials, truth), trials, trials)
    assert found.unseen == pytest.approx(0.1, abs=0.01)
    low, high = found.interval(said, np.zeros(4000))
    assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.9, abs=0.02)


def test_versions_of_one_image_stand_in_for_repeated_trials() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.2, 0.8, 20_000).repeat(2)
    truth = np.repeat(rng.beta(said[::2] * 4, (1 - said[::2]) * 4), 2)  # 1 / 5
    ones = np.ones(40_000, int)
    ids = np.arange(20_000).repeat(2)
    found = intervals.fit(said, np.zeros(40_000), rng.binomial(1, truth), ones, ids)
    assert found.unseen == pytest.approx(0.2, abs=0.03)
    strangers = intervals.fit(
        said, np.zeros(40_000), rng.binomial(1, truth), ones, np.arange(40_000)
    )
    assert strangers.unseen == 0


def test_few_rows_leave_the_members_word() -> None:
    none = np.array([])
    assert intervals.fit(none, none, none, none, none) == Uncertainty(1.0, 0.0)


@pytest.mark.parametrize("unseen", [0.0, 0.05, 0.9])
def test_an_interval_holds_its_probability(unseen: float) -> None:
    p = np.array([1e-9, 0.02, 0.5, 0.98, 1 - 1e-9])
    for spread in (0.0, 0.01, 0.2):
        low, high = Uncertainty(1.0, unseen).interval(p, np.full(5, spread))
        assert (low <= p).all()
        assert (p <= high).all()
        assert ((low >= 0) & (high <= 1)).all()


def test_an_interval_widens_with_doubt() -> None:
    p = np.array([0.2, 0.5, 0.8])
    doubts = [(1.0, 0.0, 0.01), (1.0, 0.0, 0.1), (2.0, 0.0, 0.1), (2.0, 0.1, 0.1)]
    ends = [
        Uncertainty(members, unseen).interval(p, np.full(3, s)) for members, unseen, s in doubts
    ]
    widths = np.array([high - low for low, high in ends])
    assert (np.diff(widths, axis=0) > 0).all()


def test_the_level_is_the_share_inside() -> None:
    doubt = Uncertainty(1.0, 0.1)
    p, spread = np.array([0.5]), np.array([0.05])
    low, high = doubt.interval(p, spread, level=0.5)
    lower, higher = doubt.interval(p, spread, level=0.99)
    assert lower < low < 0.5 < high < higher
