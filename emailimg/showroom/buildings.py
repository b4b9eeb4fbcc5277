"""Painting buildings: a skyline, town houses with shops, and detached houses."""

import numpy as np

from emailimg.showroom.light import RGB
from emailimg.showroom.stage import Stage

_STONE: tuple[RGB, ...] = (
    (172, 108, 84),
    (190, 172, 146),
    (146, 96, 80),
    (166, 164, 160),
    (204, 186, 160),
    (132, 136, 142),
)
_RENDER: tuple[RGB, ...] = ((214, 204, 184), (196, 204, 204), (206, 184, 160), (186, 150, 128))
_SHUT: RGB = (66, 80, 92)  # a dark window by day
_LAMPLIGHT = (255, 214, 140)
_AWNINGS: tuple[RGB, ...] = ((168, 52, 46), (44, 92, 84), (196, 148, 62), (60, 76, 116))


def paint_skyline(stage: Stage) -> None:
    """Far office towers standing on the horizon."""
    light, left = stage.light, -0.02
    while left < 1.0:
        width, height = stage.rng.uniform(0.05, 0.11), stage.rng.uniform(0.06, 0.24)
        corners = np.array([(0, 0), (width, 0), (width, -height), (0, -height)])
        colour = light.through_haze((118, 126, 140), stage.rng.uniform(0.3, 0.5))
        stage.canvas.polygon(np.add(corners, (left, stage.horizon)), colour)
        stage.canvas.polygon(np.add(corners * (0.3, 1), (left, stage.horizon)), 1.07 * colour)
        _paint_office_lights(stage, left, width, height)
        left += width * stage.rng.uniform(0.9, 1.3)


def _paint_office_lights(stage: Stage, left: float, width: float, height: float) -> None:
    columns, rows = np.meshgrid(
        np.arange(0.012, width - 0.006, 0.012), np.arange(0.01, height, 0.014)
    )
    spots = np.stack([left + columns.ravel(), stage.horizon - rows.ravel()], axis=1)
    spots = spots[stage.rng.random(len(spots)) < 0.45]
    pane = np.array([(-0.0025, 0), (0.0025, 0), (0.0025, -0.006), (-0.0025, -0.006)])
    lit = np.multiply(_LAMPLIGHT, 0.62) if stage.light.lamps_on else stage.light.on((104, 116, 132))
    stage.canvas.polygons(spots[:, None] + pane, lit)


def paint_town_houses(stage: Stage, z: float) -> None:
    """A row of shops with flats above, along the road at depth z.

    From right to left, since each house hides the end wall of its right neighbour.
    """
    first, last = stage.span(z)
    right = last + stage.rng.uniform(0, 6)
    number = int(stage.rng.integers(6))
    while right > first:
        width, height = stage.rng.uniform(5.0, 8.0), stage.rng.uniform(5.5, 10.0)
        _paint_town_house(stage, right - width, right, height, z, number)
        right -= width + (2.2 if stage.rng.random() < 0.3 else 0.0)
        number += 1


def _paint_town_house(
    stage: Stage, x0: float, x1: float, height: float, z: float, number: int
) -> None:
    colour = _STONE[number % len(_STONE)]
    stage.block(x0, x1, z, z + 8, height, colour)
    _paint_ledges(stage, x0, x1, height, z, colour)
    if number % 2:
        _paint_courses(stage, x0, x1, height, z, colour)
    _paint_flats(stage, x0, x1 - x0, height, z)
    _paint_shop(stage, x0, x1 - x0, z, _AWNINGS[number % len(_AWNINGS)])


def _paint_ledges(stage: Stage, x0: float, x1: float, height: float, z: float, colour: RGB) -> None:
    """Mouldings above the shop and under the eaves, round the front and the end."""
    for y in (3.2, height - 0.2):
        run = stage.camera.at((x0, y, z + 8), (x0, y, z), (x1, y, z))
        stage.canvas.line(run, stage.light.on(colour, 0.70), 0.0060)
        stage.canvas.line(run - (0, 0.0030), stage.light.on(colour, 1.22), 0.0024)


def _paint_courses(
    stage: Stage, x0: float, x1: float, height: float, z: float, colour: RGB
) -> None:
    """Brickwork, as lines of mortar."""
    y = np.arange(3.3, height - 0.4, 0.32)
    runs = np.stack([[np.full_like(y, x), y, np.full_like(y, z)] for x in (x0, x1)]).transpose(
        2, 0, 1
    )
    stage.canvas.lines(stage.camera.project(runs), stage.light.on(colour, 0.76), 0.0008)


def _paint_flats(stage: Stage, left: float, width: float, height: float, z: float) -> None:
    columns = max(2, int(width / 1.9))
    x = left + width * (np.arange(columns) + 0.5) / columns
    y = np.arange(3.7, height - 1.5, 2.7)
    xs, ys = (grid.ravel() for grid in np.meshgrid(x, y))
    frames = np.stack([xs - 0.52, xs + 0.52, ys - 0.08, ys + 1.48], axis=1)
    panes = np.stack([xs - 0.42, xs + 0.42, ys, ys + 1.4], axis=1)
    stage.walls(frames, z - 0.02, (216, 210, 200))
    lit = stage.rng.random(len(panes)) < (0.6 if stage.light.lamps_on else 0.0)
    paint_panes(stage, panes, z - 0.03, lit)


def paint_panes(stage: Stage, panes: np.ndarray, z: float, lit: np.ndarray) -> None:
    """Window panes (m, 4) = x0, x1, y0, y1: lamplight where lit, else a reflection of the sky."""
    stage.walls(panes[~lit], z, _SHUT)
    upper = panes[~lit].copy()
    upper[:, 2] += 0.55 * (upper[:, 3] - upper[:, 2])
    stage.walls(upper, z, (112, 134, 152))
    glowing = np.divide(_LAMPLIGHT, np.multiply(stage.light.tint, 1.12))
    stage.walls(panes[lit], z, glowing)


def _paint_shop(stage: Stage, left: float, width: float, z: float, awning: RGB) -> None:
    x0, x1 = left + 0.5, left + width - 0.5
    window = np.array([(x0, x0 + 0.68 * (x1 - x0), 0.5, 2.3), (x1 - 1.1, x1, 0.05, 2.3)])
    stage.wall(left + 0.3, left + width - 0.3, 0.0, 3.0, z - 0.02, awning, 0.5)
    paint_panes(stage, window, z - 0.05, np.full(2, stage.light.lamps_on))
    edge = [
        (x0 - 0.2, 2.9, z),
        (x1 + 0.2, 2.9, z),
        (x1 + 0.2, 2.25, z - 1.1),
        (x0 - 0.2, 2.25, z - 1.1),
    ]
    roof = stage.camera.at(*edge)
    stage.canvas.polygon(roof, stage.light.on(awning, 1.1))
    stripes = np.linspace(0, 1, 11)[:, None, None]
    upper, lower = roof[0] + stripes * (roof[1] - roof[0]), roof[3] + stripes * (roof[2] - roof[3])
    edges = np.concatenate([upper, lower], axis=1)
    quads = np.concatenate([edges[:-1:2], edges[1::2, ::-1]], axis=1)
    stage.canvas.polygons(quads, stage.light.on((226, 220, 208)))


def paint_houses(stage: Stage, z: float) -> None:
    """Detached houses with gabled roofs, along the road at depth z."""
    first, last = stage.span(z)
    right = last + stage.rng.uniform(0, 7)
    while right > first:
        width = stage.rng.uniform(7.5, 9.5)
        colour = _RENDER[int(stage.rng.integers(len(_RENDER)))]
        _paint_house(stage, right - width, right, z, colour)
        right -= width + stage.rng.uniform(2.5, 4.5)


def _paint_house(stage: Stage, x0: float, x1: float, z: float, colour: RGB) -> None:
    eaves, ridge, depth = 3.1, 5.2, 6.0
    light, camera = stage.light, stage.camera
    chimney = x0 + 0.7 * (x1 - x0)
    stage.block(chimney, chimney + 0.8, z + 2.5, z + 3.1, ridge + 0.7, (150, 92, 76))
    stage.block(x0, x1, z, z + depth, eaves, colour)
    gable = camera.at((x0, eaves, z), (x0, ridge, z + depth / 2), (x0, eaves, z + depth))
    stage.canvas.polygon(gable, light.on(colour, 1.1))
    roof = [(x0 - 0.3, eaves - 0.1, z - 0.4), (x1 + 0.3, eaves - 0.1, z - 0.4)]
    top = [(x1 + 0.3, ridge, z + depth / 2), (x0 - 0.3, ridge, z + depth / 2)]
    slope = camera.at(*roof, *top)
    stage.canvas.polygon(slope, light.on((138, 82, 66)))
    rows = np.linspace(0.12, 0.88, 6)[:, None, None]
    tiles = np.concatenate(
        [slope[0] + rows * (slope[3] - slope[0]), slope[1] + rows * (slope[2] - slope[1])], axis=1
    )
    stage.canvas.lines(tiles, light.on((104, 60, 50)), 0.0016)
    _paint_house_front(stage, x0, x1, z)


def _paint_house_front(stage: Stage, x0: float, x1: float, z: float) -> None:
    width = x1 - x0
    x = x0 + width * np.array([0.10, 0.30, 0.76])
    panes = np.stack([x, x + 0.13 * width, np.full(3, 1.0), np.full(3, 2.3)], axis=1)
    stage.walls(np.add(panes, (-0.12, 0.12, -0.12, 0.12)), z - 0.02, (236, 234, 228))
    lit = np.array([True, False, True]) & stage.light.lamps_on
    paint_panes(stage, panes, z - 0.03, lit)
    bars = np.stack([x + 0.06 * width, x + 0.07 * width, panes[:, 2], panes[:, 3]], axis=1)
    stage.walls(bars, z - 0.04, (236, 234, 228))
    stage.wall(x0 + 0.54 * width, x0 + 0.66 * width, 0.0, 2.2, z - 0.03, (112, 48, 42))
