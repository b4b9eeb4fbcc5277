"""The augmentation techniques of the report's Figure 1, with Albumentations.

A version of an image is one technique with the parameters drawn for it; the technique is the
version's augmentation class. Parameters are recorded beside the version and `apply` replays them
to the same pixels. Lengths are shares of the longer side, so that a technique looks alike at every
size. The same techniques, at chosen strengths, are the edits that the service recommends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import albumentations as A  # noqa: N812 - as in its own documentation
import cv2
import numpy as np

from emailimg import seeding, taxonomy
from emailimg.config import AugmentConfig

Parameters = dict[str, float]


@dataclass(frozen=True)
class Technique:
    """One augmentation class.

    ranges: for each parameter the mildest and the strongest value.
    signed: parameters that also occur with a minus sign.
    build: makes the Albumentations transform for given parameters and longer side in pixels.
    """

    ranges: Mapping[str, tuple[float, float]]
    build: Callable[[Parameters, int], A.BasicTransform]
    signed: tuple[str, ...] = ()
    seeded: bool = False

    def sample(self, rng: np.random.Generator) -> Parameters:
        """Parameters drawn uniformly from the ranges, rounded so that JSON keeps them exactly."""
        parameters = {
            name: round((mild + (strong - mild) * rng.random()) * self._sign(name, rng), 4)
            for name, (mild, strong) in self.ranges.items()
        }
        return parameters | ({"seed": int(rng.integers(2**31))} if self.seeded else {})

    def at(self, strength: float, sign: int = 1) -> Parameters:
        """Parameters at a strength from 0 (mildest) to 1 (strongest)."""
        parameters = {
            name: round(
                (mild + (strong - mild) * strength) * (sign if name in self.signed else 1), 4
            )
            for name, (mild, strong) in self.ranges.items()
        }
        return parameters | ({"seed": 0} if self.seeded else {})

    def _sign(self, name: str, rng: np.random.Generator) -> int:
        return int(rng.choice((-1, 1))) if name in self.signed else 1


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


# Units: `extent`, `shift_*` shares of the longer side and the sides; `std`, `alpha`, `brightness`
# shares of the full range; `hue` of OpenCV's 180 steps; `saturation` of 255; angles in degrees.
TECHNIQUES: dict[str, Technique] = {
    "horizontal_flip": Technique({}, lambda *_: A.HorizontalFlip(p=1)),
    "vertical_flip": Technique({}, lambda *_: A.VerticalFlip(p=1)),
    "gauss_noise": Technique({"std": (0.08, 0.18)}, _gauss_noise, seeded=True),
    "transpose": Technique({}, lambda *_: A.Transpose(p=1)),
    "motion_blur": Technique({"extent": (0.07, 0.12), "angle_deg": (0, 180)}, _motion_blur),
    "median_blur": Technique({"extent": (0.05, 0.08)}, _median_blur),
    "blur": Technique({"extent": (0.05, 0.09)}, _blur),
    "shift_scale": Technique(
        {"shift_x": (0.08, 0.2), "shift_y": (0.06, 0.15), "scale": (0.12, 0.3)},
        _shift_scale,
        signed=("shift_x", "shift_y", "scale"),
    ),
    "rotate": Technique({"angle_deg": (10, 35)}, _rotate, signed=("angle_deg",)),
    "clahe": Technique({"clip": (4, 8)}, _clahe),
    "sharpen": Technique({"alpha": (0.6, 0.95)}, _sharpen),
    "emboss": Technique({"alpha": (0.6, 0.95), "strength": (0.8, 1.4)}, _emboss),
    "brighter": Technique({"brightness": (0.2, 0.4)}, _brightness),
    "darker": Technique({"brightness": (-0.2, -0.4)}, _brightness),
    "hue_saturation_value": Technique(
        {"hue": (20, 45), "saturation": (10, 40)},
        _hue_saturation_value,
        signed=("hue", "saturation"),
    ),
}
assert set(TECHNIQUES) == set(taxonomy.AUGMENTATION_CLASSES) - {taxonomy.ORIGINAL}


def apply(augmentation_class: str, parameters: Parameters, pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) RGB -> the same image after one technique; `transpose` swaps H and W."""
    if augmentation_class == taxonomy.ORIGINAL:
        return pixels
    long_side = max(pixels.shape[:2])
    transform = TECHNIQUES[augmentation_class].build(parameters, long_side)
    # Always seeded: some transforms draw settings of their own beside the recorded parameters.
    transform.set_random_seed(int(parameters.get("seed", 0)))
    return np.ascontiguousarray(transform(image=np.ascontiguousarray(pixels))["image"])


def draw_version(config: AugmentConfig, source_id: str, version: int) -> tuple[str, Parameters]:
    """Class and parameters of a source image's version; version 0 is the original.

    Depends on (seed, source_id, version) alone, whatever the number of workers or batches.
    """
    if version == 0:
        return taxonomy.ORIGINAL, {}
    rng = seeding.generator(config.seed, "augment", source_id, version)
    blocks = sorted(config.block_weights)
    weights = np.array([config.block_weights[block] for block in blocks])
    block = blocks[rng.choice(len(blocks), p=weights / weights.sum())]
    technique = str(rng.choice(taxonomy.AUGMENTATION_BLOCKS[block]))
    return technique, TECHNIQUES[technique].sample(rng)
