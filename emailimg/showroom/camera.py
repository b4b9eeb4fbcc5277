"""The camera: turns metres in the world into positions in the picture.

World: x along the car (front negative, rear positive), y up from the road, z away from the viewer;
the car stands at the origin. Picture: u to the right and v down, both in picture widths, so the frame
is 1 wide and 0.75 high at every resolution.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FRAME_HEIGHT = 0.75
_CLOSEST_M = 3.0  # nearer points are far outside of the picture or behind the camera


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A level camera standing in front of the car's left side, seeing some of its nose.

    Level means that upright lines stay upright and that the horizon is a straight row.
    """

    yaw_rad: float
    distance_m: float
    height_m: float
    scale: float  # picture widths per metre at the car
    centre_u: float  # where the car's middle appears
    ground_v: float  # where the road under the car's middle appears

    @cached_property
    def focal(self) -> float:
        """Focal length in picture widths."""
        return self.scale * self.distance_m

    @cached_property
    def horizon_v(self) -> float:
        """The row of the horizon, in picture widths from the top."""
        return self.ground_v - self.scale * self.height_m

    @cached_property
    def _turn(self) -> tuple[float, float]:
        return math.sin(self.yaw_rad), math.cos(self.yaw_rad)

    def reaches_left_to(self, z: float) -> float:
        """How far to the left, metres, a line at depth z can be drawn: less is behind the camera."""
        sine, cosine = self._turn
        return (_CLOSEST_M - self.distance_m - z * cosine) / sine

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in metres to picture points (..., 2)."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        sine, cosine = self._turn
        magnification = self.focal / (self.distance_m + x * sine + z * cosine)
        u = self.centre_u + (x * cosine - z * sine) * magnification
        v = self.horizon_v + (self.height_m - y) * magnification
        projected = np.empty((*np.shape(u), 2))
        projected[..., 0], projected[..., 1] = u, v
        return projected

    def at(self, *points: tuple[float, float, float]) -> np.ndarray:
        """Project points written out one by one: (n, 2)."""
        return self.project(np.array(points, dtype=float))

    def ground(self, x: float, z: float) -> np.ndarray:
        """Picture point (2,) of a spot on the road."""
        return self.at((x, 0.0, z))[0]

    @cached_property
    def towards_viewer(self) -> np.ndarray:
        """Unit vector (3,) from the car to the camera."""
        reach = np.array(
            [
                -self.distance_m * self._turn[0],
                self.height_m,
                -self.distance_m * self._turn[1],
            ]
        )
        return reach / np.linalg.norm(reach)
