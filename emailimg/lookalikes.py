"""Could another technique have made the same picture?

A version's class is known because it was made, not because it shows: a blur of a smooth picture is
the picture again, and a symmetric scene is its own mirror image. Here the technique that somebody
named is applied to the same original, over its range of parameters, and the outcome is compared
with the version at model size, which is all that an encoder sees.

Alike means: no more than `TOLERANCE` grey levels apart in all but a thousandth of the values. Two
pictures that were rounded to whole grey levels once at working size and once when they were shrunk
may differ by that much without having been changed at all. It is little: saving a picture as JPEG
at quality 95 moves its values by more on average, and so does the mildest blur of a picture that
has anything in it.

The techniques are applied at model size here, at working size when versions are made; where that
makes a difference, pictures count as unlike. So do versions with noise: it is drawn anew each time.
"""

from collections.abc import Iterator

import numpy as np

from emailimg import augment, images, taxonomy
from emailimg.techniques import TECHNIQUES, Parameters, Ranges

TOLERANCE = 2  # grey levels of 255
_EXEMPT = 0.001  # share of the values that may differ by more
_STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures uint8 (S, S, 3) are the same but for rounding."""
    return bool(np.mean(_distances(one, other) > TOLERANCE) <= _EXEMPT)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of two pictures uint8 (S, S, 3), in grey levels of 255."""
    return float(_distances(one, other).mean())


def could_be(
    augmentation_class: str, ranges: Ranges, original: np.ndarray, pixels: np.ndarray
) -> bool:
    """Whether the class explains a version as well as its own does.

    ranges: of the class's parameters, as in the config; original, pixels: uint8 (S, S, 3).
    """
    if augmentation_class == taxonomy.ORIGINAL:
        return alike(original, pixels)
    content, side = images.without_padding(original), len(original)
    return any(
        alike(images.to_model_pixels(made, side), pixels)
        for made in (
            augment.apply(augmentation_class, parameters, content)
            for parameters in _settings(augmentation_class, ranges)
        )
    )


def _settings(name: str, ranges: Ranges) -> Iterator[Parameters]:
    """The class's parameters from mild to strong, with either sign; none for noise."""
    technique = TECHNIQUES[name]
    if technique.seeded:
        return
    for strength in _STRENGTHS if technique.parameters else (0.0,):
        for sign in (1, -1) if technique.signed else (1,):
            yield technique.at(ranges, strength, sign)


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(np.int16) - other)
