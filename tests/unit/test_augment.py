"""Augmentation: techniques that show, replay to the same pixels, and draws that are reproducible."""

import hashlib
import json
from collections import Counter

import cv2
import numpy as np
import pytest
from pictures import difference, picture

from emailimg import augment, taxonomy
from emailimg.config import AugmentConfig

PIXELS = picture(96, 128)
IDS = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(3000)]


def sampled(technique: str, seed: int) -> augment.Parameters:
    return augment.TECHNIQUES[technique].sample(np.random.default_rng(seed))


def test_every_class_has_a_technique() -> None:
    assert {*augment.TECHNIQUES, taxonomy.ORIGINAL} == set(taxonomy.AUGMENTATION_CLASSES)


@pytest.mark.parametrize("technique", augment.TECHNIQUES)
def test_a_technique_changes_pixels_and_not_the_upload(technique: str) -> None:
    pixels = PIXELS.copy()
    for parameters in (sampled(technique, 1), augment.TECHNIQUES[technique].at(0.0)):
        changed = augment.apply(technique, parameters, pixels)
        assert changed.dtype == np.uint8
        assert changed.flags.c_contiguous
        np.testing.assert_array_equal(pixels, PIXELS)
        if technique == "transpose":
            assert changed.shape == (128, 96, 3)
        else:
            assert changed.shape == PIXELS.shape
            assert difference(changed, PIXELS) > 0.5


@pytest.mark.parametrize("technique", augment.TECHNIQUES)
@pytest.mark.parametrize("seed", range(4))
def test_recorded_parameters_replay_to_the_same_pixels(technique: str, seed: int) -> None:
    parameters = sampled(technique, seed)
    first = augment.apply(technique, parameters, PIXELS)
    recorded = json.loads(json.dumps(parameters))
    assert recorded == parameters
    np.testing.assert_array_equal(augment.apply(technique, recorded, PIXELS), first)


@pytest.mark.parametrize("technique", augment.TECHNIQUES)
def test_any_shape_can_be_augmented(technique: str) -> None:
    parameters = augment.TECHNIQUES[technique].at(1.0, -1)
    for height, width in ((32, 32), (20, 160), (160, 17), (33, 47)):
        changed = augment.apply(technique, parameters, picture(height, width))
        assert sorted(changed.shape[:2]) == sorted((height, width))


def test_the_original_stays_as_it_is() -> None:
    np.testing.assert_array_equal(augment.apply(taxonomy.ORIGINAL, {}, PIXELS), PIXELS)


@pytest.mark.parametrize(
    ("technique", "expected"),
    [
        ("horizontal_flip", PIXELS[:, ::-1]),
        ("vertical_flip", PIXELS[::-1]),
        ("transpose", PIXELS.transpose(1, 0, 2)),
    ],
)
def test_flips_are_exact(technique: str, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(augment.apply(technique, {}, PIXELS), expected)


def test_brighter_is_brighter_and_darker_is_darker() -> None:
    for strength in (0.0, 0.5, 1.0):
        means = {
            name: augment.apply(name, augment.TECHNIQUES[name].at(strength), PIXELS).mean()
            for name in ("brighter", "darker")
        }
        assert means["darker"] < PIXELS.mean() - 20
        assert means["brighter"] > PIXELS.mean() + 20


@pytest.mark.parametrize(
    "technique", ["motion_blur", "blur", "shift_scale", "rotate", "brighter"]
)
def test_a_technique_looks_alike_at_every_size(technique: str) -> None:
    parameters = augment.TECHNIQUES[technique].at(0.5)
    large = picture(384, 512)
    small = cv2.resize(large, (128, 96), interpolation=cv2.INTER_AREA)
    changed_large = augment.apply(technique, parameters, large)
    shrunk = cv2.resize(changed_large, (128, 96), interpolation=cv2.INTER_AREA)
    changed_small = augment.apply(technique, parameters, small)
    assert difference(shrunk, changed_small) < 0.4 * difference(changed_small, small)


@pytest.mark.parametrize("technique", ["motion_blur", "median_blur", "blur"])
def test_blurs_take_detail_away(technique: str) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    blurred = augment.apply(technique, augment.TECHNIQUES[technique].at(0.0), noisy)
    assert detail(blurred) < 0.6 * detail(noisy)


def detail(pixels: np.ndarray) -> float:
    """Mean absolute difference between neighbours."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_sharpening_adds_detail() -> None:
    sharpened = augment.apply("sharpen", augment.TECHNIQUES["sharpen"].at(0.5), PIXELS)
    assert detail(sharpened) > detail(PIXELS)


@pytest.mark.parametrize(
    "technique", ["gauss_noise", "median_blur", "blur", "shift_scale", "rotate", "brighter"]
)
def test_a_stronger_edit_changes_more(technique: str) -> None:
    changes = [
        difference(augment.apply(technique, augment.TECHNIQUES[technique].at(s), PIXELS), PIXELS)
        for s in (0.0, 1.0)
    ]
    assert changes[0] < changes[1]


@pytest.mark.parametrize("technique", augment.TECHNIQUES)
def test_strengths_span_the_ranges_that_are_sampled(technique: str) -> None:
    described = augment.TECHNIQUES[technique]
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


def test_rotation_turns_both_ways() -> None:
    technique = augment.TECHNIQUES["rotate"]
    left, right = (augment.apply("rotate", technique.at(0.5, sign), PIXELS) for sign in (1, -1))
    assert difference(left, right) > 5


def test_version_zero_is_the_original() -> None:
    assert augment.draw_version(AugmentConfig(), IDS[0], 0) == (taxonomy.ORIGINAL, {})


def test_a_draw_depends_on_seed_id_and_version_alone() -> None:
    config = AugmentConfig(copies=5)
    draws = {(i, v): augment.draw_version(config, IDS[i], v) for i in range(20) for v in (1, 2)}
    backwards = {key: augment.draw_version(config, IDS[key[0]], key[1]) for key in reversed(draws)}
    assert backwards == draws
    assert len({str(draw) for draw in draws.values()}) > 20, "images and versions differ"
    fewer_copies = AugmentConfig(copies=1)
    assert augment.draw_version(fewer_copies, IDS[3], 1) == draws[3, 1]
    other_seed = [augment.draw_version(AugmentConfig(seed=1), IDS[i], 1) for i in range(20)]
    assert other_seed != [draws[i, 1] for i in range(20)]


def test_a_draw_does_not_depend_on_the_order_of_the_weights() -> None:
    weights = AugmentConfig().block_weights
    turned = AugmentConfig(block_weights=dict(reversed(weights.items())))
    for image_id in IDS[:50]:
        draws = [augment.draw_version(c, image_id, 1) for c in (AugmentConfig(), turned)]
        assert draws[0] == draws[1]


def test_classes_are_as_frequent_as_the_weights_say() -> None:
    counts = Counter(augment.draw_version(AugmentConfig(), i, 1)[0] for i in IDS)
    assert set(counts) == set(augment.TECHNIQUES)
    share = 1 / len(augment.TECHNIQUES)
    error = (share * (1 - share) / len(IDS)) ** 0.5
    for technique, count in counts.items():
        assert count / len(IDS) == pytest.approx(share, abs=4.5 * error), technique


def test_block_weights_are_relative_odds_of_blocks() -> None:
    weights = dict.fromkeys(taxonomy.AUGMENTATION_BLOCKS, 0.0) | {"flip": 1.0, "light": 3.0}
    config = AugmentConfig(block_weights=weights)
    counts = Counter(augment.draw_version(config, i, 1)[0] for i in IDS)
    flips = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["flip"])
    lights = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["light"])
    assert flips + lights == len(IDS)
    assert flips / len(IDS) == pytest.approx(0.25, abs=0.035)
    assert len(counts) == 7
