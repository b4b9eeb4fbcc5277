"""Contributions: they add up to the answer, and follow what was changed."""

import numpy as np
import pytest
import xgboost

from emailimg import contributions, features, taxonomy
from emailimg.calibration import Calibration, Isotonic, Platt

NAMES = ["augmentation_class: original", "augmentation_class: blur", "vehicle_type: SUV"]
GROUPS = ["augmentation_class", "vehicle_type", "campaign_type", "industry"]
GROUPS += ["vehicle_type_told", "calibration"]
ROWS = 300


CALIBRATIONS = [Platt(1, 0), Platt(0.6, -0.4), Isotonic((-1.0, 0.0, 1.0), (-0.8, -0.8, 1.2))]


def inputs(seed: int = 0, campaign: str | None = None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(ROWS, len(NAMES))).astype(np.float32)
    campaigns = rng.choice(taxonomy.CAMPAIGN_TYPES, ROWS).tolist()
    industries = rng.choice(taxonomy.INDUSTRIES, ROWS).tolist()
    return features.assemble(embeddings, [campaign] * ROWS if campaign else campaigns, industries)


def train(depth: int) -> xgboost.Booster:
    """A booster of rates that depend on two attributes, campaigns and industries."""
    matrix = inputs()
    columns = [*NAMES, *features.CONTEXT_COLUMNS]
    survey, retail = (
        matrix[:, columns.index(name)] for name in ("campaign: Survey", "industry: Retail")
    )
    odds = matrix[:, 1] * 2 - matrix[:, 2] + 3 * survey * matrix[:, 1] - 2 * survey - retail
    return xgboost.train(
        {"objective": "binary:logistic", "max_depth": depth, "nthread": 1},
        xgboost.DMatrix(matrix, label=1 / (1 + np.exp(-odds))),
        num_boost_round=40,
    )


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    return train(depth=4)


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_base_and_groups_add_up_to_the_answer(
    booster: xgboost.Booster, calibration: Calibration
) -> None:
    matrix = inputs(1)
    found = contributions.shares([booster], calibration, matrix)
    groups = found.by_group(NAMES)
    assert list(groups) == GROUPS
    expected = calibration.apply(booster.inplace_predict(matrix))
    np.testing.assert_array_equal(found.probabilities, expected)
    log_odds = found.base + sum(groups.values())
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), expected, atol=1e-12)


def test_base_and_columns_add_up_to_the_boosters_margin(booster: xgboost.Booster) -> None:
    matrix = inputs(2)
    found = contributions.shares([booster], Platt(1, 0), matrix)
    margin = booster.predict(xgboost.DMatrix(matrix), output_margin=True)
    np.testing.assert_allclose(found.base + found.columns.sum(axis=1), margin, atol=1e-5)
    assert np.abs(found.calibration).max() < 1e-5, "the identity corrects nothing"


def test_the_base_is_the_mean_over_the_training_rows() -> None:
    # With a squared loss every row counts the same, as a mean over rows supposes.
    matrix = inputs()
    rows = xgboost.DMatrix(matrix, label=matrix[:, 1])
    model = xgboost.train({"objective": "reg:squarederror", "nthread": 1}, rows, 10)
    found = contributions.shares([model], Platt(1, 0), matrix)
    assert found.base == pytest.approx(model.predict(rows).mean(), abs=1e-5)


def test_without_interactions_another_campaign_moves_the_campaign_alone() -> None:
    stumps = train(depth=1)
    survey, newsletter = (
        contributions.shares([stumps], Platt(0.6, -0.4), inputs(3, campaign)).by_group(NAMES)
        for campaign in ("Survey", "Newsletter")
    )
    for group in ("augmentation_class", "vehicle_type", "industry"):
        np.testing.assert_allclose(survey[group], newsletter[group], atol=1e-6)
    assert (survey["campaign_type"] < newsletter["campaign_type"] - 0.5).all()


def test_where_the_campaign_changes_what_an_attribute_means_both_move(
    booster: xgboost.Booster,
) -> None:
    survey, newsletter = (
        contributions.shares([booster], Platt(1, 0), inputs(3, campaign)).by_group(NAMES)
        for campaign in ("Survey", "Newsletter")
    )
    blurred = inputs(3)[:, 1] > 1
    gap = survey["augmentation_class"] - newsletter["augmentation_class"]
    assert gap[blurred].mean() > 0.3
    assert gap[blurred].mean() > 3 * abs((survey["industry"] - newsletter["industry"]).mean())


def test_what_the_trees_do_not_ask_for_contributes_nothing() -> None:
    matrix = inputs()
    rates = (matrix[:, 2] > 0) * 0.6 + 0.2
    model = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 1, "nthread": 1},
        xgboost.DMatrix(matrix, label=rates),
        num_boost_round=5,
    )
    groups = contributions.shares([model], Platt(1, 0), matrix).by_group(NAMES)
    for group in ("augmentation_class", "campaign_type", "industry"):
        assert not groups[group].any()
    assert (np.sign(groups["vehicle_type"]) == np.sign(matrix[:, 2])).all()


def test_pooled_features_are_one_group(booster: xgboost.Booster) -> None:
    found = contributions.shares([booster], Platt(1, 0), inputs(1))
    groups = found.by_group(["image: 0", "image: 1", "image: 2"])
    assert list(groups) == ["image", *GROUPS[2:]]
    by_attribute = found.by_group(NAMES)
    expected = by_attribute["augmentation_class"] + by_attribute["vehicle_type"]
    np.testing.assert_allclose(groups["image"], expected)


def test_several_boosters_share_what_they_add() -> None:
    both = [train(depth=2), train(depth=4)]
    found = contributions.shares(both, Platt(0.6, -0.4), inputs(1))
    alone = [contributions.shares([each], Platt(0.6, -0.4), inputs(1)) for each in both]
    np.testing.assert_allclose(found.columns, (alone[0].columns + alone[1].columns) / 2)
    log_odds = found.base + sum(found.by_group(NAMES).values())
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), found.probabilities, atol=1e-12)
