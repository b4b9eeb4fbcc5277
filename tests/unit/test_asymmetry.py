"""The probe of the layout: right where scenes share a side, a coin where they do not."""

import numpy as np
import pytest

from emailimg import asymmetry, images

SIDE = 32


def scenes(seed: int, count: int, facing_left: float) -> list[np.ndarray]:
    """A bright patch on the left in this share of the pictures, on the right in the others."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        picture = rng.integers(40, 200, (SIDE, SIDE, 3), np.uint8)
        picture[8:20, 4:14] = 250
        found.append(picture if rng.random() < facing_left else picture[:, ::-1])
    return found


def told_apart(technique: str, facing_left: float) -> float:
    fitted, judged = (asymmetry.layouts(scenes(seed, 300, facing_left)) for seed in (1, 2))
    return asymmetry.told_apart(technique, fitted, judged)


def test_a_side_that_all_scenes_share_is_found() -> None:
    assert told_apart("horizontal_flip", 1.0) == 1.0
    assert 0.65 < told_apart("horizontal_flip", 0.8) < 0.85


def test_scenes_that_face_either_way_are_a_coins_toss() -> None:
    assert told_apart("horizontal_flip", 0.5) == pytest.approx(0.5, abs=2 * 0.5 / 300**0.5)
    assert told_apart("vertical_flip", 0.5) == 1.0, "up and down they differ all the same"


def test_a_symmetric_picture_counts_half() -> None:
    plain = asymmetry.layouts([np.full((SIDE, SIDE, 3), 9, np.uint8)] * 4)
    assert asymmetry.told_apart("transpose", plain, plain) == 0.5


def test_padding_that_is_wider_on_one_side_is_no_side() -> None:
    """Of an odd height one more line of padding is below than above, in twins as well."""
    rng = np.random.default_rng(0)
    wide = [
        images.to_model_pixels(rng.integers(0, 256, (15, SIDE, 3), np.uint8), SIDE)
        for _ in range(400)
    ]
    layouts = asymmetry.layouts(wide)
    share = asymmetry.told_apart("vertical_flip", layouts[:200], layouts[200:])
    assert share == pytest.approx(0.5, abs=2 * 0.5 / 200**0.5)
