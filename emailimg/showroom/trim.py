"""Painting what is on the near side: door gaps, sill, handles, lamps, mirror, rails, load bed."""

import numpy as np

from emailimg.showroom.canvas import Canvas
from emailimg.showroom.face import face_top, lens_colour
from emailimg.showroom.lacquer import PAINTS
from emailimg.showroom.stance import Stance

_GAP = (20, 20, 22)
_PLASTIC = (40, 40, 42)
_CHROME = (206, 209, 213)
_TAIL = (186, 26, 28)
_AMBER = (226, 140, 44)


def paint_panels(canvas: Canvas, stance: Stance) -> None:
    """What the wheels cover in part: door gaps, sill and bumper joints."""
    body, light = stance.body, stance.light
    for top, bottom in body.seams:
        gap = np.array([(top, body.belt - 0.01), (bottom, body.sill + 0.10)])
        canvas.line(stance.side(gap), light.on(_GAP), 0.0020)
    left, right = body.axles
    sill = [
        (left, body.sill + 0.09),
        (right, body.sill + 0.09),
        (right, body.sill),
        (left, body.sill),
    ]
    canvas.polygon(stance.side(np.array(sill)), light.on(_PLASTIC if body.cladding else _GAP, 1.1))
    doors = np.array([(body.seams[0][1], body.sill + 0.11), (body.seams[-1][1], body.sill + 0.11)])
    canvas.line(stance.side(doors), light.on(PAINTS[stance.colour], 0.55), 0.0018)


def paint_side_trim(canvas: Canvas, stance: Stance) -> None:
    """What sits on top of the finished side."""
    _paint_edge_light(canvas, stance)
    _paint_handles(canvas, stance)
    _paint_front_corner(canvas, stance)
    _paint_tail_lamp(canvas, stance)
    _paint_fuel_flap(canvas, stance)
    _paint_mirror(canvas, stance)
    if stance.body.roof_rails:
        _paint_roof_rail(canvas, stance)
    if stance.body.sliding_door:
        _paint_slide(canvas, stance)


def _paint_edge_light(canvas: Canvas, stance: Stance) -> None:
    """The sky caught by the upper edge of the body."""
    body = stance.body
    x = np.linspace(0.25, body.length - 0.12, 40)
    run = stance.side(np.stack([x, stance.top_at(x) - 0.012], axis=1))
    base = stance.light.on(PAINTS[stance.colour])
    canvas.line(run, 0.55 * base + 0.45 * np.asarray(stance.light.sky_low), 0.0016)


def _paint_handles(canvas: Canvas, stance: Stance) -> None:
    y = stance.body.belt - 0.13
    for x in stance.body.handles:
        for low, high, share in ((-0.012, 0.03, 0.45), (0.0, 0.03, 0.95)):
            grip = np.array(
                [(x, y + low), (x + 0.17, y + low), (x + 0.17, y + high), (x, y + high)]
            )
            canvas.polygon(stance.side(grip), stance.light.on(_CHROME, share))


def _paint_front_corner(canvas: Canvas, stance: Stance) -> None:
    """The part of the headlamp that wraps around the corner, and the side indicator behind it."""
    top = face_top(stance)
    y = np.array([top + 0.03, top + 0.045, top - 0.06, top - 0.12])
    x = np.add(stance.front_at(y), (0.0, 0.27, 0.20, 0.0))
    lens = stance.side(np.stack([x, y], axis=1))
    canvas.polygon(lens, 0.9 * lens_colour(stance.light))
    canvas.line(lens[:-1], stance.light.on(_PLASTIC), 0.0014)
    mark = np.array([(0.0, 0.0), (0.09, 0.0), (0.09, -0.03), (0.0, -0.03)])
    spot = (stance.body.axles[0] + 0.48, stance.body.belt - 0.24)
    canvas.polygon(stance.side(mark + spot), stance.light.on(_AMBER))


def _paint_tail_lamp(canvas: Canvas, stance: Stance) -> None:
    """Upright beside a tailgate, a wedge beside a boot lid; it shines when the lamps are on."""
    body = stance.body
    end, y = body.length, min(body.belt, float(stance.top_at(np.array(body.length - 0.2)))) - 0.06
    if stance.body.tumblehome < 0.22 and body.bed is None and not body.open_top:
        shape = [(-0.24, 0.08), (-0.16, 0.10), (-0.08, -0.14), (-0.06, -0.26), (-0.16, -0.26)]
    else:
        shape = [(-0.36, 0.0), (-0.06, 0.01), (-0.05, -0.15), (-0.20, -0.13)]
    lamp = stance.side(np.add(shape, (end, y)))
    colour = (232, 58, 48) if stance.light.lamps_on else stance.light.on(_TAIL, 1.1)
    canvas.polygon(lamp, colour)
    if stance.light.lamps_on:
        canvas.glow(lamp.mean(axis=0), 0.28 * stance.camera.scale, (236, 66, 52), 0.45)


def _paint_fuel_flap(canvas: Canvas, stance: Stance) -> None:
    corners = np.array([(-0.08, 0.07), (0.08, 0.07), (0.08, -0.07), (-0.08, -0.07)])
    place = (stance.body.axles[1] + 0.30, stance.body.belt - 0.20)
    flap = stance.side(corners + place)
    canvas.line(flap, stance.light.on(PAINTS[stance.colour], 0.55), 0.0012, closed=True)


def _paint_mirror(canvas: Canvas, stance: Stance) -> None:
    body = stance.body
    foot = body.glasshouse[0][0] if body.glasshouse else body.windscreen[0][0] + 0.16
    shape = [(0.06, 0.0), (0.02, 0.10), (0.08, 0.15), (0.22, 0.14), (0.25, 0.06), (0.20, 0.0)]
    shell = np.add(shape, (foot, body.belt - 0.01))
    canvas.polygon(stance.side(np.add(shell, (0.02, -0.02)), out=0.06), stance.light.on(_GAP))
    base = stance.light.on(PAINTS[stance.colour])
    lit = 0.8 * base + 0.2 * np.asarray(stance.light.sky_low)
    canvas.gradient(stance.side(shell, out=0.14), lit, 0.55 * base)


def _paint_roof_rail(canvas: Canvas, stance: Stance) -> None:
    start = stance.body.windscreen[1][0] + 0.30
    x = np.linspace(start, max(v[0] for v in stance.body.glasshouse) - 0.15, 12)
    lift = 0.055 * np.minimum(1, 6 * np.sin(np.linspace(0, np.pi, 12)))
    rail = stance.side(np.stack([x, stance.top_at(x) + lift], axis=1))
    canvas.line(rail, stance.light.on(_PLASTIC), 0.0060)
    canvas.line(rail - (0, 0.0012), stance.light.on(_CHROME, 0.85), 0.0022)


def _paint_slide(canvas: Canvas, stance: Stance) -> None:
    """The groove in which the sliding door runs back."""
    body = stance.body
    y = body.belt - (0.06 if len(body.pillars) else 0.02)
    groove = np.array([(body.seams[-1][0], y), (body.length - 0.30, y)])
    canvas.line(stance.side(groove), stance.light.on(_GAP), 0.0042)


def paint_load_bed(canvas: Canvas, stance: Stance) -> None:
    """The inside of a pickup's bed as seen over its near wall."""
    if stance.body.bed is None:
        return
    start, end = stance.body.bed
    x = np.array([start + 0.06, end - 0.06, end - 0.06, start + 0.06])
    z = 0.84 * np.array([1, 1, -1, -1])
    y = float(stance.top_at(np.array(0.5 * (start + end))))
    rim = stance.spot(x, np.full(4, y), z)
    canvas.gradient(rim, stance.light.on((70, 70, 74)), stance.light.on((26, 26, 28)))
