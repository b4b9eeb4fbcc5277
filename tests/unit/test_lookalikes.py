"""What counts as the same picture, and which techniques could have made one."""

import numpy as np
import pytest

from emailimg import augment, images, lookalikes
from emailimg.techniques import TECHNIQUES

SIDE = 48


def scene(seed: int = 0, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """A picture with edges everywhere, as the encoder sees it, padded where it is not square."""
    values = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return images.to_model_pixels(values.repeat(4, axis=0).repeat(4, axis=1), SIDE)


def symmetric(seed: int = 0) -> np.ndarray:
    half = scene(seed)[:, : SIDE // 2]
    return np.ascontiguousarray(np.concatenate([half, half[:, ::-1]], axis=1))


def made(name: str, original: np.ndarray, strength: float = 0.5, sign: int = 1) -> np.ndarray:
    technique = TECHNIQUES[name]
    parameters = technique.at(technique.ranges, strength, sign)
    pixels = augment.apply(name, parameters, images.without_padding(original))
    return images.to_model_pixels(pixels, len(original))


def could_be(name: str, original: np.ndarray, pixels: np.ndarray) -> bool:
    ranges = TECHNIQUES[name].ranges if name in TECHNIQUES else {}
    return lookalikes.could_be(name, ranges, original, pixels)


def test_rounding_is_no_difference_and_anything_more_is() -> None:
    picture = np.full((SIDE, SIDE, 3), 100, np.uint8)
    assert lookalikes.alike(picture, picture + lookalikes.TOLERANCE)
    assert not lookalikes.alike(picture, picture + lookalikes.TOLERANCE + 1)
    spotted = picture.copy()
    spotted[:4, :4] = 255
    assert not lookalikes.alike(picture, spotted), "a small place that changed is a change"
    assert lookalikes.difference(picture, picture - 10) == 10


@pytest.mark.parametrize("name", [name for name in TECHNIQUES if name != "clahe"])
def test_no_technique_leaves_a_busy_picture_as_it_was(name: str) -> None:
    assert not could_be("original", scene(), made(name, scene(), strength=0))


@pytest.mark.parametrize("name", ["blur", "median_blur", "motion_blur"])
def test_blurs_of_a_plain_picture_are_the_picture(name: str) -> None:
    plain = np.full((SIDE, SIDE, 3), (90, 120, 200), np.uint8)
    assert could_be("original", plain, made(name, plain))
    assert could_be(name, plain, plain)
    assert could_be("blur", plain, made("median_blur", plain))


def test_a_symmetric_scene_is_its_own_mirror_image() -> None:
    assert could_be("horizontal_flip", symmetric(), symmetric())
    assert could_be("original", symmetric(), made("horizontal_flip", symmetric()))
    assert not could_be("vertical_flip", symmetric(), symmetric())
    assert not could_be("horizontal_flip", scene(), scene())


@pytest.mark.parametrize("name", sorted(set(TECHNIQUES) - {"gauss_noise", "motion_blur"}))
@pytest.mark.parametrize("sign", [1, -1])
def test_a_technique_explains_its_own_versions(name: str, sign: int) -> None:
    for shape in ((SIDE, SIDE), (28, SIDE), (SIDE, 20)):
        original = scene(1, *shape)
        assert could_be(name, original, made(name, original, 0.5, sign))


def test_a_technique_does_not_explain_another_ones_versions() -> None:
    assert not could_be("darker", scene(), made("brighter", scene()))
    assert not could_be("blur", scene(), made("median_blur", scene()))
    assert not could_be("gauss_noise", scene(), made("gauss_noise", scene())), "drawn anew"
