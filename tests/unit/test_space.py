"""Search spaces: kinds, scales, positions, and bounds that are refused."""

from pathlib import Path

import pytest

from emailimg import config
from emailimg.errors import ConfigError
from emailimg.tuning import defaults, space
from emailimg.tuning.space import Categorical, Continuous, Integer

TINY = config.load("tiny")


@pytest.mark.parametrize(
    ("parameter", "middle"),
    [
        (Continuous(min=2, max=4), 3),
        (Continuous(min=0.01, max=1, scale="log"), 0.1),
        (Integer(min=1, max=3), 2),
        (Integer(min=1, max=100, scale="log"), 7),
    ],
)
def test_positions_follow_the_scale_from_end_to_end(
    parameter: Continuous | Integer, middle: float
) -> None:
    assert parameter.value(0) == pytest.approx(parameter.min)
    assert parameter.value(1) == pytest.approx(parameter.max)
    assert parameter.value(0.5) == pytest.approx(middle)
    for end, position in ((parameter.min, 0), (parameter.max, 1)):
        assert parameter.position(end) == pytest.approx(position)  # type: ignore[arg-type]


def test_every_whole_number_and_every_choice_has_the_same_share() -> None:
    positions = [(step + 0.5) / 300 for step in range(300)]
    whole = [Integer(min=2, max=4).value(at) for at in positions]
    assert [whole.count(number) for number in (2, 3, 4)] == [100] * 3
    choice = [Categorical(values=("a", "b", "c")).value(at) for at in positions]
    assert [choice.count(value) for value in "abc"] == [100] * 3


def test_a_space_survives_a_file(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(
        "encoder.learning_rate: {type: continuous, min: 0.0001, max: 0.01, scale: log}\n"
        "encoder.batch_size: {type: categorical, values: [32, 64]}\n"
        "classifiers.max_depth: {type: integer, min: 2, max: 8}\n"
    )
    found = space.read(str(file))
    assert found == {
        "encoder.learning_rate": Continuous(min=0.0001, max=0.01, scale="log"),
        "encoder.batch_size": Categorical(values=(32, 64)),
        "classifiers.max_depth": Integer(min=2, max=8),
    }
    assert space.from_plain(space.to_plain(found)) == found
    space.check(found, TINY)
    assert space.short_names(found) == ["learning_rate", "batch_size", "max_depth"]


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ({"type": "continuous", "min": 1, "max": 0.5}, "min 1 must be less than max 0.5"),
        ({"type": "integer", "min": 3, "max": 3}, "min 3 must be less than max 3"),
        (
            {"type": "continuous", "min": 0, "max": 1, "scale": "log"},
            "min 0 must be more than 0 on a log scale",
        ),
        ({"type": "integer", "min": 1.5, "max": 3}, "min: Input should be a valid integer"),
        ({"type": "continuous", "min": 1}, "max: Field required"),
        ({"type": "continuous", "min": 1, "max": 2, "scale": "sqrt"}, "scale: Input should be"),
        ({"type": "continuous", "min": 0, "max": float("inf")}, "max: .*finite"),
        ({"type": "categorical", "values": ["a"]}, "values: .*at least 2"),
        ({"type": "categorical", "values": [1, 1]}, "values must differ"),
        ({"type": "real", "min": 0, "max": 1}, "'real' found using 'type'"),
        ({"min": 0, "max": 1}, "Unable to extract tag"),
        (3, "valid dictionary"),
    ],
)
def test_impossible_parameters_are_refused_by_name(parameter: object, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"classifiers\.x: .*{words}.*; accepted: "):
        space.from_plain({"classifiers.x": parameter})


@pytest.mark.parametrize(
    ("name", "parameter", "words"),
    [
        ("classifiers.subsample", Continuous(min=0.5, max=1.5), "= 1.5: .*subsample: .*less than"),
        ("classifiers.max_depth", Continuous(min=2, max=4), "= 2.7638: .*max_depth: .*integer"),
        ("encoder.arch", Categorical(values=("resnet18", "vgg")), "= vgg: .*encoder.arch"),
        ("encoder.batch_size", Categorical(values=(64, 63)), "= 63: .*multiple of num_workers"),
        ("encoder.depth", Integer(min=1, max=2), "unknown config key 'encoder.depth'"),
        ("split.test", Continuous(min=0.1, max=0.2), "cannot be searched; accepted: .*encoder"),
        ("rounds", Integer(min=1, max=2), "cannot be searched"),
    ],
)
def test_what_the_config_would_refuse_is_refused_before_the_search(
    name: str, parameter: space.Parameter, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        space.check({name: parameter}, TINY)


def test_files_that_hold_no_space_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        space.read(str(tmp_path / "nowhere.yaml"))
    for text, words in (("[1, 2]", "holds no parameters"), ("a: [", "is not YAML")):
        (tmp_path / "space.yaml").write_text(text)
        with pytest.raises(ConfigError, match=words):
            space.read(str(tmp_path / "space.yaml"))


@pytest.mark.parametrize("preset", config.PRESETS)
def test_the_usual_spaces_fit_every_preset_and_hold_its_own_settings(preset: str) -> None:
    settings = config.load(preset)
    usual = defaults.of_both(settings)
    space.check(usual, settings)
    own = space.current(usual, settings)
    assert own is not None
    assert space.inside(usual, own)
    assert space.apply(settings, own) == settings
    assert ("encoder.momentum" in usual) == (settings.encoder.optimizer == "sgd")


def test_weights_of_a_file_leave_no_choice_of_depth() -> None:
    assert "encoder.arch" in defaults.of_encoder(config.load("paper"))
    of_file = config.load("paper", assignments=["encoder.weights=s3://models/resnet34.pth"])
    assert "encoder.arch" not in defaults.of_encoder(of_file)


def test_settings_outside_the_space_are_no_point_of_it() -> None:
    narrow = {"classifiers.max_depth": Integer(min=6, max=8)}
    assert space.current(narrow, TINY) is None
    assert not space.inside(narrow, {"classifiers.max_depth": 4})
    assert not space.inside(narrow, {"classifiers.max_depth": 7, "classifiers.rounds": 3})
