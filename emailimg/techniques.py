"""The augmentation techniques of the report's Figure 1: their parameters and what these may be.

Lengths are shares of the longer side, so that a technique looks alike at every size. Each parameter
has a range from mild to strong, which the config may change (`augment.ranges`). The same
techniques, at chosen strengths, are the edits that the service recommends. `versions` draws from
the ranges, `augment` turns technique and parameters into pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emailimg import taxonomy

Parameters = dict[str, float]
Range = tuple[float, float]  # the mildest and the strongest value
Ranges = Mapping[str, Range]  # by parameter


@dataclass(frozen=True)
class Parameter:
    """One number that a technique takes.

    meaning: in words, with its unit; default: the range it is drawn from; allowed: smallest and
    largest value that a range may contain; signed: drawn with either sign, so that a range of
    (10, 35) means 10 to 35 degrees to the left or to the right.
    """

    meaning: str
    default: Range
    allowed: Range
    signed: bool = False


@dataclass(frozen=True)
class Technique:
    """One augmentation class.

    seeded: it draws noise, and its seed is a parameter as well; fine: it works on single pixels, so
    that, unlike a length, what it does is finer in a larger picture.
    """

    parameters: Mapping[str, Parameter]
    seeded: bool = False
    fine: bool = False

    @property
    def ranges(self) -> Ranges:
        """The range of every parameter when the config says nothing else."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def sample(self, ranges: Ranges, rng: np.random.Generator) -> Parameters:
        """Parameters drawn uniformly from the ranges, rounded so that JSON keeps them exactly."""
        drawn: Parameters = {}
        for name, (mild, strong) in ranges.items():
            value = mild + (strong - mild) * rng.random()
            drawn[name] = round(value * self._sign(name, rng), 4)
        return drawn | ({"seed": int(rng.integers(2**31))} if self.seeded else {})

    def at(self, ranges: Ranges, strength: float, sign: int = 1) -> Parameters:
        """Parameters at a strength from 0 (mildest) to 1 (strongest)."""
        chosen: Parameters = {}
        for name, (mild, strong) in ranges.items():
            value = mild + (strong - mild) * strength
            chosen[name] = round(value * (sign if self.parameters[name].signed else 1), 4)
        return chosen | ({"seed": 0} if self.seeded else {})

    @property
    def signed(self) -> bool:
        """Whether any parameter occurs with either sign."""
        return any(parameter.signed for parameter in self.parameters.values())

    def _sign(self, name: str, rng: np.random.Generator) -> int:
        return int(rng.choice((-1, 1))) if self.parameters[name].signed else 1


def _extent(default: Range) -> Parameter:
    return Parameter("side of the blurring window, share of the longer side", default, (0, 0.5))


def _alpha(default: Range) -> Parameter:
    return Parameter("how much of the filtered picture is blended in, 0 to 1", default, (0, 1))


_BRIGHTNESS = "added to every value, share of the full range"
_CENTRE = "of the picture's centre, share of its "

TECHNIQUES: dict[str, Technique] = {
    "horizontal_flip": Technique({}),
    "vertical_flip": Technique({}),
    "gauss_noise": Technique(
        {
            "std": Parameter(
                "standard deviation of the noise, share of the full range", (0.08, 0.18), (0, 1)
            )
        },
        seeded=True,
        fine=True,
    ),
    "transpose": Technique({}),
    "motion_blur": Technique(
        {
            "extent": _extent((0.07, 0.12)),
            "angle_deg": Parameter("direction of the motion, degrees", (0, 180), (0, 360)),
        }
    ),
    "median_blur": Technique({"extent": _extent((0.05, 0.08))}),
    "blur": Technique({"extent": _extent((0.05, 0.09))}),
    "shift_scale": Technique(
        {
            "shift_x": Parameter("shift " + _CENTRE + "width", (0.08, 0.2), (0, 0.9), signed=True),
            "shift_y": Parameter("shift " + _CENTRE + "height", (0.06, 0.15), (0, 0.9), True),
            "scale": Parameter("enlargement, 0.2 is a fifth", (0.12, 0.3), (0, 0.9), signed=True),
        }
    ),
    "rotate": Technique(
        {"angle_deg": Parameter("about the centre, degrees", (10, 35), (0, 180), signed=True)}
    ),
    "clahe": Technique(
        {"clip": Parameter("limit of the local contrast, OpenCV's clipLimit", (4, 8), (1, 100))}
    ),
    "sharpen": Technique({"alpha": _alpha((0.6, 0.95))}, fine=True),
    "emboss": Technique(
        {
            "alpha": _alpha((0.6, 0.95)),
            "strength": Parameter("depth of the relief", (0.8, 1.4), (0, 10)),
        },
        fine=True,
    ),
    "brighter": Technique({"brightness": Parameter(_BRIGHTNESS, (0.2, 0.4), (0.01, 1))}),
    "darker": Technique({"brightness": Parameter(_BRIGHTNESS, (-0.2, -0.4), (-1, -0.01))}),
    "hue_saturation_value": Technique(
        {
            "hue": Parameter("shift, of OpenCV's 180 steps", (20, 45), (0, 90), signed=True),
            "saturation": Parameter("shift, of 255 steps", (10, 40), (0, 255), signed=True),
        }
    ),
}
assert set(TECHNIQUES) == set(taxonomy.AUGMENTATION_CLASSES) - {taxonomy.ORIGINAL}
