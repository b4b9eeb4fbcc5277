"""Painting plants: broad-leaved trees, conifers, palms, cacti, hedges and grass."""

import numpy as np

from emailimg.showroom.light import RGB
from emailimg.showroom.stage import LEFT_M, Stage

LEAF: RGB = (74, 112, 52)
_TRUNK: RGB = (92, 72, 54)
_NEEDLE: RGB = (52, 88, 60)
_AROUND = np.linspace(0, 2 * np.pi, 44, endpoint=False)


def _metres(stage: Stage, x: float, z: float) -> tuple[np.ndarray, float]:
    """Where a spot on the ground appears (2,), and how many picture widths a metre is there."""
    foot, top = stage.camera.at((x, 0.0, z), (x, 1.0, z))
    return foot, float(foot[1] - top[1])


def paint_tree(stage: Stage, x: float, z: float, height: float, leaf: RGB = LEAF) -> None:
    """A broad-leaved tree: three lumpy crowns, lighter towards the sun, flecked with leaves."""
    foot, metre = _metres(stage, x, z)
    width, size = 0.055 * height * metre, height * metre
    trunk = [(-width, 0), (-0.6 * width, -0.6 * size), (0.6 * width, -0.6 * size), (width, 0)]
    stage.canvas.polygon(foot + np.array(trunk), stage.light.on(_TRUNK, 0.8))
    crown = foot - (0, 0.66 * size)
    for share, shift, scale in ((0.62, 0.0, 1.0), (0.88, 0.07, 0.80), (1.14, 0.14, 0.50)):
        middle = crown - np.array([shift, shift]) * size
        stage.canvas.polygon(middle + scale * _lumps(stage, size), stage.light.on(leaf, share))
    for share, shift in ((0.56, 0.04), (1.34, -0.10)):
        _paint_leaves(stage, crown + shift * size, 0.24 * size, stage.light.on(leaf, share))


def _lumps(stage: Stage, size: float) -> np.ndarray:
    """A lumpy round outline (n, 2) about the origin."""
    phase = stage.rng.uniform(0, 6.3, 2)
    radius = (
        0.31
        * size
        * (1 + 0.11 * np.sin(5 * _AROUND + phase[0]) + 0.07 * np.sin(9 * _AROUND + phase[1]))
    )
    return np.stack([1.08 * radius * np.cos(_AROUND), radius * np.sin(_AROUND)], axis=1)


def _paint_leaves(stage: Stage, middle: np.ndarray, spread: float, colour: np.ndarray) -> None:
    angle, away = stage.rng.random((2, 60))
    around = np.stack([np.cos(6.283 * angle), np.sin(6.283 * angle)], axis=1)
    spots = middle + spread * np.sqrt(away)[:, None] * around
    leaves = stage.rng.uniform(-1, 1, (60, 3, 2)) * max(0.09 * spread, 0.003)
    stage.canvas.polygons(spots[:, None] + leaves, colour)


def paint_conifer(stage: Stage, x: float, z: float, height: float, haze: float = 0.0) -> None:
    """A spruce: tiers of branches, sunlit on the left."""
    foot, metre = _metres(stage, x, z)
    size = height * metre
    tiers = np.arange(7)
    reach = 0.06 + 0.20 * (tiers + 1) / 7 * stage.rng.uniform(0.85, 1.15, 7)
    drop = 1 - 0.94 * (tiers + 1) / 7
    edge = np.stack([np.repeat(reach, 2), np.repeat(drop, 2)], axis=1)
    edge[1::2, 0] *= 0.55
    right = np.vstack([(0, 1.0), edge]) * (size, -size)
    left = right * (-1, 1)
    colour = stage.light.through_haze(_NEEDLE, haze)
    stage.canvas.polygon(
        foot + np.array([(-0.02, 0), (0.02, 0), (0.02, -0.1), (-0.02, -0.1)]) * size,
        stage.light.on(_TRUNK, 0.7),
    )
    stage.canvas.polygon(foot + np.vstack([right, left[::-1]]), 0.75 * colour)
    stage.canvas.polygon(foot + np.vstack([left, right[::-1] * (0.12, 1)]), 1.12 * colour)


def paint_palm(stage: Stage, x: float, z: float, height: float) -> None:
    """A palm: a leaning trunk under a burst of fronds."""
    foot, metre = _metres(stage, x, z)
    size = height * metre
    bend = np.linspace(0, 1, 7)
    trunk = np.stack([0.16 * size * bend**2, -size * bend], axis=1)
    stage.canvas.line(foot + trunk, stage.light.on((122, 98, 74)), 0.034 * size)
    top = foot + trunk[-1]
    for angle in np.linspace(-0.5, np.pi + 0.5, 9):
        out = np.array([np.cos(angle), -0.75 * np.sin(angle)])
        middle, end = 0.24 * size * out - (0, 0.05 * size), 0.40 * size * out + (0, 0.10 * size)
        thick = np.array([(0, -0.03), (0, 0.035)]) * size
        frond = np.array([(0, 0), middle + thick[0], end, middle + thick[1]])
        share = 1.15 if out[0] < 0 else 0.75
        stage.canvas.polygon(top + frond, stage.light.on((70, 118, 60), share))


def paint_cactus(stage: Stage, x: float, z: float, height: float) -> None:
    """A saguaro with two arms."""
    foot, metre = _metres(stage, x, z)
    size = height * metre
    arms = (
        [(0, 0), (0, -1)],
        [(0, -0.42), (-0.26, -0.42), (-0.26, -0.78)],
        [(0, -0.55), (0.22, -0.55), (0.22, -0.86)],
    )
    for arm, width in zip(arms, (0.13, 0.09, 0.09), strict=True):
        run = foot + size * np.array(arm)
        stage.canvas.line(run, stage.light.on((62, 98, 66), 0.8), width * size)
        stage.canvas.line(
            run - (0.02 * size, 0), stage.light.on((62, 98, 66), 1.2), 0.4 * width * size
        )


def paint_hedge(stage: Stage, x0: float, x1: float, z: float, height: float) -> None:
    """A clipped hedge along the road."""
    stage.wall(x0, x1, 0, height, z, LEAF, 0.72)
    stage.wall(x0, x1, 0.72 * height, height, z, LEAF, 0.98)
    spots = stage.rng.uniform((x0, 0.05 * height, z), (x1, height, z), (70, 3))
    leaves = stage.rng.uniform(-1, 1, (70, 3, 2)) * 0.0045
    tufts = stage.camera.project(spots)[:, None] + leaves
    stage.canvas.polygons(tufts[:35], stage.light.on(LEAF, 1.25))
    stage.canvas.polygons(tufts[35:], stage.light.on(LEAF, 0.5))


def paint_grass(stage: Stage, near_z: float, far_z: float, colour: RGB) -> None:
    """Tufts of grass strewn over a strip along the road, in a lighter and a darker shade."""
    count = 150
    depth = near_z + (far_z - near_z) * stage.rng.random(count) ** 2
    along = stage.rng.uniform(LEFT_M / 2, 14, count) + 0.6 * depth
    foot = stage.camera.project(np.stack([along, 0 * along, depth], axis=1))
    size = (foot[:, 1] - stage.horizon)[:, None, None] * 0.06
    blade = np.array([(-0.8, 0), (0.0, -1.4), (0.8, 0)])
    tufts = foot[:, None] + size * blade
    stage.canvas.polygons(tufts[::2], stage.light.on(colour, 1.22))
    stage.canvas.polygons(tufts[1::2], stage.light.on(colour, 0.70))
