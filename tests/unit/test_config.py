"""Settings: presets, overlays and their order, refusals that name the key, JSON and back."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from emailimg import config, search, taxonomy
from emailimg.config import Config, load
from emailimg.errors import ConfigError


@pytest.mark.parametrize("preset", config.PRESETS)
def test_presets_survive_json(preset: str) -> None:
    loaded = load(preset)
    text = json.dumps(loaded.model_dump(mode="json"), allow_nan=False)
    assert config.from_mapping(json.loads(text)) == loaded


@pytest.mark.parametrize("preset", config.PRESETS)
def test_presets_start_the_search_inside_its_space(preset: str) -> None:
    settings = load(preset).classifiers
    for name, domain in search.space().items():
        assert domain.lower <= getattr(settings, name) <= domain.upper


def test_the_paper_preset_is_the_reports_recipe() -> None:
    paper = load("paper")
    assert (paper.encoder.arch, paper.encoder.epochs) == ("resnet34", 10)
    assert paper.encoder.schedule == "plateau"
    assert paper.encoder.patience_epochs == 3
    assert paper.labels.sends_per_image == 1
    assert {rule.context_strength for rule in paper.labels.rules.values()} == {0}
    assert {(rule.low, rule.high) for rule in paper.labels.rules.values()} == {(0.2, 0.8)}


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
        ("labels.rules.open_rate.high=0.1", ["labels.rules.open_rate", "low < high"]),
        ("labels.rules={open_rate: null, click_to_open_rate: null, revenue_per_email: null, "
         "conversion_rate: null}", ["labels.rules", "at least one target"]),
        ("augment.block_weights.flip=-1", ["augment.block_weights", ">= 0"]),
        ("augment.block_weights.flip=.nan", ["augment.block_weights"]),
        ("encoder.learning_rate=.inf", ["encoder.learning_rate", "finite"]),
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


def test_a_config_cannot_be_changed_after_its_checks() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().encoder.__setattr__("epochs", 0)


def test_nothing_of_a_preset_leaks_into_the_next() -> None:
    before = load("quickstart")
    load("quickstart", None, ["labels.rules.open_rate.high=0.9", "augment.block_weights.flip=0"])
    assert load("quickstart") == before
