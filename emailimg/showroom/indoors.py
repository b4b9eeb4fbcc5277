"""Painting a dealer's hall: polished floor, glazed front, ceiling lights, a feature wall."""

import numpy as np

from emailimg.showroom.plants import paint_tree
from emailimg.showroom.sky import paint_sky
from emailimg.showroom.stage import Stage

_BACK_Z = 7.0
_CEILING_M = 4.3
_GLASS_UNTIL_X = 4.6  # the wall is glazed on its left, where the light comes from


def paint_hall(stage: Stage) -> None:
    """The whole room; through the panes on the left one sees what time of day it is."""
    paint_sky(stage, 0.3)
    stage.ground((176, 172, 166), (140, 146, 138))
    paint_tree(stage, -2.0, 16, 6.0)
    paint_tree(stage, 4.0, 18, 5.0)
    _paint_back_wall(stage)
    _paint_floor(stage)
    _paint_ceiling(stage)


def _paint_back_wall(stage: Stage) -> None:
    stage.wall(_GLASS_UNTIL_X, 40, 0, _CEILING_M, _BACK_Z, (148, 154, 158))
    bars = np.arange(-12.4, _GLASS_UNTIL_X + 0.1, 2.4)
    posts = np.stack([bars, bars + 0.12, 0 * bars, 0 * bars + _CEILING_M], axis=1)
    stage.walls(posts, _BACK_Z, (70, 74, 78))
    for low in (0.0, 2.9):
        stage.wall(-13, _GLASS_UNTIL_X, low, low + 0.14, _BACK_Z, (70, 74, 78))
    slats = np.arange(_GLASS_UNTIL_X + 0.3, 22, 0.5)
    stage.walls(
        np.stack([slats, slats + 0.22, 0 * slats, 0 * slats + _CEILING_M], axis=1),
        _BACK_Z - 0.02,
        (164, 128, 92),
    )
    stage.wall(6.6, 9.6, 1.9, 3.3, _BACK_Z - 0.1, (34, 66, 92))
    letters = np.array([(6.9, 8.2, 2.8, 3.0), (6.9, 9.2, 2.5, 2.62), (6.9, 8.8, 2.25, 2.37)])
    stage.walls(letters, _BACK_Z - 0.12, (226, 222, 210))


def _paint_floor(stage: Stage) -> None:
    stage.band(-6, _BACK_Z, (162, 158, 152))
    stage.band(_BACK_Z - 1.2, _BACK_Z, (140, 138, 134))
    joints = [[(x, 0.0, -3.8), (x, 0.0, _BACK_Z)] for x in np.arange(-8.0, 16.0, 1.6)]
    rows = [[(-8.0, 0.0, z), (40.0, 0.0, z)] for z in np.arange(-3.8, _BACK_Z, 1.6)]
    for runs in (joints, rows):
        lines = stage.camera.project(np.array(runs))
        stage.canvas.lines(lines, stage.light.on((134, 131, 127)), 0.0016)


def _paint_ceiling(stage: Stage) -> None:
    ceiling = (120, 122, 126)
    stage.band(-3.0, _BACK_Z, ceiling, y=_CEILING_M)
    lamp = (250, 246, 236)
    for x in np.arange(-6.0, 16.0, 3.0):
        for z in (2.0, 4.6):
            stage.patch(x, x + 1.6, z, z + 0.5, lamp, y=_CEILING_M - 0.02)
