"""Painting a car's face: grille, badge, lamps, number plate; each make has its own."""

from dataclasses import dataclass

import numpy as np

from emailimg.showroom.canvas import Canvas
from emailimg.showroom.light import Light
from emailimg.showroom.stance import Stance

_PLASTIC = (36, 36, 38)
_CHROME = (206, 209, 213)
_PLATE = (232, 208, 104)
_INK = (38, 38, 42)
_LENS = (196, 206, 214)
_LIT = (238, 228, 198)
_BEAM = (255, 240, 206)
_REFLECTOR_RGB = (238, 241, 244)
_AROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)
_REFLECTOR = np.stack([0.055 * np.cos(_AROUND), 0.045 * np.sin(_AROUND)], axis=1)


@dataclass(frozen=True, kw_only=True)
class Grille:
    """The opening between the lamps; widths in half widths of the car, heights in metres."""

    width: float
    height: float
    flare: float = 0.0  # how much wider the top is than the bottom
    slats: int = 0
    uprights: int = 0
    split: bool = False


_GRILLES = {
    "Aldoria": Grille(width=0.84, height=0.13, slats=2),
    "Brennox": Grille(width=0.96, height=0.19, slats=1, uprights=5),
    "Calvera": Grille(width=0.70, height=0.11, flare=0.2),
    "Dunmore": Grille(width=0.80, height=0.17, uprights=8),
    "Estrel": Grille(width=0.60, height=0.16, flare=-0.2, slats=3),
    "Farrow": Grille(width=0.90, height=0.10, slats=1),
    "Galvane": Grille(width=0.66, height=0.18, flare=0.25, slats=3, uprights=4),
    "Hartwick": Grille(width=0.76, height=0.15, split=True, uprights=6),
    "Iverna": Grille(width=0.92, height=0.08),
    "Jorvane": Grille(width=0.72, height=0.19, flare=0.15, slats=4),
    "Kestane": Grille(width=0.88, height=0.14, split=True),
}


def paint_face(canvas: Canvas, stance: Stance) -> None:
    """Everything on the front of the car."""
    top = face_top(stance)
    low = stance.body.sill + 0.05
    _paint_intake(canvas, stance, low)
    _paint_grille(canvas, stance, top)
    _paint_plate(canvas, stance, 0.5 * (low + 0.12 + top - _GRILLES[stance.make].height))
    for inner, outer in ((0.56, 0.97), (-0.56, -1.0)):
        _paint_lamp(canvas, stance, inner, outer, top)


def face_top(stance: Stance) -> float:
    """Height of the face's upper edge, metres: where the bonnet begins to lean back."""
    return next(y for _, y, _ in stance.body.outline if y > stance.body.sill + 0.34)


def _quad(stance: Stance, left: float, right: float, low: float, high: float) -> np.ndarray:
    """Picture points (4, 2) of a rectangle on the face; left and right in half widths."""
    return stance.face(np.array([(left, high), (right, high), (right, low), (left, low)]))


def _paint_intake(canvas: Canvas, stance: Stance, low: float) -> None:
    canvas.polygon(_quad(stance, -0.70, 0.70, low, low + 0.11), stance.light.on(_PLASTIC))
    for share in (-0.80, 0.80):
        fog = _quad(stance, share - 0.06, share + 0.06, low + 0.03, low + 0.10)
        canvas.polygon(fog, stance.light.on(_LENS, 0.9))


def _paint_grille(canvas: Canvas, stance: Stance, top: float) -> None:
    grille, light = _GRILLES[stance.make], stance.light
    half, low = grille.width / 2, top - grille.height
    foot = half * (1 - grille.flare)
    frame = np.array([(-half, top), (half, top), (foot, low), (-foot, low)])
    canvas.polygon(stance.face(frame), light.on(_CHROME, 0.95))
    inner = (frame - (0, top - grille.height / 2)) * (0.93, 0.80) + (0, top - grille.height / 2)
    canvas.polygon(stance.face(inner), light.on(_PLASTIC, 0.8))
    bars = [(-foot, foot, y - 0.008, y + 0.008) for y in _between(low, top, grille.slats)]
    bars += [(s - 0.012, s + 0.012, low, top) for s in _between(-foot, foot, grille.uprights)]
    bars += [(-0.05, 0.05, low, top)] if grille.split else []
    for bar in bars:
        canvas.polygon(_quad(stance, *bar), light.on(_CHROME, 0.8))
    badge = stance.face(np.add(_REFLECTOR * 0.8, (0.0, top + 0.045)))
    canvas.polygon(badge, light.on(_CHROME, 1.1))


def _between(low: float, high: float, count: int) -> np.ndarray:
    return np.linspace(low, high, count + 2)[1:-1]


def _paint_plate(canvas: Canvas, stance: Stance, y: float) -> None:
    """A yellow plate with two groups of characters, a wide one on the car's right."""
    canvas.polygon(_quad(stance, -0.30, 0.30, y - 0.065, y + 0.065), stance.light.on(_INK))
    canvas.polygon(_quad(stance, -0.285, 0.285, y - 0.055, y + 0.055), stance.light.on(_PLATE))
    shares = np.array([-0.24, -0.17, -0.04, 0.03, 0.10, 0.17])
    corners = np.array([(0.0, 0.034), (0.045, 0.034), (0.045, -0.034), (0.0, -0.034)])
    marks = np.stack([shares, np.full(6, y)], axis=1)[:, None] + corners
    canvas.polygons(stance.face(marks), stance.light.on(_INK))


def _paint_lamp(canvas: Canvas, stance: Stance, inner: float, outer: float, top: float) -> None:
    """A lamp in a dark rim: a round reflector in a clear lens, or all of it shining."""
    corners = [(inner, top - 0.015), (outer, top + 0.03), (outer, top - 0.12), (inner, top - 0.11)]
    lens = stance.face(np.array(corners))
    canvas.polygon(lens, lens_colour(stance.light))
    centre = inner + 0.42 * (outer - inner)
    bulb = stance.face(np.add(_REFLECTOR, (centre, top - 0.05)))
    canvas.polygon(
        bulb, (250, 248, 238) if stance.light.lamps_on else stance.light.on(_REFLECTOR_RGB)
    )
    canvas.line(lens, stance.light.on(_PLASTIC), 0.0014, closed=True)


def lens_colour(light: Light) -> np.ndarray:
    """The glass of a headlamp, lit or not."""
    return np.array(_LIT) if light.lamps_on else light.on(_LENS)


def paint_beams(canvas: Canvas, stance: Stance) -> None:
    """When it is dark: light on the road ahead, and a glare around the lamps."""
    if not stance.light.lamps_on:
        return
    reach = stance.body.length / 2 * stance.stretch
    pool = stance.camera.ground(-reach - 1.5, -0.5)
    canvas.glow(pool, 2.2 * stance.camera.scale, _BEAM, 0.42, flatness=0.24)
    for share in (0.75, -0.80):
        lamp = stance.face(np.array([share, face_top(stance) - 0.05]))
        canvas.glow(lamp, 0.55 * stance.camera.scale, _BEAM, 0.55)
