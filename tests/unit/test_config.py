"""Settings: presets, overlays and their order, refusals that name the key, JSON and back."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from emailimg import config, taxonomy
from emailimg.config import Config, load
from emailimg.config.labelling import LogisticRule, TwoLevelRule
from emailimg.errors import ConfigError


@pytest.mark.parametrize("preset", config.PRESETS)
def test_presets_survive_json(preset: str) -> None:
    loaded = load(preset)
    text = json.dumps(loaded.model_dump(mode="json"), allow_nan=False)
    assert config.from_mapping(json.loads(text)) == loaded


def test_the_paper_preset_is_the_reports_recipe() -> None:
    paper = load("paper")
    assert (paper.encoder.arch, paper.encoder.epochs) == ("resnet34", 10)
    assert (paper.encoder.schedule, paper.encoder.optimizer) == ("plateau", "sgd")
    assert paper.encoder.patience_epochs == 3
    assert (paper.encoder.label_smoothing, paper.encoder.fresh_versions) == (0, False)
    assert paper.images.model_size_px == 224
    assert paper.split.test + paper.split.validation == 0.2
    assert paper.labels.sends_per_image == 1
    assert {rule.context_strength for rule in paper.labels.rules.values()} == {0}
    assert all(isinstance(rule, TwoLevelRule) for rule in paper.labels.rules.values())
    rules = [rule.model_dump() for rule in paper.labels.rules.values()]
    assert {(rule["low"], rule["high"]) for rule in rules} == {(0.2, 0.8)}


def test_fast_is_another_recipe_for_the_same_data() -> None:
    paper, fast = load("paper"), load("fast")
    assert fast.encoder != paper.encoder
    assert fast.model_copy(update={"encoder": paper.encoder}) == paper


def test_the_preset_yields_to_the_file_and_the_file_to_assignments(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    settings = {"encoder": {"epochs": 5, "batch_size": 32}, "split": {"test": 0.3}}
    file.write_text(yaml.safe_dump(settings))
    loaded = load("tiny", str(file), ["encoder.epochs=7"])
    assert loaded.encoder.epochs == 7
    assert loaded.encoder.batch_size == 32
    assert loaded.encoder.num_workers == load("tiny").encoder.num_workers
    assert (loaded.split.test, loaded.split.validation) == (0.3, 0.15)


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("encoder.epochs=3", ("encoder", "epochs"), 3),
        ("encoder.learning_rate=0.01", ("encoder", "learning_rate"), 0.01),
        ("encoder.use_gpu=true", ("encoder", "use_gpu"), True),
        ("source.images=/some/where=here", ("source", "images"), "/some/where=here"),
        ("source.images=null", ("source", "images"), None),
        ("search.targets=[Open Rate]", ("search", "targets"), ("open_rate",)),
        (" split.test =0.25", ("split", "test"), 0.25),
    ],
)
def test_assignments_are_yaml(assignment: str, path: tuple[str, ...], value: Any) -> None:
    found: Any = load("quickstart", None, [assignment])
    for name in path:
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("encodr.epochs=3", ["'encodr'", "encoder", "classifiers"]),
        ("encoder.epoch=3", ["'encoder.epoch'", "epochs", "batch_size"]),
        ("labels.rules.open_rate.hi=0.9", ["'labels.rules.open_rate.hi'", "high", "low"]),
        ("labels.rules.applause_rate.kind=augmentation", ["'applause_rate'", "open_rate"]),
        ("augment.block_weights.sparkle=1", ["augment.block_weights", "sparkle", "affine"]),
        ("search.targets=[applause]", ["'applause'", "open_rate"]),
        ("search.targets=[bounce_rate]", ["bounce_rate", "labels.rules", "open_rate"]),
        ("encoder.arch=resnet99", ["encoder.arch", "resnet18", "resnet152"]),
        ("encoder.epochs=0", ["encoder.epochs", "greater than or equal to 1"]),
        ("encoder.epochs=many", ["encoder.epochs", "integer"]),
        ("encoder=3", ["encoder"]),
        ("split.test=0.95", ["split", "sum to less than 1"]),
        ("split.validation=0", ["split", "positive"]),
        ("images.model_size_px=512", ["images", "working_size_px"]),
        ("encoder.batch_size=3", ["encoder", "multiple of num_workers"]),
        ("encoder.min_workers=3", ["encoder", "min_workers must not be more than num_workers"]),
        ("encoder.schedule=one_cycle", ["encoder.schedule", "'cosine' or 'plateau'"]),
        ("labels.rules.open_rate.high=0.1", ["labels.rules.open_rate", "low < high"]),
        ("labels.rules={open_rate: null, click_to_open_rate: null, revenue_per_email: null, "
         "conversion_rate: null}", ["labels.rules", "at least one target"]),
        ("augment.block_weights.flip=-1", ["augment.block_weights.flip", "equal to 0"]),
        ("augment.block_weights.flip=.nan", ["augment.block_weights"]),
        ("encoder.learning_rate=.inf", ["encoder.learning_rate", "finite"]),
        ("labels.rules.open_rate.kind=magic",
         ["labels.rules.open_rate.kind", "'magic'", "augmentation, vehicle_type, logistic"]),
        ("labels.rules.bounce_rate.high=0.4",
         ["labels.rules.bounce_rate.kind: needed", "augmentation, vehicle_type, logistic"]),
        ("labels.rules.open_rate={kind: logistic}",
         ["labels.rules.open_rate: at least one weight or interaction", "technique", "industry"]),
        ("labels.rules.open_rate={kind: logistic, high: 0.9}",
         ["'labels.rules.open_rate.high'; accepted here", "intercept", "weights", "interactions"]),
        ("labels.rules.open_rate={kind: logistic, weights: {color: {red: 1}}}",
         ["'labels.rules.open_rate.weights.color'; accepted here", "colour", "time_of_day"]),
        ("labels.rules.open_rate={kind: logistic, weights: {colour: red}}",
         ["labels.rules.open_rate.weights.colour: must be a map"]),
        ("labels.rules.open_rate={kind: logistic, weights: {colour: {red: much}}}",
         ["labels.rules.open_rate.weights.colour.red: Input should be a valid number"]),
        ("labels.rules.open_rate={kind: logistic, weights: {colour: {red: .inf}}}",
         ["labels.rules.open_rate.weights.colour.red", "finite"]),
        ("labels.rules.open_rate={kind: logistic, weights: {vehicle_type: {Truck: 1}}}",
         ["labels.rules.open_rate.weights.vehicle_type", "'Truck'", "Sedan", "Pickup"]),
        ("labels.rules.open_rate={kind: logistic, weights: {campaign_type: {Spam: 1}}}",
         ["labels.rules.open_rate.weights.campaign_type", "'Spam'", "Newsletter"]),
        ("labels.rules.open_rate={kind: logistic, weights: {industry: {Mining: 1}}}",
         ["labels.rules.open_rate.weights.industry", "'Mining'", "Real Estate"]),
        ("labels.rules.open_rate={kind: logistic, weights: {technique: {original: 1}}}",
         ["labels.rules.open_rate.weights.technique", "'original'", "brighter", "rotate"]),
        ("labels.rules.open_rate={kind: logistic, weights: {year: {new: 1}}}",
         ["labels.rules.open_rate.weights.year.new", "integer"]),
        ("labels.rules.open_rate={kind: logistic, interactions: [{when: {}, weight: 1}]}",
         ["labels.rules.open_rate.interactions.0.when", "at least one attribute", "vehicle_type"]),
        ("labels.rules.open_rate={kind: logistic, interactions: [{when: {color: red}, weight: 1}]}",
         ["'labels.rules.open_rate.interactions.0.when.color'; accepted here", "colour"]),
        ("labels.rules.open_rate={kind: logistic, interactions: [{when: {colour: red}, wait: 1}]}",
         ["labels.rules.open_rate.interactions.0.weight: Field required",
          "'labels.rules.open_rate.interactions.0.wait'; accepted here: when, weight"]),
        ("labels.rules.conversion_rate.amount={mean: 40}",
         ["labels.rules", "conversion_rate takes no amount", "revenue_per_email"]),
        ("labels.rules.revenue_per_email.amount={mean: 40, sprad: 1}",
         ["'labels.rules.revenue_per_email.amount.sprad'; accepted here: mean, spread"]),
        ("labels.rules.revenue_per_email.amount.mean=0",
         ["labels.rules.revenue_per_email.amount.mean: Input should be greater than 0"]),
        ("labels.rules.revenue_per_email.amount={mean: 40, spread: -1}",
         ["labels.rules.revenue_per_email.amount.spread", "greater than or equal to 0"]),
        ("encoder.epochs", ["SECTION.KEY=VALUE", "'encoder.epochs'"]),
        ("=3", ["SECTION.KEY=VALUE"]),
        ("encoder.epochs=[", ["--set", "encoder.epochs=[", "not YAML"]),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_name(assignment: str, named: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load("tiny", None, [assignment])
    for text in named:
        assert text in str(caught.value)


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        config.from_mapping({"encoder": {"epochs": 0}, "split": {"test": 2}})
    assert "encoder.epochs" in str(caught.value)
    assert "split.test" in str(caught.value)


def test_an_unknown_preset_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(ConfigError, match="'huge'; accepted: tiny, quickstart, paper"):
        load("huge")


@pytest.mark.parametrize(
    ("content", "message"),
    [("encoder: [", "is not YAML"), ("- encoder", "must hold sections"), (None, "does not exist")],
)
def test_a_bad_config_file_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "run.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load("tiny", str(file))
    assert str(file) in str(caught.value)


def test_an_empty_config_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("# nothing yet\n")
    assert load("tiny", str(file)) == load("tiny")


@pytest.mark.parametrize("spelling", ["open_rate", "Open_Rate", "open-rate"])
def test_a_target_set_to_null_is_dropped_in_any_spelling(spelling: str) -> None:
    loaded = load("quickstart", None, ["search.targets=[]", f"labels.rules.{spelling}=null"])
    assert "open_rate" not in loaded.targets
    assert len(loaded.targets) == 3


def test_targets_keep_the_taxonomys_order() -> None:
    added = ["labels.rules.bounce_rate={kind: vehicle_type}"]
    targets = load("quickstart", None, added).targets
    assert targets == tuple(name for name in taxonomy.TARGETS if name in targets)
    assert targets[-1] == "bounce_rate"


LOGISTIC = """
labels:
  rules:
    Open-Rate:
      kind: logistic
      intercept: -1
      weights:
        technique: {Brighter: 0.5, gauss noise: -1}
        model: {911: 2}
        year: {2012: 0.25}
        campaign_type: {abandoned_cart: 0.5}
      interactions:
        - {when: {vehicle_type: suv, campaign_type: promotional, model: 911}, weight: 1.5}
"""


def test_a_rule_of_another_sort_replaces_the_presets(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(LOGISTIC)
    loaded = load("paper", str(file), ["labels.rules.open rate.weights.colour.red=3"])
    rule = loaded.labels.rules["open_rate"]
    assert isinstance(rule, LogisticRule)
    assert rule.weights.named() == {
        "technique": {"brighter": 0.5, "gauss_noise": -1},
        "model": {"911": 2},
        "colour": {"red": 3},
        "year": {2012: 0.25},
        "campaign_type": {"Abandoned Cart": 0.5},
    }
    assert rule.interactions[0].when.named() == {
        "vehicle_type": "SUV",
        "campaign_type": "Promotional",
        "model": "911",
    }
    back = load("paper", str(file), ["labels.rules.open_rate.kind=augmentation"])
    assert back.labels.rules["open_rate"] == TwoLevelRule(kind="augmentation")


def test_a_logistic_rule_survives_json(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(LOGISTIC)
    loaded = load("tiny", str(file))
    text = json.dumps(loaded.model_dump(mode="json"), allow_nan=False)
    assert config.from_mapping(json.loads(text)) == loaded


def test_rules_with_the_same_settings_are_merged() -> None:
    """The published table's rule instead of the report's: still without a context effect."""
    assignments = ["labels.rules.open_rate.high=0.7", "labels.rules.open_rate.kind=vehicle_type"]
    expected = TwoLevelRule(kind="vehicle_type", high=0.7, context_strength=0)
    assert load("paper", None, assignments).labels.rules["open_rate"] == expected


def test_a_section_with_a_kind_that_is_no_rule_is_merged() -> None:
    embed = load("tiny", None, ["embed.batch_size=7", "embed.kind=pooled"]).embed
    assert (embed.kind, embed.batch_size) == ("pooled", 7)


def test_amounts_are_a_setting_of_revenue() -> None:
    loaded = load("tiny", None, ["labels.rules.revenue_per_email.amount.mean=40"])
    rule = loaded.labels.rules["revenue_per_email"]
    assert rule.amount is not None
    assert (rule.amount.mean, rule.amount.spread) == (40, 0.5)


def test_a_later_spelling_of_a_weight_wins() -> None:
    first = "labels.rules.open_rate={kind: logistic, weights: {vehicle_type: {SUV: 1}}}"
    second = "labels.rules.open_rate.weights.vehicle_type.suv=2"
    rule = load("tiny", None, [first, second]).labels.rules["open_rate"]
    assert isinstance(rule, LogisticRule)
    assert rule.weights.vehicle_type == {"SUV": 2}


def test_a_config_cannot_be_changed_after_its_checks() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().encoder.__setattr__("epochs", 0)


def test_nothing_of_a_preset_leaks_into_the_next() -> None:
    before = load("quickstart")
    load("quickstart", None, ["labels.rules.open_rate.high=0.9", "augment.block_weights.flip=0"])
    assert load("quickstart") == before


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "labels.rules.open_rate={weights: {colour: {red: 1}}}",
            "weights belongs to `kind: logistic`",
        ),
        ("augment.ranges.rotate.angle_deg=5", r"angle_deg: must be a list, such as \[1, 2\]"),
        ("labels=3", "labels: must be a map"),
        ("source.columns=3", "source.columns: must be a map"),
    ],
)
def test_messages_are_in_a_users_words(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load("tiny", assignments=[assignment])
