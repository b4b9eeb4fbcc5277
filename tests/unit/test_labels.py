"""Synthetic labels: the report's rules, the context's effect, observed labels, honest noise."""

from typing import Any

import numpy as np
import pytest

from emailimg import labels, taxonomy
from emailimg.config import LabelConfig, LabelRule

ROW: dict[str, Any] = {
    "augmentation_class": "original",
    "vehicle_type": "Sedan",
    "campaign_type": "Newsletter",
    "industry": "Retail",
}


def config(**settings: Any) -> LabelConfig:
    return LabelConfig(rules={"open_rate": LabelRule(kind="augmentation")}, **settings)


@pytest.mark.parametrize("augmentation_class", taxonomy.AUGMENTATION_CLASSES)
def test_the_reports_rule_favours_brighter_and_rotated(augmentation_class: str) -> None:
    rule = LabelRule(kind="augmentation", context_strength=0)
    row = ROW | {"augmentation_class": augmentation_class, "vehicle_type": "SUV"}
    expected = 0.8 if augmentation_class in ("brighter", "rotate") else 0.2
    assert labels.true_probability(rule, "open_rate", row) == pytest.approx(expected)


@pytest.mark.parametrize("vehicle_type", [*taxonomy.VEHICLE_TYPES, None])
def test_the_published_tables_rule_favours_suv_and_convertible(vehicle_type: str | None) -> None:
    rule = LabelRule(kind="vehicle_type", context_strength=0)
    row = ROW | {"vehicle_type": vehicle_type, "augmentation_class": "brighter"}
    expected = 0.8 if vehicle_type in ("SUV", "Convertible") else 0.2
    assert labels.true_probability(rule, "open_rate", row) == pytest.approx(expected)


def test_the_rules_probabilities_are_settings() -> None:
    rule = LabelRule(kind="augmentation", high=0.6, low=0.1, context_strength=0)
    bright = ROW | {"augmentation_class": "brighter"}
    assert labels.true_probability(rule, "open_rate", ROW) == pytest.approx(0.1)
    assert labels.true_probability(rule, "open_rate", bright) == pytest.approx(0.6)


def test_context_shifts_the_log_odds_by_its_effect() -> None:
    rule = LabelRule(kind="augmentation", context_strength=0.7)
    for campaign_type, industry in [("Survey", "Energy"), ("Webinar", "Retail")]:
        row = ROW | {"campaign_type": campaign_type, "industry": industry}
        probability = labels.true_probability(rule, "open_rate", row)
        effect = labels.context_effect("open_rate", campaign_type, industry)
        log_odds = np.log(probability / (1 - probability))
        assert log_odds == pytest.approx(np.log(0.2 / 0.8) + 0.7 * effect)


def test_context_effects_differ_and_are_about_standard_normal() -> None:
    effects = np.array(
        [
            labels.context_effect(target, campaign_type, industry)
            for target in taxonomy.TARGETS
            for campaign_type in taxonomy.CAMPAIGN_TYPES
            for industry in taxonomy.INDUSTRIES
        ]
    )
    assert len(np.unique(effects.round(9))) == len(effects)
    assert abs(effects.mean()) < 0.35
    assert 0.6 < effects.std() < 1.4


def test_targets_are_no_copies_of_each_other() -> None:
    first, second = (
        [labels.context_effect(target, c, "Retail") for c in taxonomy.CAMPAIGN_TYPES]
        for target in ("open_rate", "click_to_open_rate")
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.9
    two = LabelConfig()
    columns = [labels.draw_labels(two, f"image{i}-0", ROW) for i in range(40)]
    assert [c["open_rate_k"] for c in columns] != [c["click_to_open_rate_k"] for c in columns]


def test_every_target_gets_successes_trials_and_the_truth() -> None:
    two = LabelConfig(sends_per_image=9)
    columns = labels.draw_labels(two, "image-0", ROW)
    assert set(columns) == {f"{target}_{part}" for target in two.rules for part in "knp"}
    for target, rule in two.rules.items():
        assert columns[f"{target}_n"] == 9
        assert 0 <= columns[f"{target}_k"] <= 9
        assert columns[f"{target}_p"] == labels.true_probability(rule, target, ROW)


def test_labels_depend_on_seed_target_and_example_alone() -> None:
    columns = [labels.draw_labels(config(), f"image{i}-1", ROW) for i in range(30)]
    again = [labels.draw_labels(config(), f"image{i}-1", ROW) for i in reversed(range(30))]
    assert columns == again[::-1]
    other = [labels.draw_labels(config(seed=1), f"image{i}-1", ROW) for i in range(30)]
    assert columns != other
    # A second target does not move the first one's draws.
    more = LabelConfig(rules=config().rules | {"bounce_rate": LabelRule(kind="vehicle_type")})
    assert labels.draw_labels(more, "image3-1", ROW)["open_rate_k"] == columns[3]["open_rate_k"]


@pytest.mark.parametrize("sends", [1, 20])
def test_the_long_run_rate_is_the_true_probability(sends: int) -> None:
    settings = config(sends_per_image=sends)
    draws = [labels.draw_labels(settings, f"image{i}-0", ROW) for i in range(3000)]
    truth = draws[0]["open_rate_p"]
    rate = sum(draw["open_rate_k"] for draw in draws) / (3000 * sends)
    assert rate == pytest.approx(truth, abs=4.5 * (truth * (1 - truth) / (3000 * sends)) ** 0.5)


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [(3, 10, (3, 10)), (1.0, 1.0, (1, 1)), (0.0, 25.0, (0, 25)), (0.0, 0.0, (0, 0))],
)
def test_observed_labels_are_kept_and_their_truth_is_unknown(
    k: float, n: float, expected: tuple[int, int]
) -> None:
    row = ROW | {"open_rate_k": k, "open_rate_n": n}
    columns = labels.draw_labels(config(), "image-0", row)
    assert (columns["open_rate_k"], columns["open_rate_n"]) == expected
    assert np.isnan(columns["open_rate_p"])
    assert isinstance(columns["open_rate_k"], int)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_without_an_observation_the_rule_is_used(missing: float | None) -> None:
    row = ROW | {"open_rate_k": missing, "open_rate_n": missing}
    assert labels.draw_labels(config(), "image-0", row) == labels.draw_labels(
        config(), "image-0", ROW
    )


def test_an_assigned_context_is_known_and_repeatable() -> None:
    contexts = [labels.assign_context(0, f"image{i}") for i in range(1500)]
    assert contexts == [labels.assign_context(0, f"image{i}") for i in range(1500)]
    assert {campaign for campaign, _ in contexts} == set(taxonomy.CAMPAIGN_TYPES)
    assert {industry for _, industry in contexts} == set(taxonomy.INDUSTRIES)
    assert contexts != [labels.assign_context(1, f"image{i}") for i in range(1500)]


def test_no_model_beats_four_fifths_on_the_reports_labels() -> None:
    """The bound behind `reach`: log-loss 0.5004 and Brier 0.16 for who knows the truth."""
    p = labels.true_probability(
        LabelRule(kind="augmentation", context_strength=0), "open_rate", ROW
    )
    assert -(p * np.log(p) + (1 - p) * np.log(1 - p)) == pytest.approx(0.5004, abs=1e-4)
    assert p * (1 - p) == pytest.approx(0.16)
