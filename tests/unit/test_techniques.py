"""Techniques: the ranges they are drawn from, and draws that repeat themselves."""

import hashlib
from collections import Counter

import numpy as np
import pytest

from emailimg import taxonomy, techniques
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES

IDS = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(3000)]


def test_every_class_has_a_technique() -> None:
    assert {*TECHNIQUES, taxonomy.ORIGINAL} == set(taxonomy.AUGMENTATION_CLASSES)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_strengths_span_the_ranges_that_are_sampled(technique: str) -> None:
    described = TECHNIQUES[technique]
    for name, (mild, strong) in described.ranges.items():
        assert described.at(0.0)[name] == mild
        assert described.at(1.0)[name] == strong
        sign = -1 if name in described.signed else 1
        assert described.at(1.0, -1)[name] == sign * strong
        drawn = [described.sample(np.random.default_rng(seed))[name] for seed in range(60)]
        low, high = sorted((abs(mild), abs(strong)))
        assert all(low <= abs(value) <= high for value in drawn)
        assert len(set(drawn)) > 30
        assert {np.sign(value) for value in drawn if value} == (
            {-1, 1} if name in described.signed else {np.sign(strong)}
        )
    assert set(described.at(0.5)) == set(described.sample(np.random.default_rng(0)))


def test_version_zero_is_the_original() -> None:
    assert techniques.draw_version(AugmentConfig(), IDS[0], 0) == (taxonomy.ORIGINAL, {})


def test_a_draw_depends_on_seed_id_and_version_alone() -> None:
    config = AugmentConfig(copies=5)
    draws = {(i, v): techniques.draw_version(config, IDS[i], v) for i in range(20) for v in (1, 2)}
    backwards = {
        key: techniques.draw_version(config, IDS[key[0]], key[1]) for key in reversed(draws)
    }
    assert backwards == draws
    assert len({str(draw) for draw in draws.values()}) > 20, "images and versions differ"
    fewer_copies = AugmentConfig(copies=1)
    assert techniques.draw_version(fewer_copies, IDS[3], 1) == draws[3, 1]
    other_seed = [techniques.draw_version(AugmentConfig(seed=1), IDS[i], 1) for i in range(20)]
    assert other_seed != [draws[i, 1] for i in range(20)]


def test_a_draw_does_not_depend_on_the_order_of_the_weights() -> None:
    weights = AugmentConfig().block_weights
    turned = AugmentConfig(block_weights=dict(reversed(weights.items())))
    for image_id in IDS[:50]:
        draws = [techniques.draw_version(c, image_id, 1) for c in (AugmentConfig(), turned)]
        assert draws[0] == draws[1]


def test_classes_are_as_frequent_as_the_weights_say() -> None:
    counts = Counter(techniques.draw_version(AugmentConfig(), i, 1)[0] for i in IDS)
    assert set(counts) == set(TECHNIQUES)
    share = 1 / len(TECHNIQUES)
    error = (share * (1 - share) / len(IDS)) ** 0.5
    for technique, count in counts.items():
        assert count / len(IDS) == pytest.approx(share, abs=4.5 * error), technique


def test_block_weights_are_relative_odds_of_blocks() -> None:
    weights = dict.fromkeys(taxonomy.AUGMENTATION_BLOCKS, 0.0) | {"flip": 1.0, "light": 3.0}
    config = AugmentConfig(block_weights=weights)
    counts = Counter(techniques.draw_version(config, i, 1)[0] for i in IDS)
    flips = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["flip"])
    lights = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["light"])
    assert flips + lights == len(IDS)
    assert flips / len(IDS) == pytest.approx(0.25, abs=0.035)
    assert len(counts) == 7
