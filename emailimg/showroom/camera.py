"""The camera: turns metres in the world into positions in the picture.

World: x along the car (front negative, rear positive), y up from the road, z away from the viewer;
the car stands at the origin. Picture: u to the right and v down, both in picture widths, so that
the frame is 1 wide and 0.75 high at every resolution.
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
        """The least x, metres, at which a line at depth z is still in front of the camera."""
        sine, cosine = self._turn
        return (_CLOSEST_M - self.distance_m - z * cosine) / sine

    def x_at(self, u: float, z: float) -> float:
        """Where a line along the road at depth z crosses the picture's column u: x in metres."""
        sine, cosine = self._turn
        slope = (u - self.centre_u) / self.focal
        return ((self.distance_m + z * cosine) * slope + z * sine) / (cosine - slope * sine)

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in metres to picture points (..., 2)."""
        matrix, offset = self._homogeneous
        scaled = points @ matrix + offset
        projected: np.ndarray = scaled[..., :2] / scaled[..., 2:]
        return projected

    @cached_property
    def _homogeneous(self) -> tuple[np.ndarray, np.ndarray]:
        """What takes world points (..., 3) to (u * depth, v * depth, depth)."""
        sine, cosine = self._turn
        depth, right, up = np.array([(sine, 0, cosine), (cosine, 0, -sine), (0, 1, 0)])
        u = self.centre_u * depth + self.focal * right
        v = self.horizon_v * depth - self.focal * up
        offset = self.distance_m * np.array([self.centre_u, self.horizon_v, 1.0])
        offset[1] += self.focal * self.height_m
        return np.stack([u, v, depth], axis=1), offset

    def at(self, *points: tuple[float, float, float]) -> np.ndarray:
        """Project points written out one by one: (n, 2)."""
        return self.project(np.array(points, dtype=float))

    def ground(self, x: float, z: float) -> np.ndarray:
        """Picture point (2,) of a spot on the road."""
        return self.at((x, 0.0, z))[0]

    @cached_property
    def towards_viewer(self) -> np.ndarray:
        """Unit vector (3,) from the car to the camera."""
        sine, cosine = self._turn
        away = np.array([-self.distance_m * sine, self.height_m, -self.distance_m * cosine])
        unit: np.ndarray = away / np.linalg.norm(away)
        return unit
