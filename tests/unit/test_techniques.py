"""Techniques: the ranges they are drawn from, at the default and as a config changes them."""

import numpy as np
import pytest

from emailimg import config, taxonomy
from emailimg.errors import ConfigError
from emailimg.techniques import TECHNIQUES


def test_every_class_has_a_technique() -> None:
    assert {*TECHNIQUES, taxonomy.ORIGINAL} == set(taxonomy.AUGMENTATION_CLASSES)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_strengths_span_the_ranges_that_are_sampled(technique: str) -> None:
    described = TECHNIQUES[technique]
    ranges = described.ranges
    for name, (mild, strong) in ranges.items():
        signed = described.parameters[name].signed
        assert described.at(ranges, 0.0)[name] == mild
        assert described.at(ranges, 1.0)[name] == strong
        assert described.at(ranges, 1.0, -1)[name] == (-1 if signed else 1) * strong
        drawn = [described.sample(ranges, np.random.default_rng(seed))[name] for seed in range(60)]
        low, high = sorted((abs(mild), abs(strong)))
        assert all(low <= abs(value) <= high for value in drawn)
        assert len(set(drawn)) > 30
        assert {np.sign(value) for value in drawn if value} == (
            {-1, 1} if signed else {np.sign(strong)}
        )
    sampled = described.sample(ranges, np.random.default_rng(0))
    assert set(described.at(ranges, 0.5)) == set(sampled)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_the_defaults_are_allowed_and_documented(technique: str) -> None:
    for name, parameter in TECHNIQUES[technique].parameters.items():
        low, high = parameter.allowed
        assert all(low <= value <= high for value in parameter.default), name
        assert len(parameter.meaning) > 10, name


def test_a_config_narrows_one_range_and_keeps_the_others() -> None:
    chosen = config.load("tiny", assignments=["augment.ranges.shift_scale.scale=[0.5, 0.6]"])
    ranges = chosen.augment.ranges["shift_scale"]
    assert ranges["scale"] == (0.5, 0.6)
    assert ranges["shift_x"] == TECHNIQUES["shift_scale"].ranges["shift_x"]
    drawn = TECHNIQUES["shift_scale"].sample(ranges, np.random.default_rng(1))
    assert 0.5 <= abs(drawn["scale"]) <= 0.6


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("augment.ranges.rotat.angle_deg=[1, 2]", "unknown technique rotat; accepted: .*rotate"),
        ("augment.ranges.rotate.angle=[1, 2]", "unknown parameter of rotate angle; .*angle_deg"),
        ("augment.ranges.transpose.x=[1, 2]", "it takes no parameters"),
        ("augment.ranges.rotate.angle_deg=[5, 800]", r"rotate.angle_deg: \[5.0, 800.0\].*0 to 180"),
        ("augment.ranges.brighter.brightness=[-0.2, 0.3]", "brighter.brightness.*0.01 to 1"),
        ("augment.block_probabilities.flap=0.5", "unknown block flap; accepted: flip"),
        ("augment.block_probabilities.flip=1.5", "block_probabilities.flip: .*less than or equal"),
    ],
)
def test_a_wrong_range_is_named(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.load("tiny", assignments=[assignment])
