"""Techniques and their parameters as pixels, with Albumentations.

`replay` turns the recorded steps of a version into the same pixels every time, in the pipeline and
in the service alike.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from emailimg import taxonomy
from emailimg.techniques import TECHNIQUES, Parameters
from emailimg.versions import Step


def _albumentations() -> Any:
    """The library, without two things that it does on import.

    It would ask the network for a newer release of itself. And it would import torch where there
    is one, for a conversion that is not used here: a second, and half a gigabyte in every process.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    if "torch" in sys.modules:
        return importlib.import_module("albumentations")
    sys.modules["torch"] = None  # type: ignore[assignment] # "not installed", to whoever asks
    try:
        return importlib.import_module("albumentations")
    finally:
        del sys.modules["torch"]


if TYPE_CHECKING:
    import albumentations as A  # noqa: N812 - as in its own documentation
else:
    A = _albumentations()


def replay(steps: Sequence[Step], pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) RGB -> the same image after each step in turn."""
    for step in steps:
        pixels = apply(step.technique, step.parameters, pixels)
    return pixels


def apply(augmentation_class: str, parameters: Parameters, pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) RGB -> the same image after one technique; `transpose` swaps H and W."""
    if augmentation_class == taxonomy.ORIGINAL:
        return pixels
    long_side = max(pixels.shape[:2])
    transform = _TRANSFORMS[augmentation_class](parameters, long_side)
    # Always seeded: some transforms draw settings of their own beside the recorded parameters.
    transform.set_random_seed(int(parameters.get("seed", 0)))
    return np.ascontiguousarray(transform(image=np.ascontiguousarray(pixels))["image"])


def _odd_pixels(share: float, long_side: int) -> int:
    """The odd kernel size nearest to a share of the longer side, at least 3."""
    return max(3, 2 * round((share * long_side - 1) / 2) + 1)


def _gauss_noise(p: Parameters, _: int) -> A.BasicTransform:
    return A.GaussNoise(std_range=(p["std"], p["std"]), p=1)


def _motion_blur(p: Parameters, long_side: int) -> A.BasicTransform:
    size = _odd_pixels(p["extent"], long_side)
    angle = p["angle_deg"]
    return A.MotionBlur(
        blur_limit=(size, size),
        angle_range=(angle, angle),
        direction_range=(0, 0),  # both ways alike
        allow_shifted=False,
        p=1,
    )


def _median_blur(p: Parameters, long_side: int) -> A.BasicTransform:
    size = _odd_pixels(p["extent"], long_side)
    return A.MedianBlur(blur_limit=(size, size), p=1)


def _blur(p: Parameters, long_side: int) -> A.BasicTransform:
    size = _odd_pixels(p["extent"], long_side)
    return A.Blur(blur_limit=(size, size), p=1)


def _shift_scale(p: Parameters, _: int) -> A.BasicTransform:
    scale = 1 + p["scale"]
    return A.Affine(
        translate_percent={"x": (p["shift_x"],) * 2, "y": (p["shift_y"],) * 2},
        scale=(scale, scale),
        border_mode=cv2.BORDER_REFLECT_101,
        p=1,
    )


def _rotate(p: Parameters, _: int) -> A.BasicTransform:
    angle = p["angle_deg"]
    return A.Affine(rotate=(angle, angle), border_mode=cv2.BORDER_REFLECT_101, p=1)


def _clahe(p: Parameters, _: int) -> A.BasicTransform:
    return A.CLAHE(clip_limit=(p["clip"], p["clip"]), tile_grid_size=(4, 4), p=1)


def _sharpen(p: Parameters, _: int) -> A.BasicTransform:
    return A.Sharpen(alpha=(p["alpha"], p["alpha"]), lightness=(1.0, 1.0), p=1)


def _emboss(p: Parameters, _: int) -> A.BasicTransform:
    return A.Emboss(alpha=(p["alpha"],) * 2, strength=(p["strength"],) * 2, p=1)


def _brightness(p: Parameters, _: int) -> A.BasicTransform:
    return A.RandomBrightnessContrast(
        brightness_limit=(p["brightness"],) * 2, contrast_limit=(0, 0), p=1
    )


def _hue_saturation_value(p: Parameters, _: int) -> A.BasicTransform:
    return A.HueSaturationValue(
        hue_shift_limit=(p["hue"],) * 2,
        sat_shift_limit=(p["saturation"],) * 2,
        val_shift_limit=(0, 0),
        p=1,
    )


# For parameters and the longer side in pixels, the transform.
_TRANSFORMS: dict[str, Callable[[Parameters, int], A.BasicTransform]] = {
    "horizontal_flip": lambda *_: A.HorizontalFlip(p=1),
    "vertical_flip": lambda *_: A.VerticalFlip(p=1),
    "gauss_noise": _gauss_noise,
    "transpose": lambda *_: A.Transpose(p=1),
    "motion_blur": _motion_blur,
    "median_blur": _median_blur,
    "blur": _blur,
    "shift_scale": _shift_scale,
    "rotate": _rotate,
    "clahe": _clahe,
    "sharpen": _sharpen,
    "emboss": _emboss,
    "brighter": _brightness,
    "darker": _brightness,
    "hue_saturation_value": _hue_saturation_value,
}
assert set(_TRANSFORMS) == set(TECHNIQUES)
