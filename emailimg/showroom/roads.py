"""Painting the road and what stands along it: kerb, markings, lamps, signs, rails."""

import numpy as np

from emailimg.showroom.camera import FRAME_HEIGHT
from emailimg.showroom.light import RGB
from emailimg.showroom.stage import Stage

KERB_Z = 2.1  # depth of the road's far edge
_NEAR_Z = -6.0
_ASPHALT: RGB = (104, 104, 106)
_MARKING: RGB = (226, 224, 214)
_STEEL: RGB = (158, 162, 168)


def paint_road(stage: Stage, asphalt: RGB = _ASPHALT) -> None:
    """The carriageway the car stands on, with patches, a dashed line and grain."""
    stage.band(_NEAR_Z, KERB_Z, asphalt)
    for _ in range(3):
        x, z = stage.rng.uniform(-4, 5), stage.rng.uniform(-3.5, 0.5)
        length, depth = stage.rng.uniform(1, 3), stage.rng.uniform(0.3, 0.8)
        share = stage.rng.uniform(0.88, 0.94)
        stage.patch(x, x + length, z, z + depth, np.multiply(asphalt, share))
    start = stage.rng.uniform(-9, -6)
    for x in np.arange(start, 14, 3.4):
        stage.patch(x, x + 1.8, -2.62, -2.48, _MARKING)


def roughen_ground(stage: Stage, strength: float = 9.0) -> None:
    """Grain over everything below the horizon: fine, and coarser flecks."""
    rng = stage.rng.spawn(1)[0]  # apart: how much grain draws depends on the size of the canvas
    stage.canvas.grain(rng, stage.horizon + 0.01, FRAME_HEIGHT, strength, 0.0016)
    stage.canvas.grain(rng, stage.horizon + 0.08, FRAME_HEIGHT, 0.7 * strength, 0.006)


def paint_pavement(stage: Stage, far_z: float, colour: RGB = (166, 160, 152)) -> None:
    """Kerb and slabs between the road and depth far_z."""
    stage.band(KERB_Z, far_z, colour)
    joints = np.array([[(x, 0.0, KERB_Z), (x, 0.0, far_z)] for x in np.arange(-8.0, 16.0, 1.2)])
    stage.canvas.lines(stage.camera.project(joints), stage.light.on(colour, 0.84), 0.001)
    stage.wall(-13, 60, -0.02, 0.13, KERB_Z, (118, 116, 112))
    stage.band(KERB_Z, KERB_Z + 0.22, (190, 187, 180), y=0.13)


def paint_edge_line(stage: Stage) -> None:
    """The solid line at the far edge of a country road."""
    stage.band(KERB_Z - 0.32, KERB_Z - 0.18, _MARKING)


def paint_lamp(stage: Stage, x: float, z: float) -> None:
    """A street lamp whose arm reaches over the road; it shines when it is dark."""
    stage.post(x, z, 0.0, 5.0, 0.14, (74, 78, 84))
    arm = stage.camera.at((x, 4.95, z), (x + 0.9, 5.1, z - 0.6))
    stage.canvas.line(arm, stage.light.on((74, 78, 84)), 0.006)
    if stage.light.lamps_on:
        stage.canvas.glow(arm[1], 0.14, (255, 226, 168), 0.55)
        stage.canvas.disc(arm[1], 0.008, (255, 240, 208))


def paint_sign(stage: Stage, x: float, z: float) -> None:
    """A warning sign on the right: a red-rimmed triangle with an arrow that bends to the left."""
    stage.post(x, z, 0.0, 2.3, 0.08, _STEEL)
    middle = (x, 2.45, z - 0.05)
    for size, colour in ((0.62, (188, 40, 38)), (0.42, (238, 234, 222))):
        ring = [(0, 1.0), (0.9, -0.6), (-0.9, -0.6)]
        corners = [(middle[0] + size * a, middle[1] + size * b, middle[2]) for a, b in ring]
        stage.canvas.polygon(stage.camera.at(*corners), stage.light.on(colour))
    arrow = [(0.10, -0.18), (0.10, 0.04), (-0.12, 0.10)]
    run = stage.camera.at(*((middle[0] + a, middle[1] + b, middle[2]) for a, b in arrow))
    stage.canvas.line(run, stage.light.on((30, 30, 32)), 0.006)


def paint_crash_barrier(stage: Stage, z: float) -> None:
    """A steel barrier on posts along the road."""
    x = np.arange(-8.0, 26.0, 1.9)
    stage.walls(np.stack([x, x + 0.12, 0 * x, 0 * x + 0.55], axis=1), z + 0.05, (112, 116, 120))
    for low, high, share in ((0.42, 0.78, 0.86), (0.66, 0.78, 1.12), (0.56, 0.62, 0.62)):
        stage.wall(-13, 60, low, high, z, _STEEL, share)


def paint_gantry(stage: Stage, z: float) -> None:
    """A motorway sign over the road: lanes, an exit arrow to the left, and lines of lettering."""
    x = 6.0 + stage.rng.uniform(-0.5, 0.8)
    for post in (x + 0.3, x + 5.2):
        stage.post(post, z, 0.0, 4.6, 0.22, _STEEL)
    stage.wall(x, x + 5.5, 2.7, 5.0, z - 0.1, (236, 236, 230))
    stage.wall(x + 0.1, x + 5.4, 2.8, 4.9, z - 0.12, (34, 88, 152))
    rows = np.array([(1.9, 4.9, 4.25, 4.5), (1.9, 4.3, 3.75, 4.0), (1.9, 3.6, 3.25, 3.5)])
    stage.walls(np.add(rows, (x, x, 0, 0)), z - 0.14, (232, 232, 226))
    arrow = [(1.4, 3.1), (1.4, 3.8), (0.6, 4.4)]
    run = stage.camera.at(*((x + a, y, z - 0.14) for a, y in arrow))
    stage.canvas.line(run, stage.light.on((232, 232, 226)), 0.009)
