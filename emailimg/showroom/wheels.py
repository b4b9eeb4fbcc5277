"""Painting wheels: arch, tyre, rim and spokes."""

import numpy as np

from emailimg.showroom.canvas import Canvas
from emailimg.showroom.stance import Stance

_ANGLES = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES), 0 * _ANGLES], axis=-1)
_TYRE_WIDTH_M = 0.21
_TREAD = (24, 24, 26)
_SIDEWALL = (40, 40, 42)
_ARCH = (15, 15, 17)
_DARK = (46, 47, 50)
_DISC_BRAKE = (94, 90, 88)
_ALLOY = (178, 181, 186)
_CLADDING = (54, 54, 56)

# make -> number of spokes, share of the rim they cover, how much thinner they end than they begin
_SPOKES = {
    "Aldoria": (5, 0.50, 0.6),
    "Brennox": (6, 0.60, 0.9),
    "Calvera": (10, 0.45, 0.5),
    "Dunmore": (8, 0.55, 0.8),
    "Estrel": (7, 0.50, 0.4),
    "Farrow": (5, 0.70, 1.0),
    "Galvane": (12, 0.45, 0.5),
    "Hartwick": (9, 0.50, 0.7),
    "Iverna": (6, 0.45, 0.3),
    "Jorvane": (4, 0.60, 0.8),
    "Kestane": (8, 0.40, 0.4),
}


def paint_wheels(canvas: Canvas, stance: Stance, *, near: bool) -> None:
    """Paint the two wheels of the near or of the far side."""
    for axle in stance.body.axles:
        if near:
            _paint_arch(canvas, stance, axle)
            _paint_wheel(canvas, stance, axle, 0.02)
            _paint_rim(canvas, stance, axle, 0.02)
        else:
            _paint_wheel(canvas, stance, axle, 2 * stance.body.half_width - _TYRE_WIDTH_M)


def _hub(stance: Stance, axle: float, depth: np.ndarray) -> np.ndarray:
    """World points (..., 3) on an axle, `depth` metres inside of the near side."""
    hub = stance.world(np.array(axle), np.array(0.0), depth - stance.body.half_width)
    hub[..., 1] = stance.body.wheel_radius
    return hub


def _circles(stance: Stance, axle: float, *sizes: tuple[float, float]) -> np.ndarray:
    """Picture outlines (m, n, 2) of circles, each of (share of the wheel's radius, depth)."""
    share, depth = np.array(sizes).T
    rings = share[:, None, None] * stance.body.wheel_radius * _CIRCLE
    return stance.camera.project(_hub(stance, axle, depth)[:, None] + rings)


def _paint_arch(canvas: Canvas, stance: Stance, axle: float) -> None:
    if stance.body.cladding:
        canvas.polygon(_arch(stance, axle, 1.30), stance.light.on(_CLADDING))
    else:
        lip = 0.55 * stance.light.on((90, 90, 92))
        canvas.polygon(_arch(stance, axle, 1.20), lip)
    canvas.polygon(_arch(stance, axle, 1.16), stance.light.on(_ARCH))


def _arch(stance: Stance, axle: float, share: float) -> np.ndarray:
    """Picture points (n, 2) of a wheel opening: a circle cut off at the sill."""
    radius = stance.body.wheel_radius
    x = axle + share * radius * _CIRCLE[:, 0] / stance.stretch
    y = radius * (1 + share * _CIRCLE[:, 1]) / stance.lift
    return stance.side(np.stack([x, np.maximum(y, stance.body.sill - 0.02)], axis=1))


def _paint_wheel(canvas: Canvas, stance: Stance, axle: float, depth: float) -> None:
    inner, middle = depth + _TYRE_WIDTH_M, depth + _TYRE_WIDTH_M / 2
    rings = _circles(stance, axle, (0.99, inner), (1.0, middle), (1.0, depth), (0.80, depth))
    light = stance.light
    for ring, colour in zip(rings, (_TREAD, _TREAD, _SIDEWALL, _TREAD), strict=True):
        canvas.polygon(ring, light.on(colour))


def _paint_rim(canvas: Canvas, stance: Stance, axle: float, depth: float) -> None:
    light, sunk = stance.light, depth + 0.03
    rim, well, brake, boss, cap = _circles(
        stance, axle, (0.70, depth), (0.63, sunk), (0.34, sunk), (0.17, depth), (0.07, depth)
    )
    canvas.gradient(rim, light.on(_ALLOY, 1.18), light.on(_ALLOY, 0.70))
    canvas.polygon(well, light.on(_DARK))
    canvas.polygon(brake, light.on(_DISC_BRAKE))
    canvas.polygons(_spokes(stance, axle, depth), light.on(_ALLOY, 0.95))
    canvas.polygon(boss, light.on(_ALLOY, 1.05))
    canvas.polygon(cap, light.on(_DARK))


def _spokes(stance: Stance, axle: float, depth: float) -> np.ndarray:
    """Picture outlines (n, 4, 2) of the spokes."""
    count, cover, taper = _SPOKES[stance.make]
    half = np.pi * cover / count
    reach = stance.body.wheel_radius * np.array([0.12, 0.12, 0.66, 0.66])
    spread = half * np.array([1.6, -1.6, -taper, taper])
    angles = 0.3 + np.arange(count)[:, None] * 2 * np.pi / count + spread
    ends = np.stack([reach * np.cos(angles), reach * np.sin(angles), 0 * angles], axis=-1)
    return stance.camera.project(_hub(stance, axle, np.array(depth)) + ends)
