"""The stage: canvas, camera, light and chance of one picture, and the basic shapes set up on it."""

from dataclasses import dataclass

import numpy as np

from emailimg.showroom.camera import FRAME_HEIGHT, Camera
from emailimg.showroom.canvas import Canvas
from emailimg.showroom.light import RGB, Light

LEFT_M, RIGHT_M = -13.0, 70.0  # far enough along the road to leave the picture on both sides


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every scenery painter needs; positions are world metres (see `camera`)."""

    canvas: Canvas
    camera: Camera
    light: Light
    rng: np.random.Generator

    @property
    def horizon(self) -> float:
        """Row of the horizon, in picture widths."""
        return self.camera.horizon_v

    def span(self, z: float) -> tuple[float, float]:
        """The stretch of x, metres, that is in the picture at depth z."""
        return self.camera.x_at(0.0, z), self.camera.x_at(1.0, z)

    def ground(self, near: RGB, far: RGB) -> None:
        """Cover everything below the horizon."""
        top, bottom = self.light.on(far), self.light.on(near)
        self.canvas.wash(self.horizon, FRAME_HEIGHT, top, bottom)

    def band(self, near_z: float, far_z: float, colour: RGB | np.ndarray, y: float = 0.0) -> None:
        """A strip along the road from depth near_z to far_z, at height y."""
        left = max(LEFT_M, self.camera.reaches_left_to(near_z))
        self.patch(left, RIGHT_M, near_z, far_z, colour, y)

    def patch(
        self, x0: float, x1: float, z0: float, z1: float, colour: RGB | np.ndarray, y: float = 0.0
    ) -> None:
        """A level rectangle."""
        corners = self.camera.at((x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1))
        self.canvas.polygon(corners, self.light.on(colour))

    def wall(
        self,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        z: float,
        colour: RGB | np.ndarray,
        share: float = 1.0,
    ) -> None:
        """An upright rectangle that faces the road."""
        corners = self.camera.at((x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z))
        self.canvas.polygon(corners, self.light.on(colour, share))

    def walls(self, boxes: np.ndarray, z: float, colour: RGB | np.ndarray) -> None:
        """Many upright rectangles (m, 4) = x0, x1, y0, y1 that do not overlap, in one colour."""
        if len(boxes):
            xs, ys = boxes[:, [0, 1, 1, 0]], boxes[:, [2, 2, 3, 3]]
            corners = self.camera.project(np.stack([xs, ys, np.full_like(xs, z)], axis=-1))
            self.canvas.polygons(corners, self.light.on(colour))

    def block(
        self, x0: float, x1: float, z0: float, z1: float, height: float, colour: RGB | np.ndarray
    ) -> None:
        """A house-sized box: its front, and its left end in full sun."""
        end = self.camera.at((x0, 0, z0), (x0, 0, z1), (x0, height, z1), (x0, height, z0))
        self.canvas.polygon(end, self.light.on(colour, 1.10))
        self.wall(x0, x1, 0.0, height, z0, colour, 0.88)

    def post(
        self, x: float, z: float, y0: float, y1: float, width: float, colour: RGB | np.ndarray
    ) -> None:
        """A thin upright bar."""
        self.wall(x - width / 2, x + width / 2, y0, y1, z, colour)
