"""Synthetic labels: rules, context, the funnel, amounts, observed labels, honest noise."""

import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from emailimg import embed, features, labels, splits, storage, taxonomy, training_rows
from emailimg.config import Config, LabelConfig
from emailimg.config.labelling import LogisticRule, TwoLevelRule
from emailimg.parquet import write_table

ROW: dict[str, Any] = {
    "techniques": [],
    "vehicle_type": "Sedan",
    "make": "Porsche",
    "model": "911",
    "class_name": "Porsche 911 Coupe 2012",
    "colour": "red",
    "background": None,
    "time_of_day": "night",
    "year": 2012.0,
    "campaign_type": "Newsletter",
    "industry": "Retail",
}
TECHNIQUES = taxonomy.AUGMENTATION_CLASSES[1:]
# Every target, so that the whole funnel is drawn; the context makes every example's p its own.
FUNNEL = LabelConfig.model_validate(
    {
        "rules": {
            "bounce_rate": {"kind": "vehicle_type", "high": 0.3, "low": 0.1},
            "open_rate": {"kind": "augmentation"},
            "click_to_open_rate": {"kind": "augmentation"},
            "conversion_rate": {"kind": "vehicle_type"},
            "purchase_rate": {"kind": "logistic", "weights": {"technique": {"brighter": 1}}},
            "unsubscribe_rate": {"kind": "augmentation", "high": 0.2, "low": 0.05},
            "revenue_per_email": {"kind": "vehicle_type", "amount": {"mean": 40, "spread": 0.5}},
        }
    }
)


def config(**settings: Any) -> LabelConfig:
    return LabelConfig(rules={"open_rate": TwoLevelRule(kind="augmentation")}, **settings)


def logistic(**settings: Any) -> LogisticRule:
    return LogisticRule.model_validate({"kind": "logistic"} | settings)


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def many(settings: LabelConfig, rows: int = 2000) -> list[dict[str, Any]]:
    """Labels of examples with all sorts of attributes and contexts."""
    rng = np.random.default_rng(3)
    drawn = []
    for i in range(rows):
        row = ROW | {
            "techniques": rng.choice(TECHNIQUES, rng.integers(0, 3), replace=False).tolist(),
            "vehicle_type": str(rng.choice(taxonomy.VEHICLE_TYPES)),
            "campaign_type": str(rng.choice(taxonomy.CAMPAIGN_TYPES)),
        }
        drawn.append(labels.draw_labels(settings, f"image{i}-1", row))
    return drawn


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    return many(FUNNEL)


@pytest.mark.parametrize("technique", [None, *TECHNIQUES])
def test_the_reports_rule_favours_brighter_and_rotated(technique: str | None) -> None:
    rule = TwoLevelRule(kind="augmentation", context_strength=0)
    row = ROW | {"techniques": [technique] if technique else [], "vehicle_type": "SUV"}
    expected = 0.8 if technique in ("brighter", "rotate") else 0.2
    assert labels.true_probability(rule, "open_rate", row) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("techniques", "expected"),
    [
        (["blur", "rotate"], 0.8),
        (["brighter", "rotate"], 0.8),
        (["blur", "sharpen"], 0.2),
        (np.array(["transpose", "brighter"], dtype=object), 0.8),  # as Parquet gives a list back
    ],
)
def test_one_of_several_techniques_is_enough(techniques: Any, expected: float) -> None:
    rule = TwoLevelRule(kind="augmentation", context_strength=0)
    row = ROW | {"techniques": techniques, "augmentation_class": "original"}
    assert labels.true_probability(rule, "open_rate", row) == pytest.approx(expected)


@pytest.mark.parametrize("vehicle_type", [*taxonomy.VEHICLE_TYPES, None])
def test_the_published_tables_rule_favours_suv_and_convertible(vehicle_type: str | None) -> None:
    rule = TwoLevelRule(kind="vehicle_type", context_strength=0)
    row = ROW | {"vehicle_type": vehicle_type, "techniques": ["brighter"]}
    expected = 0.8 if vehicle_type in ("SUV", "Convertible") else 0.2
    assert labels.true_probability(rule, "open_rate", row) == pytest.approx(expected)


def test_the_rules_probabilities_are_settings() -> None:
    rule = TwoLevelRule(kind="augmentation", high=0.6, low=0.1, context_strength=0)
    bright = ROW | {"techniques": ["brighter"]}
    assert labels.true_probability(rule, "open_rate", ROW) == pytest.approx(0.1)
    assert labels.true_probability(rule, "open_rate", bright) == pytest.approx(0.6)


def test_context_shifts_the_log_odds_by_its_effect() -> None:
    rule = TwoLevelRule(kind="augmentation", context_strength=0.7)
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
    assert set(columns) == {name for name, _ in labels.label_columns(two)}
    for target, rule in two.rules.items():
        of_opens = target == "click_to_open_rate"
        assert columns[f"{target}_n"] == (columns["open_rate_k"] if of_opens else 9)
        assert 0 <= columns[f"{target}_k"] <= columns[f"{target}_n"]
        assert columns[f"{target}_p"] == labels.true_probability(rule, target, ROW)


def test_labels_depend_on_seed_target_and_example_alone() -> None:
    columns = [labels.draw_labels(config(), f"image{i}-1", ROW) for i in range(30)]
    again = [labels.draw_labels(config(), f"image{i}-1", ROW) for i in reversed(range(30))]
    assert columns == again[::-1]
    other = [labels.draw_labels(config(seed=1), f"image{i}-1", ROW) for i in range(30)]
    assert columns != other


def test_a_target_moves_another_only_through_the_funnel() -> None:
    alone = [labels.draw_labels(config(), f"image{i}-1", ROW)["open_rate_k"] for i in range(30)]

    def with_another(target: str) -> list[int]:
        rules = config().rules | {target: TwoLevelRule(kind="vehicle_type")}
        more = LabelConfig(rules=rules)
        return [labels.draw_labels(more, f"image{i}-1", ROW)["open_rate_k"] for i in range(30)]

    for target in set(taxonomy.TARGETS) - {"open_rate", "bounce_rate"}:
        assert with_another(target) == alone
    assert with_another("bounce_rate") != alone, "what bounced cannot be opened"


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
        TwoLevelRule(kind="augmentation", context_strength=0), "open_rate", ROW
    )
    assert -(p * np.log(p) + (1 - p) * np.log(1 - p)) == pytest.approx(0.5004, abs=1e-4)
    assert p * (1 - p) == pytest.approx(0.16)


def test_the_columns_are_the_configs_and_fit_their_types() -> None:
    names = [name for name, _ in labels.label_columns(FUNNEL)]
    assert len(names) == len(set(names)) == 7 * 3 + 1
    drawn = many(FUNNEL, 20)
    assert set(drawn[0]) == set(names)
    table = pa.Table.from_pylist(drawn, schema=pa.schema(labels.label_columns(FUNNEL)))
    assert table["revenue_per_email_amount"].type == pa.float64()
    assert [name for name, _ in labels.label_columns(config())] == [
        "open_rate_k",
        "open_rate_n",
        "open_rate_p",
    ]


# The logistic rule


@pytest.mark.parametrize(
    ("settings", "changed", "log_odds"),
    [
        ({"intercept": -1.0, "weights": {"colour": {"blue": 3}}}, {}, -1.0),
        ({"weights": {"colour": {"Red": 0.7}}}, {}, 0.7),
        ({"weights": {"colour": {"dark-red": 0.7}}}, {"colour": "Dark Red"}, 0.7),
        ({"weights": {"background": {"beach": 0.7}}}, {}, 0.0),
        ({"weights": {"model": {911: 0.7}, "make": {"porsche": 0.1}}}, {}, 0.8),
        ({"weights": {"class_name": {"porsche_911 coupe 2012": -0.4}}}, {}, -0.4),
        ({"weights": {"time_of_day": {"night": 0.4, "day": 9}}}, {}, 0.4),
        ({"weights": {"year": {2012: 0.3, 2011: 5}}}, {}, 0.3),
        ({"weights": {"year": {2012: 0.3}}}, {"year": float("nan")}, 0.0),
        ({"weights": {"vehicle_type": {"sedan": 0.9}}}, {"vehicle_type": None}, 0.0),
        ({"weights": {"campaign_type": {"newsletter": 0.2}, "industry": {"RETAIL": 0.3}}}, {}, 0.5),
        (
            {
                "intercept": 0.1,
                "weights": {"technique": {"Brighter": 1, "blur": -0.3, "emboss": 8}},
            },
            {"techniques": ["blur", "brighter", "rotate"]},
            0.8,
        ),
        (
            {"interactions": [{"when": {"colour": "red", "year": 2012}, "weight": 2.5}]},
            {},
            2.5,
        ),
        ({"interactions": [{"when": {"colour": "red", "year": 2011}, "weight": 2.5}]}, {}, 0.0),
        (
            {"interactions": [{"when": {"technique": "blur", "make": "Porsche"}, "weight": -2}]},
            {"techniques": ["rotate", "blur"]},
            -2.0,
        ),
    ],
)
def test_a_logistic_rule_adds_up_log_odds(
    settings: dict[str, Any], changed: dict[str, Any], log_odds: float
) -> None:
    probability = labels.true_probability(logistic(**settings), "open_rate", ROW | changed)
    assert probability == pytest.approx(sigmoid(log_odds), rel=1e-12)


def test_the_logistic_rule_can_have_the_context_effect_too() -> None:
    rule = logistic(intercept=0.5, weights={"colour": {"red": 1}}, context_strength=0.7)
    effect = labels.context_effect("open_rate", "Newsletter", "Retail")
    probability = labels.true_probability(rule, "open_rate", ROW)
    assert probability == pytest.approx(sigmoid(1.5 + 0.7 * effect), rel=1e-12)


@pytest.mark.parametrize(("intercept", "expected"), [(800.0, 1.0), (-800.0, 0.0)])
def test_extreme_weights_stay_probabilities(intercept: float, expected: float) -> None:
    rule = logistic(intercept=intercept, weights={"colour": {"red": 1}})
    with np.errstate(all="raise", under="ignore"):
        assert labels.true_probability(rule, "open_rate", ROW) == expected


def test_interactions_turn_the_ranking_of_two_images_between_campaigns() -> None:
    rule = logistic(
        weights={"vehicle_type": {"Sedan": 0.5}, "campaign_type": {"Promotional": -1.0}},
        interactions=[
            {"when": {"vehicle_type": "SUV", "campaign_type": "Promotional"}, "weight": 1.5}
        ],
    )

    def best(campaign_type: str) -> str:
        rows = [ROW | {"vehicle_type": v, "campaign_type": campaign_type} for v in ("SUV", "Sedan")]
        chances = [labels.true_probability(rule, "open_rate", row) for row in rows]
        return str(rows[int(np.argmax(chances))]["vehicle_type"])

    assert best("Newsletter") == "Sedan"
    assert best("Promotional") == "SUV"


def test_a_two_level_rule_ranks_images_alike_in_all_campaigns() -> None:
    rule = TwoLevelRule(kind="augmentation", context_strength=2)
    for campaign_type in taxonomy.CAMPAIGN_TYPES:
        row = ROW | {"campaign_type": campaign_type}
        bright = labels.true_probability(rule, "open_rate", row | {"techniques": ["brighter"]})
        assert bright > labels.true_probability(rule, "open_rate", row)


# The funnel


@pytest.mark.parametrize("sends", [1, 20])
def test_nothing_gets_further_than_it_came(sends: int) -> None:
    for drawn in many(FUNNEL.model_copy(update={"sends_per_image": sends})):
        assert drawn["bounce_rate_n"] == sends
        delivered = sends - drawn["bounce_rate_k"]
        assert 0 <= delivered <= sends
        assert drawn["open_rate_n"] == delivered
        assert 0 <= drawn["open_rate_k"] <= delivered
        assert drawn["click_to_open_rate_n"] == drawn["open_rate_k"]
        assert 0 <= drawn["click_to_open_rate_k"] <= drawn["open_rate_k"]
        for target in ("conversion_rate", "purchase_rate", "unsubscribe_rate", "revenue_per_email"):
            assert drawn[f"{target}_n"] == delivered
            assert 0 <= drawn[f"{target}_k"] <= delivered


@pytest.mark.parametrize("target", FUNNEL.rules)
def test_rates_are_the_true_probabilities_at_every_level(
    examples: list[dict[str, Any]], target: str
) -> None:
    """Within four standard errors, in groups of examples with the same true probability."""
    groups = defaultdict(list)
    for drawn in examples:
        groups[drawn[f"{target}_p"]].append((drawn[f"{target}_k"], drawn[f"{target}_n"]))
    checked = 0
    for truth, counts in groups.items():
        successes, trials = np.sum(counts, axis=0)
        assert 0 < truth < 1
        if trials >= 200:
            error = math.sqrt(truth * (1 - truth) / trials)
            assert abs(successes / trials - truth) < 4 * error
            checked += trials
    assert checked > 5000


def test_without_an_open_rate_clicks_are_of_the_delivered() -> None:
    rules = {name: rule for name, rule in FUNNEL.rules.items() if name != "open_rate"}
    for drawn in many(LabelConfig(rules=rules), 30):
        assert drawn["click_to_open_rate_n"] == 20 - drawn["bounce_rate_k"]
    del rules["bounce_rate"]
    assert {drawn["click_to_open_rate_n"] for drawn in many(LabelConfig(rules=rules), 30)} == {20}


@pytest.mark.parametrize("among_the_targets", [True, False])
def test_what_was_observed_is_a_parent(among_the_targets: bool) -> None:
    rules = dict(FUNNEL.rules)
    if not among_the_targets:
        del rules["open_rate"], rules["bounce_rate"]
    observed = {"open_rate_k": 31.0, "open_rate_n": 40.0, "bounce_rate_k": 5, "bounce_rate_n": 50}
    drawn = labels.draw_labels(LabelConfig(rules=rules), "image-0", ROW | observed)
    assert drawn["click_to_open_rate_n"] == 31
    assert drawn["conversion_rate_n"] == 45
    assert ("open_rate_k" in drawn) == among_the_targets
    if among_the_targets:
        assert (drawn["open_rate_k"], drawn["open_rate_n"]) == (31, 40)


def test_a_parent_that_was_not_observed_says_nothing() -> None:
    unobserved = {"open_rate_k": 0, "open_rate_n": 0, "bounce_rate_k": 0, "bounce_rate_n": 0}
    drawn = labels.draw_labels(FUNNEL, "image-0", ROW | unobserved)
    assert drawn["click_to_open_rate_n"] == drawn["conversion_rate_n"] == 20
    assert (drawn["open_rate_n"], drawn["bounce_rate_n"]) == (0, 0)


def test_nothing_opened_is_no_click_rate_of_zero() -> None:
    drawn = labels.draw_labels(FUNNEL, "image-0", ROW | {"open_rate_k": 0, "open_rate_n": 9})
    assert (drawn["click_to_open_rate_k"], drawn["click_to_open_rate_n"]) == (0, 0)
    assert 0 < drawn["click_to_open_rate_p"] < 1


# Amounts of revenue


def test_amounts_are_of_the_successes_and_about_the_mean(examples: list[dict[str, Any]]) -> None:
    for example in examples:
        amount, successes = example["revenue_per_email_amount"], example["revenue_per_email_k"]
        assert (amount > 0) == (successes > 0)
        assert amount == round(amount, 2)
    total = sum(example["revenue_per_email_amount"] for example in examples)
    successes = sum(example["revenue_per_email_k"] for example in examples)
    spread = 40 * math.sqrt(math.exp(0.5**2) - 1)  # of one log-normal amount
    assert abs(total / successes - 40) < 4 * spread / math.sqrt(successes)
    assert examples == many(FUNNEL), "the same again"


def test_amounts_without_a_spread_are_the_mean() -> None:
    rule = TwoLevelRule.model_validate(
        {"kind": "vehicle_type", "amount": {"mean": 12.5, "spread": 0}}
    )
    drawn = labels.draw_labels(LabelConfig(rules={"revenue_per_email": rule}), "image-0", ROW)
    assert drawn["revenue_per_email_amount"] == 12.5 * drawn["revenue_per_email_k"]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ({"k": 3, "n": 9, "amount": 120.25}, 120.25),
        ({"k": 0.0, "n": 9.0, "amount": 0.0}, 0.0),
        ({"k": 3, "n": 9}, None),  # successes without amounts: none is made up
        ({"k": 3, "n": 9, "amount": float("nan")}, None),
        ({"k": 0, "n": 0, "amount": 7.0}, None),
    ],
)
def test_observed_amounts_are_kept(observed: dict[str, float], expected: float | None) -> None:
    row = ROW | {f"revenue_per_email_{part}": value for part, value in observed.items()}
    amount = labels.draw_labels(FUNNEL, "image-0", row)["revenue_per_email_amount"]
    assert math.isnan(amount) if expected is None else amount == expected


def test_without_amounts_in_the_config_there_are_none() -> None:
    drawn = labels.draw_labels(LabelConfig(), "image-0", ROW)
    assert math.isnan(drawn["revenue_per_email_amount"])


# No label reaches a model

_NO_FEATURE = re.compile(r"_(p|k|n|amount|rate|weight|id)$|^split$|^version$")


def embedded(config: Config) -> pa.Table:
    """Rows as the embeddings stage writes them, with every column that there can be."""
    rows = [
        drawn | {"example_id": f"i{i}-0", "source_id": f"i{i}", "split": "train", "version": 0}
        for i, drawn in enumerate(many(config.labels, 4))
    ]
    context = {"campaign_type": "Survey", "industry": "Energy"}
    batch = pa.Table.from_pylist([row | context for row in rows])
    look = embed.Look(np.ones((4, 3), np.float32), np.ones((4, 5), np.float32), {})
    return embed._with_features(config, batch, look)


def test_features_are_the_embedding_and_the_context_alone() -> None:
    table = embedded(Config(labels=FUNNEL))
    labelled = {name for name, _ in labels.label_columns(FUNNEL)}
    labelled |= {f"{target}_{part}" for target in FUNNEL.rules for part in ("rate", "weight")}
    assert labelled <= set(table.column_names)
    seen = features.feature_columns(3)
    assert not labelled & set(seen)
    assert not [name for name in seen if _NO_FEATURE.search(name)]
    contexts = (taxonomy.CAMPAIGN_TYPES, taxonomy.INDUSTRIES, taxonomy.VEHICLE_TYPES)
    assert len(seen) == 3 + sum(map(len, contexts))
    assert not set(seen) & {name for name in table.column_names if _NO_FEATURE.search(name)}


def test_a_classifier_is_given_no_label_but_its_own_rate_and_weight(tmp_path: Path) -> None:
    """Of folders that hold all labels."""
    table = embedded(Config(labels=FUNNEL)).to_pandas()
    write_table(storage.join(splits.folder(str(tmp_path), "train"), "0.parquet"), table)
    width = features.embedding_width(str(tmp_path))
    assert width == 3, "no label is taken for a part of the embedding"
    *seen, rate, weight = training_rows.columns("open_rate", width)
    assert seen == features.feature_columns(3)
    assert (rate, weight) == ("open_rate_rate", "open_rate_weight")
    given = training_rows.read_part(str(tmp_path), "train", "open_rate", width, 0, 1)
    observed = table[table["open_rate_weight"] > 0]
    np.testing.assert_array_equal(given.features, observed[seen])
    np.testing.assert_array_equal(given.rates, observed[rate])
