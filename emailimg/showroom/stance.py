"""A stance: one car in front of one camera, and where spots on the car appear in the picture."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emailimg.showroom.bodies import Body, rounded
from emailimg.showroom.camera import Camera
from emailimg.showroom.light import Light

# How much narrower the car gets towards its nose and its tail.
_TAPER_M = (0.16, 0.07, 0.02, 0.0, 0.0, 0.03, 0.08)


@dataclass(frozen=True, kw_only=True)
class Stance:
    """One car in front of one camera, in car coordinates (see `bodies`) with z across the car."""

    body: Body
    camera: Camera
    light: Light
    colour: str  # name of the paint
    make: str
    stretch: float  # length factor of this model
    lift: float  # height factor of this model

    def half_width_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Half of the car's width at spots of its side view, metres."""
        body = self.body
        lean = np.interp(y, (body.belt, max(body.height, body.belt + 0.1)), (0.0, body.tumblehome))
        end = body.length
        taper = np.interp(x, (0, 0.2, 0.4, 0.6, end - 0.5, end - 0.2, end), _TAPER_M)
        width: np.ndarray = body.half_width - taper - lean
        return width

    def world(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Car coordinates to world coordinates (..., 3)."""
        spots = np.empty((*np.broadcast(x, y, z).shape, 3))
        spots[..., 0] = (x - self.body.length / 2) * self.stretch
        spots[..., 1] = y * self.lift
        spots[..., 2] = z
        return spots

    def spot(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Car coordinates to picture points (..., 2)."""
        return self.camera.project(self.world(x, y, z))

    def side(self, points: np.ndarray, out: float = 0.0) -> np.ndarray:
        """Picture points (..., 2) of spots (x, y) on the near side, or `out` metres off it."""
        x, y = points[..., 0], points[..., 1]
        return self.spot(x, y, -out - self.half_width_at(x, y))

    def across(self, x: np.ndarray, y: np.ndarray, share: np.ndarray) -> np.ndarray:
        """World points of outline spots (x, y) moved `share` of the half width off the middle."""
        bow = 0.14 * (1 - share**2) * np.maximum(1 - x / 0.9, 0)
        return self.world(x - bow, y, share * self.half_width_at(x, y))

    def face(self, points: np.ndarray) -> np.ndarray:
        """Picture points (..., 2) of spots (share of the half width, y) on the car's face."""
        share, y = points[..., 0], points[..., 1]
        return self.camera.project(self.across(self.front_at(y), y, share))

    def front_at(self, y: np.ndarray) -> np.ndarray:
        """x of the outline's front at heights y."""
        return np.interp(y, self._front[:, 1], self._front[:, 0])

    def top_at(self, x: np.ndarray) -> np.ndarray:
        """y of the outline's upper edge at x."""
        return np.interp(x, self._top[:, 0], self._top[:, 1])

    @cached_property
    def _front(self) -> np.ndarray:
        outline = rounded(self.body.outline, closed=False)
        return outline[: int(np.argmax(outline[:, 0] > 0.45))]

    @cached_property
    def _top(self) -> np.ndarray:
        outline = rounded(self.body.outline, closed=False)
        start = int(np.argmax(outline[:, 1] > self.body.sill + 0.35))
        return outline[start : int(np.argmax(outline[:, 0]))]
