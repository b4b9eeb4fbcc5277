"""Car paint: the palette, and the colour it takes on a panel that faces a given way."""

import numpy as np

from emailimg.showroom.light import RGB, TOWARDS_SUN, Light
from emailimg.showroom.stance import Stance

PAINTS: dict[str, RGB] = {
    "white": (226, 226, 222),
    "silver": (168, 173, 178),
    "graphite": (92, 96, 102),
    "black": (38, 39, 43),
    "red": (172, 30, 34),
    "copper": (176, 92, 44),
    "sand": (192, 170, 132),
    "green": (44, 92, 66),
    "blue": (46, 104, 172),
    "navy": (30, 44, 88),
}


def lacquer(normals: np.ndarray, stance: Stance) -> np.ndarray:
    """The colour of car paint facing along unit `normals` (..., 3): RGB (..., 3) in 0..250.

    Paint is a matt coat under a clear one. The matt coat follows the sun; the clear one mirrors the
    surroundings: bright sky for panels that lean up, dark road for those that lean down, which is
    what makes a crease in a door visible.
    """
    light, towards_viewer = stance.light, stance.camera.towards_viewer
    sunny = (normals @ TOWARDS_SUN).clip(0)[..., None]
    matt = light.on(PAINTS[stance.colour]) * (light.ambience + (1 - light.ambience) * 1.35 * sunny)
    facing = (normals @ towards_viewer).clip(0, 1)
    mirrored_up = 2 * facing * normals[..., 1] - towards_viewer[1]
    fresnel = (0.16 + 0.55 * (1 - facing) ** 3)[..., None]
    glint = (2 * facing[..., None] * normals - towards_viewer) @ TOWARDS_SUN
    shine = 90 * (glint.clip(0) ** 24)[..., None] * light.tint
    return (matt * (1 - fresnel) + _surroundings(mirrored_up, light) * fresnel + shine).clip(0, 250)


def _surroundings(up: np.ndarray, light: Light) -> np.ndarray:
    """What a mirror sees when its ray climbs by `up` in -1..1: RGB (..., 3)."""
    road = light.on((62, 60, 58))
    stops = np.array([-1.0, -0.12, 0.05, 0.35, 1.0])
    colours = np.stack(
        [road, 0.6 * road, light.sky_low, 0.5 * np.add(light.sky_low, light.sky_top), light.sky_top]
    )
    return np.stack([np.interp(up, stops, colours[:, c]) for c in range(3)], axis=-1)
