"""How much of an edit's predicted difference holds up, where the truth is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from embeddings_factory import write_embeddings
from scipy.special import expit

from emailimg import edit_slope, features, splits
from emailimg.calibration import Calibration
from emailimg.parquet import read_table

TRIALS = 20


def outcomes(count: int, true_share: float) -> dict[str, np.ndarray]:
    """Versions of whose predicted differences so large a share is true."""
    rng = np.random.default_rng(5)
    before = rng.normal(-0.5, 1.0, count)
    difference = rng.normal(0, 0.6, count)
    trials = np.full(count, TRIALS)
    return {
        "original": expit(before),
        "version": expit(before + difference),
        "successes": rng.binomial(trials, expit(before + true_share * difference)),
        "trials": trials,
    }


@pytest.mark.parametrize("true_share", [0.0, 0.5, 1.0])
def test_it_is_the_share_that_the_outcomes_show(true_share: float) -> None:
    assert edit_slope.fit(**outcomes(500, true_share)) == pytest.approx(true_share, abs=0.12)


def test_few_versions_do_not_talk_it_down() -> None:
    few = edit_slope.fit(**outcomes(3, 0.0))
    assert edit_slope.fit(**outcomes(500, 0.0)) < 0.12 < 0.5 < few <= 1


def test_a_difference_of_no_effect_in_the_mean_is_the_intercepts() -> None:
    """All versions do worse alike: nothing speaks against what tells them apart."""
    found = outcomes(500, 1.0)
    rng = np.random.default_rng(1)
    log_odds = np.log(found["version"] / (1 - found["version"])) - 0.7
    found["successes"] = rng.binomial(found["trials"], expit(log_odds))
    assert edit_slope.fit(**found) > 0.85


@pytest.fixture
def embeddings(tmp_path: Path) -> str:
    """Version 1 of an image has an embedding of its own, whose first column tells the truth."""
    rows = {"train": 800, "validation": 800, "test": 10}
    return write_embeddings(str(tmp_path), rows, width=3, shards=1)


def booster(embeddings: str) -> xgboost.Booster:
    rows = read_table(splits.folder(embeddings, "train"))
    matrix = xgboost.QuantileDMatrix(
        rows[features.feature_columns(3)],
        label=rows["open_rate_rate"],
        weight=rows["open_rate_weight"],
    )
    settings = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    return xgboost.train(settings, matrix, num_boost_round=20)


def measured(embeddings: str, target: str = "open_rate") -> Any:
    return edit_slope.measure([booster(embeddings)], Calibration(), embeddings, target)


def test_it_is_measured_on_held_out_versions_and_their_originals(embeddings: str) -> None:
    assert measured(embeddings) > 0.8


def test_what_no_edit_changes_is_taken_from_the_original(embeddings: str) -> None:
    """Then nothing that is predicted is seen: the difference is in the first column alone."""
    features.write_lasting_columns(embeddings, [0])
    assert measured(embeddings) < 0.5


def test_nothing_speaks_against_what_was_not_observed(embeddings: str) -> None:
    assert measured(embeddings, "bounce_rate") == 1
