"""Painting a car: from its shadow on the road to the lacquer of its doors.

The body is a side view (see `bodies`) given a width: its outline is swept across the car to make
nose, bonnet, windscreen and roof, and the near side is closed with a panel. Everything is painted
from far to near, so that what is nearer covers what is behind it.
"""

import functools

import numpy as np

from emailimg.showroom.bodies import Body, rounded
from emailimg.showroom.cabin import paint_open_cabin, paint_side_glass, paint_windscreen
from emailimg.showroom.canvas import Canvas
from emailimg.showroom.face import paint_beams, paint_face
from emailimg.showroom.lacquer import PAINTS, lacquer
from emailimg.showroom.stance import Stance
from emailimg.showroom.trim import paint_load_bed, paint_panels, paint_side_trim
from emailimg.showroom.wheels import paint_wheels

_ACROSS = np.linspace(1.0, -1.0, 6)  # where the swept outline is sampled, in half widths, far first

# How a car's side leans, from sill (0) to belt (1) and on to the roof (2): the upward part of its
# normal. The jump at 0.72 is the shoulder crease.
_LEAN_AT = (0.0, 0.12, 0.20, 0.45, 0.62, 0.71, 0.73, 0.86, 1.0, 1.05, 1.6, 2.0)
_LEAN = (-0.50, -0.42, -0.12, 0.02, -0.04, -0.16, 0.30, 0.16, 0.30, 0.26, 0.32, 0.60)
_TEXTURE_ROWS, _TEXTURE_COLUMNS = 64, 24
_MARGIN_M = 0.05  # by which the texture overlaps the side
_UNDERBODY = (20, 20, 22)


def paint_car(canvas: Canvas, stance: Stance, *, polished: bool) -> None:
    """Paint the car with its shadow; a polished floor mirrors it faintly."""
    _paint_shadow(canvas, stance)
    if polished:
        _paint_reflection(canvas, stance)
    paint_wheels(canvas, stance, near=False)
    _paint_underbody(canvas, stance)
    _paint_swept_body(canvas, stance)
    paint_windscreen(canvas, stance)
    paint_face(canvas, stance)
    paint_open_cabin(canvas, stance)
    paint_load_bed(canvas, stance)
    _paint_side(canvas, stance)
    paint_panels(canvas, stance)
    paint_wheels(canvas, stance, near=True)
    paint_side_glass(canvas, stance)
    paint_side_trim(canvas, stance)
    paint_beams(canvas, stance)


def _paint_shadow(canvas: Canvas, stance: Stance) -> None:
    """A long soft shadow to the lower right, and a short dark one where no light gets in."""
    reach, half = stance.body.length / 2 * stance.stretch, stance.body.half_width
    cast = [(-reach, half), (-reach, -half), (reach + 0.5, -half - 0.25), (reach + 0.7, half)]
    contact = [(-reach + 0.2, half), (-reach + 0.2, -half), (reach - 0.1, -half), (reach, half)]
    for corners, strength, softness in ((cast, 0.45, 0.03), (contact, 0.75, 0.014)):
        ground = stance.camera.at(*((x, 0.0, z) for x, z in corners))
        canvas.shadow(ground, strength, softness)


def _paint_reflection(canvas: Canvas, stance: Stance) -> None:
    """The near side upside down in the floor."""
    outline = rounded(stance.body.outline)
    mirrored = stance.side(outline * (1, -1))
    paint = stance.light.on(PAINTS[stance.colour])
    canvas.gradient(mirrored, 0.5 * paint, paint, 0.22)


def _paint_underbody(canvas: Canvas, stance: Stance) -> None:
    """What shows between the wheels: dark, from the sill halfway down to the road."""
    body = stance.body
    left, right = body.axles[0] - 0.3, body.length - 0.5
    low, high = 0.6 * body.sill, body.sill + 0.25
    spots = np.array([(left, high), (right, high), (right, low), (left, low)])
    x, y = spots.T
    canvas.polygon(stance.spot(x, y, np.array(-0.5)), _UNDERBODY)


def _paint_swept_body(canvas: Canvas, stance: Stance) -> None:
    """Nose, bonnet, roof and tail: a mesh of facets between the outline's far and near side."""
    outline = rounded(stance.body.outline, closed=False)
    mesh = stance.across(outline[:, :1], outline[:, 1:], _ACROSS[None])
    normals = _normals(mesh)
    seen = normals @ stance.camera.towards_viewer > 0.0
    colours = lacquer(normals, stance)
    spots = stance.camera.project(mesh)
    corners = np.stack([spots[:-1, :-1], spots[1:, :-1], spots[1:, 1:], spots[:-1, 1:]], axis=2)
    shown = seen[::-1]  # from the tail forward
    canvas.facets(corners[::-1][shown], colours[::-1][shown])


def _normals(mesh: np.ndarray) -> np.ndarray:
    """Outward unit normals (r - 1, c - 1, 3) of the facets of a mesh (r, c, 3)."""
    normals = np.cross(mesh[1:, 1:] - mesh[:-1, :-1], mesh[:-1, 1:] - mesh[1:, :-1])
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True).clip(1e-9)


def _paint_side(canvas: Canvas, stance: Stance) -> None:
    """The near side, shaded as one sheet of lacquer."""
    body = stance.body
    texture = lacquer(_side_normals(body), stance).astype(np.uint8)
    top, bottom = body.height + _MARGIN_M, body.sill - _MARGIN_M
    left, right = -_MARGIN_M, body.length + _MARGIN_M
    x, y = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]).T
    flat = stance.spot(x, y, np.array(-body.half_width))
    canvas.drape(texture, flat, stance.side(rounded(body.outline)))


@functools.cache
def _side_normals(body: Body) -> np.ndarray:
    """Unit normals (rows, columns, 3) of the near side, from top left to bottom right."""
    x, y = np.meshgrid(
        np.linspace(-_MARGIN_M, body.length + _MARGIN_M, _TEXTURE_COLUMNS),
        np.linspace(body.height + _MARGIN_M, body.sill - _MARGIN_M, _TEXTURE_ROWS),
    )
    low = (y - body.sill) / (body.belt - body.sill)
    high = (y - body.belt) / max(body.height - body.belt, 0.1)
    lean = np.interp(np.where(low < 1, low, 1 + high), _LEAN_AT, _LEAN)
    turn = 0.45 * (x / body.length - 0.5) ** 3 * 4
    turn = turn - 0.5 * (1 - x / 0.5).clip(0, 1) + 0.4 * (1 - (body.length - x) / 0.4).clip(0, 1)
    normals = np.stack([turn, lean, np.full_like(x, -1.0)], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)
