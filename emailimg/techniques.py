"""The augmentation techniques of the report's Figure 1, and what is drawn for each version.

A version of an image is one technique with the parameters drawn for it; the technique is the
version's augmentation class. Lengths are shares of the longer side, so that a technique looks
alike at every size. The same techniques, at chosen strengths, are the edits that the service
recommends. `augment` turns technique and parameters into pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emailimg import seeding, taxonomy
from emailimg.config import AugmentConfig

Parameters = dict[str, float]


@dataclass(frozen=True)
class Technique:
    """One augmentation class.

    ranges: for each parameter the mildest and the strongest value.
    signed: parameters that also occur with a minus sign.
    seeded: the technique draws noise; its seed is a parameter as well.
    """

    ranges: Mapping[str, tuple[float, float]]
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


# Units: `extent`, `shift_*` shares of the longer side and the sides; `std`, `alpha`, `brightness`
# shares of the full range; `hue` of OpenCV's 180 steps; `saturation` of 255; angles in degrees.
TECHNIQUES: dict[str, Technique] = {
    "horizontal_flip": Technique({}),
    "vertical_flip": Technique({}),
    "gauss_noise": Technique({"std": (0.08, 0.18)}, seeded=True),
    "transpose": Technique({}),
    "motion_blur": Technique({"extent": (0.07, 0.12), "angle_deg": (0, 180)}),
    "median_blur": Technique({"extent": (0.05, 0.08)}),
    "blur": Technique({"extent": (0.05, 0.09)}),
    "shift_scale": Technique(
        {"shift_x": (0.08, 0.2), "shift_y": (0.06, 0.15), "scale": (0.12, 0.3)},
        signed=("shift_x", "shift_y", "scale"),
    ),
    "rotate": Technique({"angle_deg": (10, 35)}, signed=("angle_deg",)),
    "clahe": Technique({"clip": (4, 8)}),
    "sharpen": Technique({"alpha": (0.6, 0.95)}),
    "emboss": Technique({"alpha": (0.6, 0.95), "strength": (0.8, 1.4)}),
    "brighter": Technique({"brightness": (0.2, 0.4)}),
    "darker": Technique({"brightness": (-0.2, -0.4)}),
    "hue_saturation_value": Technique(
        {"hue": (20, 45), "saturation": (10, 40)},
        signed=("hue", "saturation"),
    ),
}
assert set(TECHNIQUES) == set(taxonomy.AUGMENTATION_CLASSES) - {taxonomy.ORIGINAL}


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
