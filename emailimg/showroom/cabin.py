"""Painting the cabin: windscreen, side windows, and the seats of an open car."""

import numpy as np

from emailimg.showroom.bodies import Vertex, rounded
from emailimg.showroom.canvas import Canvas
from emailimg.showroom.stance import Stance

_RUBBER = (26, 26, 28)
_LEATHER = (142, 98, 66)
_CARPET = (34, 31, 30)
_CLOTH = (44, 44, 48)
_BACKREST: tuple[Vertex, ...] = (  # (z, y, r) seen from the front
    (-0.25, 0.60, 0.0),
    (-0.24, 1.06, 0.10),
    (0.24, 1.06, 0.10),
    (0.25, 0.60, 0.0),
)
_HEADREST: tuple[Vertex, ...] = (
    (-0.12, 1.07, 0.04),
    (-0.13, 1.23, 0.06),
    (0.13, 1.23, 0.06),
    (0.12, 1.07, 0.04),
)
_SEAT_TOP: tuple[Vertex, ...] = (  # (x, y, r) seen from the side, behind glass
    (-0.40, 0.01, 0.02),
    (-0.36, 0.12, 0.05),
    (-0.34, 0.24, 0.05),
    (-0.22, 0.25, 0.05),
    (-0.19, 0.12, 0.03),
    (-0.12, 0.01, 0.02),
)


def paint_windscreen(canvas: Canvas, stance: Stance) -> None:
    """The windscreen of a closed car, with a reflection and the mirror behind it."""
    if stance.body.open_top:
        return
    canvas.polygon(_windscreen(stance, 0.96), _RUBBER)
    pane = _windscreen(stance, 0.90)
    canvas.gradient(pane, *_glass_colours(stance))
    foot, top = pane[[0, 1]], pane[[3, 2]]
    mirror = top[0] + (top[1] - top[0]) * np.array([[0.44], [0.56]]) + (foot[0] - top[0]) * 0.14
    canvas.line(mirror, _RUBBER, 0.006)
    for begin, end in ((0.10, 0.30), (0.36, 0.44)):
        lower, upper = (np.array([[begin], [end]]) + shift for shift in (0.0, 0.22))
        streak = np.vstack(
            [foot[0] + lower * (foot[1] - foot[0]), (top[0] + upper * (top[1] - top[0]))[::-1]]
        )
        canvas.glaze(streak, stance.light.sky_low, 0.24)


def _windscreen(stance: Stance, share: float) -> np.ndarray:
    """Picture points (4, 2): foot far, foot near, top near, top far."""
    (foot_x, foot_y), (top_x, top_y) = stance.body.windscreen
    x = np.array([foot_x, foot_x, top_x, top_x])
    y = np.array([foot_y, foot_y, top_y, top_y])
    return stance.camera.project(stance.across(x, y, share * np.array([1, -1, -1, 1])))


def _glass_colours(stance: Stance) -> tuple[np.ndarray, np.ndarray]:
    """What a window shows at its top and at its bottom: sky, and the road over a dark cabin."""
    light = stance.light
    sky = 0.5 * (np.asarray(light.sky_low) + light.sky_top)
    return 0.55 * sky + light.on((22, 26, 28)), 0.14 * sky + light.on((26, 30, 32))


def paint_side_glass(canvas: Canvas, stance: Stance) -> None:
    """Side windows: rubber, headrests in the dark, glass, streaks of sky, pillars."""
    body = stance.body
    if not body.glasshouse:
        return
    opening = rounded(body.glasshouse)
    centre = opening.mean(axis=0)
    canvas.polygon(stance.side(centre + (opening - centre) * (1.025, 1.07)), _RUBBER)
    top, bottom = _glass_colours(stance)
    canvas.gradient(stance.side(opening), top, bottom)
    for foot, _, _ in body.pillars:
        canvas.glaze(stance.side(np.add(rounded(_SEAT_TOP), (foot, body.belt))), _RUBBER, 0.5)
    for foot, lean, width in ((0.28, 0.42, 0.22), (0.62, 0.42, 0.07)):
        first = body.glasshouse[0][0]
        foot = first + foot * (opening[:, 0].max() - first)
        canvas.glaze(_strip(stance, foot, foot + lean, width), stance.light.sky_low, 0.22)
    for foot, head, width in body.pillars:
        canvas.polygon(_strip(stance, foot, head, width), _RUBBER)


def _strip(stance: Stance, foot: float, head: float, width: float) -> np.ndarray:
    """Picture points (4, 2) of a strip from the belt up to the edge of the side windows."""
    edge = rounded(stance.body.glasshouse)
    upper = edge[: int(np.argmax(edge[:, 0])) + 1]
    x = np.array([foot, head, head + width, foot + width])
    y = np.interp(x, upper[:, 0], upper[:, 1])
    y[[0, 3]] = stance.body.belt
    return stance.side(np.stack([x, y], axis=1))


def paint_open_cabin(canvas: Canvas, stance: Stance) -> None:
    """The inside of an open car, from the folded roof forward to the windscreen."""
    if not stance.body.open_top:
        return
    light = stance.light
    floor_x, floor_z = np.array([1.55, 3.30, 3.30, 1.55]), np.array([0.84, 0.84, -0.84, -0.84])
    canvas.polygon(stance.spot(floor_x, np.full(4, 0.9), floor_z), light.on(_CARPET))
    _paint_folded_roof(canvas, stance)
    for x, drop in ((2.98, 0.09), (2.42, 0.0)):
        for z in (0.40, -0.40):
            _paint_seat(canvas, stance, x, drop, z)
    _paint_screen_frame(canvas, stance)


def _paint_folded_roof(canvas: Canvas, stance: Stance) -> None:
    x, y = np.array([(3.18, 0.92), (3.24, 1.06), (3.46, 1.08), (3.70, 1.02), (3.78, 0.94)]).T
    for z, share in ((0.72, 0.8), (0.36, 0.9), (0.0, 1.0), (-0.36, 1.1), (-0.72, 1.2)):
        canvas.polygon(stance.spot(x, y, np.array(z)), stance.light.on(_CLOTH, share))


def _paint_seat(canvas: Canvas, stance: Stance, x: float, drop: float, z: float) -> None:
    """A seat as slices from its back (in shade) to its front."""
    for shape in (_BACKREST, _HEADREST):
        offset, y = rounded(shape).T
        for back, share in ((0.16, 0.62), (0.11, 0.66), (0.06, 0.72), (0.0, 1.05)):
            slice_x = x + back + 0.25 * (y - 0.9)
            outline = stance.spot(slice_x, y - drop, z + offset)
            canvas.polygon(outline, stance.light.on(_LEATHER, share))


def _paint_screen_frame(canvas: Canvas, stance: Stance) -> None:
    angles = np.linspace(0, 2 * np.pi, 16)
    rim = stance.spot(
        1.95 + 0.06 * np.sin(angles), 0.97 + 0.15 * np.sin(angles), -0.4 + 0.17 * np.cos(angles)
    )
    canvas.line(rim, stance.light.on(_CLOTH, 0.7), 0.005)
    glass = _windscreen(stance, 0.92)
    canvas.glaze(glass, 0.6 * np.asarray(stance.light.sky_low) + 20, 0.40)
    canvas.line(glass, stance.light.on((40, 40, 44)), 0.009, closed=True)
