"""What is behind and under the car: the eight backgrounds, each composed of a few painters.

To add one, write a function that takes a stage, list it in `_PAINTERS` and name it in
`fleet.BACKGROUNDS`.
"""

from collections.abc import Callable

import numpy as np

from emailimg.showroom.buildings import paint_houses, paint_skyline, paint_town_houses
from emailimg.showroom.fleet import INDOORS
from emailimg.showroom.indoors import paint_hall
from emailimg.showroom.plants import (
    paint_cactus,
    paint_conifer,
    paint_grass,
    paint_hedge,
    paint_palm,
    paint_tree,
)
from emailimg.showroom.roads import (
    KERB_Z,
    paint_crash_barrier,
    paint_edge_line,
    paint_gantry,
    paint_lamp,
    paint_pavement,
    paint_road,
    paint_sign,
    roughen_ground,
)
from emailimg.showroom.sky import paint_sky
from emailimg.showroom.stage import Stage
from emailimg.showroom.terrain import paint_alps, paint_dunes, paint_mesas, paint_ridge, paint_sea


def paint_scenery(stage: Stage, background: str) -> None:
    """Paint the named background over the whole canvas."""
    _PAINTERS[background](stage)


def _city_street(stage: Stage) -> None:
    paint_sky(stage)
    paint_skyline(stage)
    stage.ground((128, 126, 122), (140, 138, 134))
    stage.band(9.0, 16.0, (98, 98, 100))
    paint_pavement(stage, 9.0)
    paint_road(stage)
    roughen_ground(stage)
    paint_town_houses(stage, 17.0)
    for x in (0.5, 9.5):
        paint_tree(stage, x + stage.rng.uniform(-1, 1), 7.5, 4.2)
    _paint_street_furniture(stage)


def _coast(stage: Stage) -> None:
    paint_sky(stage, 0.4)
    paint_ridge(stage, 0.0, 0.05, (96, 122, 118), 0.45, (4, 12))
    stage.ground((206, 186, 146), (206, 186, 146))
    paint_road(stage, (112, 110, 110))
    paint_edge_line(stage)
    roughen_ground(stage)
    paint_sea(stage, 16.0)
    for x in (-3.5, 5.0, 11.0):
        paint_palm(stage, x + stage.rng.uniform(-1, 1), 7.0, stage.rng.uniform(4.2, 5.2))
    paint_crash_barrier(stage, 3.2)
    paint_sign(stage, 6.4, 3.6)


def _mountains(stage: Stage) -> None:
    paint_sky(stage, 0.6)
    paint_alps(stage)
    paint_ridge(stage, 0.02, 0.075, (64, 92, 74), 0.25, (5, 14, 50))
    stage.ground((122, 138, 78), (112, 132, 84))
    paint_grass(stage, KERB_Z, 14, (120, 136, 76))
    paint_road(stage)
    paint_edge_line(stage)
    roughen_ground(stage)
    for z in np.sort(stage.rng.uniform(17, 30, 12))[::-1]:
        x = stage.rng.uniform(*stage.span(float(z)))
        paint_conifer(stage, x, float(z), stage.rng.uniform(3, 5), 0.12)
    paint_sign(stage, 6.2, 3.8)


def _desert(stage: Stage) -> None:
    paint_sky(stage, 0.2)
    paint_mesas(stage)
    paint_dunes(stage)
    stage.ground((204, 160, 112), (222, 184, 136))
    paint_grass(stage, KERB_Z, 16, (170, 142, 92))
    paint_road(stage, (120, 114, 110))
    paint_edge_line(stage)
    roughen_ground(stage, 11)
    for z in np.sort(stage.rng.uniform(9, 24, 4))[::-1]:
        x = stage.rng.uniform(*stage.span(float(z)))
        paint_cactus(stage, x, float(z), stage.rng.uniform(2.4, 3.6))
    paint_sign(stage, 6.2, 3.8)


def _forest(stage: Stage) -> None:
    paint_sky(stage)
    paint_ridge(stage, 0.06, 0.13, (70, 100, 78), 0.3, (6, 40, 79))
    stage.ground((92, 108, 58), (74, 92, 56))
    paint_grass(stage, KERB_Z, 10, (96, 116, 60))
    paint_road(stage)
    paint_edge_line(stage)
    roughen_ground(stage)
    for z, haze in ((24.0, 0.22), (17.0, 0.10), (11.0, 0.0)):
        first, last = stage.span(z)
        for x in np.arange(first - 1.0, last + 1.0, 2.4 + 0.05 * z):
            height = stage.rng.uniform(5.5, 8.0)
            paint_conifer(stage, x + stage.rng.uniform(-0.8, 0.8), z, height, haze)
    paint_sign(stage, 6.2, 3.8)


def _suburb(stage: Stage) -> None:
    paint_sky(stage)
    paint_ridge(stage, 0.02, 0.06, (86, 112, 84), 0.4, (6, 30))
    stage.ground((112, 142, 74), (108, 136, 76))
    paint_grass(stage, 4.2, 14, (112, 142, 74))
    paint_pavement(stage, 4.2)
    paint_road(stage)
    roughen_ground(stage)
    for x in (-4.0, 8.0, 22.0):
        paint_tree(stage, x + stage.rng.uniform(-2, 2), 24, 7.0)
    paint_houses(stage, 15.0)
    paint_hedge(stage, -9, 2.5, 8.5, 1.0)
    paint_hedge(stage, 5.0, 26, 8.5, 1.0)
    paint_tree(stage, 10.5, 9.5, 4.8, (88, 124, 54))
    _paint_street_furniture(stage)


def _motorway(stage: Stage) -> None:
    paint_sky(stage, 0.7)
    paint_ridge(stage, 0.03, 0.09, (92, 116, 98), 0.45, (5, 15))
    paint_ridge(stage, 0.01, 0.04, (74, 100, 70), 0.2, (8, 40))
    stage.ground((104, 104, 106), (112, 132, 82))
    stage.band(6.0, 40.0, (108, 132, 78))
    paint_grass(stage, 6.2, 18, (108, 132, 78))
    paint_road(stage)
    stage.band(KERB_Z, 6.0, (104, 104, 106))
    paint_edge_line(stage)
    roughen_ground(stage)
    paint_gantry(stage, 9.0)
    paint_lamp(stage, -0.6, 7.0)
    paint_crash_barrier(stage, 6.0)


def _paint_street_furniture(stage: Stage) -> None:
    """The lamp always stands to the left of the car, the sign always to its right."""
    paint_lamp(stage, -1.6 + stage.rng.uniform(-0.3, 0.3), 3.4)
    paint_sign(stage, 6.0, 3.2)


_PAINTERS: dict[str, Callable[[Stage], None]] = {
    "city street": _city_street,
    "coast": _coast,
    "mountains": _mountains,
    "desert": _desert,
    "forest": _forest,
    INDOORS: paint_hall,
    "suburb": _suburb,
    "motorway": _motorway,
}
