"""Augmentation: every technique shows, and its recorded parameters replay to the same pixels."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from pictures import difference, picture

from emailimg import augment, taxonomy, versions
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES, Parameters
from emailimg.versions import Step

PIXELS = picture(96, 128)
NOISE: Parameters = {"std": 0.1, "seed": 7}


def sampled(technique: str, seed: int) -> Parameters:
    described = TECHNIQUES[technique]
    return described.sample(described.ranges, np.random.default_rng(seed))


def at(technique: str, strength: float, sign: int = 1) -> Parameters:
    described = TECHNIQUES[technique]
    return described.at(described.ranges, strength, sign)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_technique_changes_pixels_and_not_the_upload(technique: str) -> None:
    pixels = PIXELS.copy()
    for parameters in (sampled(technique, 1), at(technique, 0.0)):
        changed = augment.apply(technique, parameters, pixels)
        assert changed.dtype == np.uint8
        assert changed.flags.c_contiguous
        np.testing.assert_array_equal(pixels, PIXELS)
        if technique == "transpose":
            assert changed.shape == (128, 96, 3)
        else:
            assert changed.shape == PIXELS.shape
            assert difference(changed, PIXELS) > 0.5


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("seed", range(4))
def test_recorded_parameters_replay_to_the_same_pixels(technique: str, seed: int) -> None:
    parameters = sampled(technique, seed)
    first = augment.apply(technique, parameters, PIXELS)
    recorded = json.loads(json.dumps(parameters))
    assert recorded == parameters
    np.testing.assert_array_equal(augment.apply(technique, recorded, PIXELS), first)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_any_shape_can_be_augmented(technique: str) -> None:
    parameters = at(technique, 1.0, -1)
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
            name: augment.apply(name, at(name, strength), PIXELS).mean()
            for name in ("brighter", "darker")
        }
        assert means["darker"] < PIXELS.mean() - 20
        assert means["brighter"] > PIXELS.mean() + 20


@pytest.mark.parametrize("technique", ["motion_blur", "blur", "shift_scale", "rotate", "brighter"])
def test_a_technique_looks_alike_at_every_size(technique: str) -> None:
    parameters = at(technique, 0.5)
    large = picture(384, 512)
    small = cv2.resize(large, (128, 96), interpolation=cv2.INTER_AREA)
    changed_large = augment.apply(technique, parameters, large)
    shrunk = cv2.resize(changed_large, (128, 96), interpolation=cv2.INTER_AREA)
    changed_small = augment.apply(technique, parameters, small)
    assert difference(shrunk, changed_small) < 0.4 * difference(changed_small, small)


@pytest.mark.parametrize("technique", ["motion_blur", "median_blur", "blur"])
def test_blurs_take_detail_away(technique: str) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    blurred = augment.apply(technique, at(technique, 0.0), noisy)
    assert detail(blurred) < 0.6 * detail(noisy)


@pytest.mark.parametrize("technique", ["motion_blur", "blur"])
def test_blurs_do_not_move_the_picture(technique: str) -> None:
    dot = np.zeros((97, 97, 3), np.uint8)
    dot[47:50, 47:50] = 255
    for seed in range(5):
        blurred = augment.apply(technique, sampled(technique, seed), dot)[..., 0].astype(float)
        centre = [np.average(np.arange(97), weights=blurred.sum(axis=axis)) for axis in (0, 1)]
        np.testing.assert_allclose(centre, [48, 48], atol=0.5)


def detail(pixels: np.ndarray) -> float:
    """Mean absolute difference between neighbours."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_sharpening_adds_detail() -> None:
    sharpened = augment.apply("sharpen", at("sharpen", 0.5), PIXELS)
    assert detail(sharpened) > detail(PIXELS)


@pytest.mark.parametrize(
    "technique", ["gauss_noise", "median_blur", "blur", "shift_scale", "rotate", "brighter"]
)
def test_a_stronger_edit_changes_more(technique: str) -> None:
    changes = [
        difference(augment.apply(technique, at(technique, s), PIXELS), PIXELS) for s in (0.0, 1.0)
    ]
    assert changes[0] < changes[1]


def test_rotation_turns_both_ways() -> None:
    left, right = (augment.apply("rotate", at("rotate", 0.5, sign), PIXELS) for sign in (1, -1))
    assert difference(left, right) > 5


def test_steps_are_replayed_in_order() -> None:
    steps = (Step("rotate", {"angle_deg": 20.0}), Step("transpose", {}), Step("gauss_noise", NOISE))
    by_hand = PIXELS
    for step in steps:
        by_hand = augment.apply(step.technique, step.parameters, by_hand)
    np.testing.assert_array_equal(augment.replay(steps, PIXELS), by_hand)
    other_order = augment.replay((steps[1], steps[0], steps[2]), PIXELS)
    assert difference(other_order, by_hand) > 1, "a transposed picture turns the other way"
    np.testing.assert_array_equal(augment.replay((), PIXELS), PIXELS)


@pytest.mark.parametrize("image_id", ["a", "b", "c", "d"])
def test_composed_versions_replay_from_their_record(image_id: str) -> None:
    everything = dict.fromkeys(taxonomy.AUGMENTATION_BLOCKS, 1.0)
    config = AugmentConfig(mode="composed", block_probabilities=everything)
    steps = versions.draw(config, image_id, 1)
    assert len(steps) == len(everything)
    recorded = versions.from_json(versions.to_json(steps))
    np.testing.assert_array_equal(augment.replay(recorded, PIXELS), augment.replay(steps, PIXELS))


def test_augmenting_needs_no_torch_and_leaves_it_importable() -> None:
    """Every data worker would pay for torch; whoever needs it afterwards still gets it."""
    code = (
        "import sys; from emailimg import augment\n"
        "print('torch' in sys.modules, hasattr(augment.A, 'Compose'))\n"
        "import torch; print(torch.zeros(2).sum().item())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "0.0"]
