"""Car bodies as data: one side view per vehicle type, in metres.

A side view looks at the car facing left: x runs from the front bumper (0) to the rear, y from the
road (0) up. An outline is a list of vertices (x, y, r) whose corners are rounded off up to r metres
along both edges, so large radii give the long soft curves and small ones the creases.
"""

import functools
from dataclasses import dataclass

import numpy as np

Vertex = tuple[float, float, float]
_CORNER_STEPS = np.linspace(0.0, 1.0, 4)


@dataclass(frozen=True, kw_only=True)
class Body:
    """One vehicle type's shape, in metres."""

    outline: tuple[Vertex, ...]  # front underside, over bonnet and roof, to the rear underside
    windscreen: tuple[tuple[float, float], tuple[float, float]]  # (x, y) at its foot and its top
    glasshouse: tuple[Vertex, ...] = ()  # the opening that holds all side windows
    pillars: tuple[tuple[float, float, float], ...] = ()  # x at its foot, x at its top, width
    seams: tuple[tuple[float, float], ...]  # door gaps: x at the belt, x at the sill
    handles: tuple[float, ...]  # x of the door handles
    axles: tuple[float, float]
    wheel_radius: float
    half_width: float
    belt: float  # y where side windows begin
    tumblehome: float  # how far the roof edge leans in
    sill: float  # y of the underside
    roof_rails: bool = False
    sliding_door: bool = False
    cladding: bool = False  # unpainted plastic along the sill and the arches
    open_top: bool = False
    bed: tuple[float, float] | None = None  # x where the open load bed starts and ends

    @functools.cached_property
    def length(self) -> float:
        """Bumper to bumper, metres."""
        return max(x for x, _, _ in self.outline)

    @functools.cached_property
    def height(self) -> float:
        """Road to roof, metres."""
        return max(y for _, y, _ in self.outline)


@functools.cache
def rounded(vertices: tuple[Vertex, ...], closed: bool = True) -> np.ndarray:
    """The outline with its corners rounded: (len(vertices) * 4, 2) float64, metres.

    An open outline keeps its first and last vertex sharp.
    """
    points = np.array([(x, y) for x, y, _ in vertices])
    radii = np.array([r for _, _, r in vertices])
    if not closed:
        radii[[0, -1]] = 0.0
    before = _towards(points, np.roll(points, 1, axis=0), radii)
    after = _towards(points, np.roll(points, -1, axis=0), radii)
    t = _CORNER_STEPS[None, :, None]
    curve = (
        (1 - t) ** 2 * before[:, None] + 2 * t * (1 - t) * points[:, None] + t**2 * after[:, None]
    )
    return curve.reshape(-1, 2)


def _towards(points: np.ndarray, others: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Points moved towards others by the radius, at most half of the way; all (n, 2)."""
    steps = others - points
    lengths = np.linalg.norm(steps, axis=1).clip(1e-9)
    return points + steps * (np.minimum(radii, lengths / 2) / lengths)[:, None]


BODIES = {
    "Sedan": Body(
        outline=(
            (0.12, 0.22, 0.05),
            (0.00, 0.40, 0.10),
            (0.03, 0.66, 0.10),
            (0.22, 0.80, 0.15),
            (0.80, 0.90, 0.40),
            (1.32, 0.97, 0.08),
            (2.02, 1.39, 0.30),
            (2.55, 1.46, 0.50),
            (3.10, 1.40, 0.35),
            (3.80, 1.05, 0.22),
            (4.48, 1.02, 0.08),
            (4.57, 0.80, 0.12),
            (4.60, 0.45, 0.08),
            (4.45, 0.24, 0.05),
        ),
        windscreen=((1.34, 0.98), (2.00, 1.37)),
        glasshouse=(
            (1.52, 1.00, 0.03),
            (2.12, 1.34, 0.10),
            (2.60, 1.39, 0.30),
            (3.06, 1.33, 0.15),
            (3.58, 1.07, 0.06),
            (3.50, 1.03, 0.05),
        ),
        pillars=((2.50, 2.54, 0.08), (3.32, 3.20, 0.04)),
        seams=((1.50, 1.40), (2.50, 2.48), (3.34, 3.10)),
        handles=(2.30, 3.12),
        axles=(0.88, 3.62),
        wheel_radius=0.335,
        half_width=0.90,
        belt=1.00,
        tumblehome=0.24,
        sill=0.23,
    ),
    "SUV": Body(
        outline=(
            (0.10, 0.38, 0.06),
            (0.00, 0.54, 0.08),
            (0.01, 0.96, 0.07),
            (0.09, 1.12, 0.10),
            (0.70, 1.19, 0.30),
            (1.26, 1.23, 0.06),
            (1.74, 1.80, 0.16),
            (2.40, 1.87, 0.50),
            (3.60, 1.86, 0.50),
            (4.36, 1.80, 0.12),
            (4.50, 1.26, 0.15),
            (4.57, 1.04, 0.08),
            (4.60, 0.58, 0.08),
            (4.46, 0.40, 0.06),
        ),
        windscreen=((1.28, 1.25), (1.73, 1.78)),
        glasshouse=(
            (1.40, 1.27, 0.03),
            (1.84, 1.71, 0.06),
            (2.60, 1.76, 0.30),
            (3.60, 1.75, 0.30),
            (4.22, 1.70, 0.06),
            (4.34, 1.30, 0.06),
        ),
        pillars=((2.38, 2.40, 0.10), (3.42, 3.40, 0.12)),
        seams=((1.42, 1.40), (2.38, 2.36), (3.44, 3.16)),
        handles=(2.17, 3.22),
        axles=(0.88, 3.72),
        wheel_radius=0.415,
        half_width=0.96,
        belt=1.25,
        tumblehome=0.14,
        sill=0.38,
        roof_rails=True,
        cladding=True,
    ),
    "Coupe": Body(
        outline=(
            (0.14, 0.19, 0.05),
            (0.00, 0.34, 0.10),
            (0.04, 0.54, 0.10),
            (0.30, 0.70, 0.20),
            (0.95, 0.83, 0.50),
            (1.66, 0.89, 0.10),
            (2.40, 1.22, 0.30),
            (2.78, 1.27, 0.40),
            (3.25, 1.20, 0.60),
            (4.10, 0.94, 0.30),
            (4.38, 0.94, 0.05),
            (4.42, 0.72, 0.10),
            (4.45, 0.42, 0.08),
            (4.28, 0.21, 0.05),
        ),
        windscreen=((1.68, 0.90), (2.38, 1.20)),
        glasshouse=(
            (1.86, 0.92, 0.03),
            (2.46, 1.16, 0.12),
            (2.82, 1.20, 0.20),
            (3.20, 1.14, 0.25),
            (3.62, 0.98, 0.05),
            (3.50, 0.95, 0.05),
        ),
        pillars=((3.06, 3.04, 0.06),),
        seams=((1.74, 1.62), (3.06, 2.98)),
        handles=(2.86,),
        axles=(0.86, 3.54),
        wheel_radius=0.345,
        half_width=0.92,
        belt=0.93,
        tumblehome=0.27,
        sill=0.20,
    ),
    "Convertible": Body(
        outline=(
            (0.14, 0.21, 0.05),
            (0.00, 0.36, 0.10),
            (0.04, 0.56, 0.10),
            (0.28, 0.73, 0.20),
            (0.90, 0.85, 0.40),
            (1.50, 0.91, 0.08),
            (1.70, 0.92, 0.10),
            (2.90, 0.90, 0.30),
            (3.30, 0.97, 0.15),
            (4.20, 0.94, 0.10),
            (4.27, 0.74, 0.10),
            (4.30, 0.44, 0.08),
            (4.14, 0.23, 0.05),
        ),
        windscreen=((1.50, 0.91), (2.06, 1.29)),
        seams=((1.68, 1.58), (2.92, 2.84)),
        handles=(2.72,),
        axles=(0.84, 3.42),
        wheel_radius=0.335,
        half_width=0.89,
        belt=0.92,
        tumblehome=0.0,
        sill=0.22,
        open_top=True,
    ),
    "Hatchback": Body(
        outline=(
            (0.10, 0.24, 0.05),
            (0.00, 0.40, 0.10),
            (0.03, 0.66, 0.10),
            (0.16, 0.82, 0.12),
            (0.60, 0.94, 0.30),
            (1.00, 1.01, 0.08),
            (1.68, 1.45, 0.25),
            (2.30, 1.52, 0.40),
            (3.04, 1.48, 0.30),
            (3.36, 1.41, 0.07),
            (3.56, 1.02, 0.10),
            (3.65, 0.82, 0.10),
            (3.68, 0.44, 0.08),
            (3.55, 0.26, 0.05),
        ),
        windscreen=((1.02, 1.03), (1.66, 1.43)),
        glasshouse=(
            (1.20, 1.05, 0.03),
            (1.76, 1.39, 0.10),
            (2.30, 1.44, 0.30),
            (2.98, 1.40, 0.12),
            (3.24, 1.15, 0.08),
            (3.12, 1.08, 0.05),
        ),
        pillars=((2.12, 2.14, 0.08), (2.82, 2.76, 0.06)),
        seams=((1.18, 1.10), (2.12, 2.10), (2.84, 2.60)),
        handles=(1.92, 2.63),
        axles=(0.74, 3.04),
        wheel_radius=0.32,
        half_width=0.87,
        belt=1.05,
        tumblehome=0.20,
        sill=0.25,
    ),
    "Minivan": Body(
        outline=(
            (0.10, 0.26, 0.05),
            (0.00, 0.42, 0.10),
            (0.04, 0.70, 0.10),
            (0.20, 0.92, 0.15),
            (0.65, 1.06, 0.30),
            (1.00, 1.15, 0.15),
            (1.98, 1.69, 0.30),
            (2.70, 1.78, 0.50),
            (3.80, 1.77, 0.50),
            (4.62, 1.69, 0.14),
            (4.82, 1.14, 0.15),
            (4.93, 0.88, 0.10),
            (4.95, 0.46, 0.08),
            (4.80, 0.28, 0.05),
        ),
        windscreen=((0.94, 1.14), (1.94, 1.67)),
        glasshouse=(
            (1.16, 1.14, 0.05),
            (2.02, 1.60, 0.10),
            (2.70, 1.67, 0.30),
            (3.90, 1.66, 0.20),
            (4.48, 1.59, 0.08),
            (4.62, 1.16, 0.08),
        ),
        pillars=((1.62, 1.80, 0.06), (2.40, 2.45, 0.10), (3.58, 3.55, 0.10)),
        seams=((1.40, 1.36), (2.40, 2.38), (3.58, 3.50)),
        handles=(2.18, 2.62),
        axles=(0.94, 3.98),
        wheel_radius=0.34,
        half_width=0.95,
        belt=1.13,
        tumblehome=0.16,
        sill=0.26,
        sliding_door=True,
    ),
    "Van": Body(
        outline=(
            (0.08, 0.30, 0.05),
            (0.00, 0.46, 0.08),
            (0.03, 0.84, 0.10),
            (0.16, 1.08, 0.15),
            (0.60, 1.22, 0.15),
            (0.78, 1.28, 0.06),
            (1.36, 1.98, 0.20),
            (1.80, 2.14, 0.25),
            (3.50, 2.18, 0.50),
            (5.22, 2.15, 0.10),
            (5.34, 1.95, 0.15),
            (5.39, 1.00, 0.20),
            (5.40, 0.50, 0.06),
            (5.28, 0.32, 0.05),
        ),
        windscreen=((0.80, 1.30), (1.36, 1.95)),
        glasshouse=(
            (1.00, 1.28, 0.05),
            (1.44, 1.80, 0.10),
            (1.96, 1.86, 0.08),
            (2.00, 1.26, 0.08),
        ),
        seams=((1.00, 0.98), (2.12, 2.12), (3.42, 3.42)),
        handles=(1.96, 2.30),
        axles=(0.98, 4.28),
        wheel_radius=0.365,
        half_width=0.98,
        belt=1.28,
        tumblehome=0.10,
        sill=0.30,
        sliding_door=True,
    ),
    "Wagon": Body(
        outline=(
            (0.12, 0.22, 0.05),
            (0.00, 0.40, 0.10),
            (0.03, 0.66, 0.10),
            (0.22, 0.80, 0.15),
            (0.80, 0.90, 0.40),
            (1.32, 0.97, 0.08),
            (2.00, 1.40, 0.28),
            (2.60, 1.48, 0.50),
            (3.70, 1.46, 0.50),
            (4.34, 1.39, 0.12),
            (4.60, 1.04, 0.15),
            (4.72, 0.84, 0.10),
            (4.75, 0.45, 0.08),
            (4.60, 0.24, 0.05),
        ),
        windscreen=((1.34, 0.98), (1.98, 1.38)),
        glasshouse=(
            (1.52, 1.00, 0.03),
            (2.10, 1.35, 0.10),
            (2.60, 1.40, 0.30),
            (3.70, 1.39, 0.30),
            (4.18, 1.33, 0.08),
            (4.40, 1.06, 0.06),
        ),
        pillars=((2.50, 2.54, 0.08), (3.42, 3.36, 0.08)),
        seams=((1.50, 1.40), (2.50, 2.48), (3.42, 3.16)),
        handles=(2.30, 3.20),
        axles=(0.88, 3.66),
        wheel_radius=0.335,
        half_width=0.90,
        belt=1.01,
        tumblehome=0.22,
        sill=0.23,
        roof_rails=True,
    ),
    "Pickup": Body(
        outline=(
            (0.08, 0.42, 0.05),
            (0.00, 0.56, 0.06),
            (0.01, 0.98, 0.06),
            (0.10, 1.12, 0.10),
            (0.90, 1.18, 0.30),
            (1.40, 1.21, 0.06),
            (1.96, 1.77, 0.18),
            (2.50, 1.85, 0.30),
            (3.16, 1.81, 0.14),
            (3.38, 1.22, 0.04),
            (3.46, 1.19, 0.02),
            (5.42, 1.19, 0.03),
            (5.48, 0.90, 0.05),
            (5.50, 0.62, 0.05),
            (5.35, 0.46, 0.05),
        ),
        windscreen=((1.42, 1.23), (1.94, 1.75)),
        glasshouse=(
            (1.58, 1.24, 0.03),
            (2.06, 1.68, 0.07),
            (2.60, 1.74, 0.20),
            (3.06, 1.70, 0.08),
            (3.20, 1.26, 0.05),
        ),
        pillars=((2.54, 2.56, 0.09),),
        seams=((1.58, 1.54), (2.54, 2.52), (3.28, 3.28)),
        handles=(2.34, 3.10),
        axles=(1.00, 4.38),
        wheel_radius=0.415,
        half_width=0.97,
        belt=1.23,
        tumblehome=0.18,
        sill=0.44,
        bed=(3.46, 5.42),
    ),
}
