"""Light: what each time of day does to sky, surfaces and car paint.

The sun (or the moon, or a street lamp) always stands in the upper left, in front of the car.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

RGB = tuple[float, float, float]
TOWARDS_SUN = np.array([-0.56, 0.68, -0.47])


@dataclass(frozen=True, kw_only=True)
class Light:
    """The light at one time of day; colours are RGB in 0..255, factors multiply surface colours."""

    sky_top: RGB
    sky_low: RGB
    cloud: RGB
    sun: RGB
    tint: RGB  # factor for surfaces in the light
    ambience: float  # share of the tint that reaches surfaces out of the sun
    lamps_on: bool
    brightness: float  # mean grey level that the camera exposes for

    def on(self, colour: RGB | np.ndarray, share: float = 1.0) -> np.ndarray:
        """A surface colour as it looks in this light; `share` dims or lifts it."""
        return np.minimum(np.multiply(colour, self.tint) * share, 250.0)

    def indoors(self) -> "Light":
        """The light in a hall that has its lamps on all day: less coloured, brighter at night."""
        red, green, blue = self.tint
        return dataclasses.replace(
            self,
            tint=(0.5 + 0.5 * red, 0.5 + 0.5 * green, 0.5 + 0.5 * blue),
            brightness=0.8 * self.brightness + 26,
            lamps_on=False,
        )

    def through_haze(self, colour: RGB, haze: float) -> np.ndarray:
        """The same far away: mixed with the colour of the sky over the horizon."""
        return (1 - haze) * self.on(colour) + haze * np.asarray(self.sky_low)


LIGHTS = {
    "dawn": Light(
        sky_top=(126, 148, 190),
        sky_low=(246, 212, 184),
        cloud=(250, 214, 198),
        sun=(255, 226, 180),
        tint=(1.0, 0.92, 0.86),
        ambience=0.58,
        lamps_on=False,
        brightness=124,
    ),
    "day": Light(
        sky_top=(88, 142, 204),
        sky_low=(196, 219, 234),
        cloud=(246, 248, 250),
        sun=(255, 250, 232),
        tint=(1.0, 1.0, 0.98),
        ambience=0.55,
        lamps_on=False,
        brightness=136,
    ),
    "dusk": Light(
        sky_top=(70, 76, 132),
        sky_low=(240, 160, 112),
        cloud=(214, 132, 124),
        sun=(255, 190, 120),
        tint=(0.84, 0.70, 0.70),
        ambience=0.60,
        lamps_on=True,
        brightness=104,
    ),
    "night": Light(
        sky_top=(20, 26, 56),
        sky_low=(62, 72, 112),
        cloud=(52, 60, 92),
        sun=(214, 222, 240),
        tint=(0.42, 0.47, 0.62),
        ambience=0.62,
        lamps_on=True,
        brightness=78,
    ),
}
