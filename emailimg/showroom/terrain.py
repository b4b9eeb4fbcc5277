"""Painting land and water on the horizon: ridges, sea, dunes."""

import numpy as np

from emailimg.showroom.light import RGB
from emailimg.showroom.stage import Stage

_U = np.linspace(-0.02, 1.02, 80)


def _rough(stage: Stage, detail: tuple[int, ...]) -> np.ndarray:
    """A random profile (80,) in 0..1: noise of several widths, each weaker than the one before."""
    total, weight = np.zeros(len(_U)), 1.0
    for knots in detail:
        offset = stage.rng.random()
        at = (np.arange(knots + 2) - offset) / (knots - 1)
        total += weight * np.interp(_U, at, stage.rng.random(knots + 2))
        weight *= 0.42
    return (total - total.min()) / np.ptp(total)


def _down_to_horizon(stage: Stage, heights: np.ndarray) -> np.ndarray:
    """The outline (n, 2) of a profile standing on the horizon."""
    ridge = np.stack([_U, stage.horizon - heights], axis=1)
    return np.vstack([ridge, [(1.02, stage.horizon + 0.004), (-0.02, stage.horizon + 0.004)]])


def paint_ridge(
    stage: Stage, low: float, high: float, colour: RGB, haze: float, detail: tuple[int, ...]
) -> np.ndarray:
    """A chain of hills between `low` and `high` over the horizon; returns its heights (80,)."""
    heights = low + (high - low) * _rough(stage, detail)
    outline = _down_to_horizon(stage, heights)
    foot = stage.light.through_haze(colour, min(1.0, haze + 0.25))
    stage.canvas.gradient(outline, stage.light.through_haze(colour, haze), foot)
    return heights


def paint_alps(stage: Stage) -> None:
    """Snow-capped mountains; their right flanks are in shade."""
    heights = paint_ridge(stage, 0.08, 0.25, (108, 118, 132), 0.25, (7, 17, 60))
    light, ridge = stage.light, np.stack([_U, stage.horizon - heights], axis=1)
    snowline = stage.horizon - 0.13 - 0.03 * _rough(stage, (30, 70))
    for run in _runs(ridge[:, 1] < snowline):
        edge = np.stack([_U[run], np.minimum(ridge[run, 1] + 0.05, snowline[run])], axis=1)
        snow = np.vstack([ridge[run], edge[::-1]])
        stage.canvas.polygon(snow, light.through_haze((238, 242, 247), 0.12))
    for run in _runs(np.gradient(heights) < 0):
        flank = ridge[run]
        back = flank[0] + (flank[-1] - flank[0]) * (0.30, 1.25)
        stage.canvas.glaze(np.vstack([flank, back]), light.through_haze((70, 82, 110), 0.2), 0.42)


def _runs(mask: np.ndarray) -> list[slice]:
    """The stretches of at least three neighbours where a mask (n,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 2]


def paint_mesas(stage: Stage) -> None:
    """Flat-topped red rocks with strata."""
    light = stage.light
    for _ in range(3):
        left, width = stage.rng.uniform(-0.1, 0.85), stage.rng.uniform(0.14, 0.32)
        height = stage.rng.uniform(0.06, 0.15)
        shape = np.array([(0, 0), (0.12, 0.62), (0.16, 1), (0.80, 0.98), (0.86, 0.6), (1.0, 0)])
        outline = np.stack([left + width * shape[:, 0], stage.horizon - height * shape[:, 1]], 1)
        colour = (186, 108, 72)
        stage.canvas.gradient(
            outline, light.through_haze(colour, 0.12), light.through_haze(colour, 0.4)
        )
        shade = outline[[3, 4, 5, 5]] + np.array([(0, 0), (0, 0), (0, 0), (-0.28 * width, 0)])
        stage.canvas.glaze(shade, light.on((96, 50, 44)), 0.45)
        rows = stage.horizon - height * np.array([0.86, 0.74, 0.62])
        runs = [[(left + 0.16 * width, v), (left + 0.82 * width, v)] for v in rows]
        stage.canvas.lines(np.array(runs), light.through_haze((150, 82, 56), 0.2), 0.003)


def paint_sea(stage: Stage, near_z: float) -> None:
    """Water from the horizon to depth near_z, with glints that tighten into the distance."""
    light, canvas = stage.light, stage.canvas
    shore = stage.camera.at((-13, -0.5, near_z), (70, -0.5, near_z))
    outline = np.vstack([[(-0.02, stage.horizon)], shore, [(1.02, stage.horizon)]])
    outline[1, 0], outline[2, 0] = -0.02, 1.02
    deep, shallow = (52, 104, 142), (92, 164, 172)
    canvas.gradient(
        outline, 0.7 * light.on(deep) + 0.3 * np.asarray(light.sky_low), light.on(shallow)
    )
    depth = max(float(outline[1:3, 1].min()) - stage.horizon, 0.01)
    far = stage.rng.random(90) ** 1.6
    start = np.stack([stage.rng.uniform(-0.05, 1, 90), stage.horizon + depth * far], axis=1)
    length = np.stack([0.008 + 0.05 * far, 0 * far], axis=1)
    runs = np.stack([start, start + length], axis=1)
    canvas.lines(runs[:55], 0.35 * light.on(shallow) + 0.65 * np.asarray(light.sky_low), 0.0014)
    canvas.lines(runs[55:], light.on((38, 84, 120)), 0.0014)


def paint_dunes(stage: Stage) -> None:
    """Low sand waves in front of the horizon."""
    for height, colour in ((0.035, (214, 176, 128)), (0.018, (224, 188, 138))):
        paint_ridge(stage, 0.004, height, colour, 0.10, (5, 9))
