"""The canvas: anti-aliased painting in picture coordinates, on top of OpenCV.

Positions are in picture widths (see `camera`), colours RGB triples in 0..255. Painting happens at a
multiple of the wanted resolution and is averaged down at the end, so a scene looks the same at
every size, only sharper.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from emailimg.showroom.camera import FRAME_HEIGHT

Colour = Sequence[float] | np.ndarray
_SHIFT = 5  # cv2 takes coordinates as integers with this many fractional bits


class Canvas:
    """A picture in the making; `pixels` is uint8 (H, W, 3) RGB."""

    def __init__(self, width_px: int) -> None:
        self.width_px = width_px
        self.height_px = round(width_px * FRAME_HEIGHT)
        self.pixels = np.zeros((self.height_px, width_px, 3), np.uint8)

    def polygon(self, points: np.ndarray, colour: Colour) -> None:
        """Fill one outline (n, 2)."""
        cv2.fillPoly(self.pixels, [self._fixed(points)], _scalar(colour), cv2.LINE_AA, _SHIFT)

    def polygons(self, outlines: np.ndarray, colour: Colour) -> None:
        """Fill many outlines (m, n, 2) that do not overlap, in one go."""
        if len(outlines):
            fixed = list(self._fixed(outlines))
            cv2.fillPoly(self.pixels, fixed, _scalar(colour), cv2.LINE_AA, _SHIFT)

    def facets(self, corners: np.ndarray, colours: np.ndarray) -> None:
        """Fill the convex facets (m, n, 2) of a mesh in order; hard edges, so that no seams show.

        colours: (m, 3).
        """
        for points, colour in zip(self._fixed(corners), colours.tolist(), strict=True):
            cv2.fillConvexPoly(self.pixels, points, colour, cv2.LINE_8, _SHIFT)

    def wash(self, top: float, bottom: float, top_colour: Colour, bottom_colour: Colour) -> None:
        """Cover all rows between `top` and `bottom` with a vertical run of colour."""
        first, last = (round(v * self.width_px) for v in (max(top, 0.0), bottom))
        rows = self.pixels[first:last]
        share = np.linspace(0, 1, len(rows))[:, None]
        colours = (1 - share) * np.asarray(top_colour, float) + share * np.asarray(bottom_colour)
        rows[...] = _spread(colours, self.width_px)

    def line(
        self, points: np.ndarray, colour: Colour, width: float, *, closed: bool = False
    ) -> None:
        """Draw a line through points (n, 2), `width` in picture widths."""
        self.lines(np.asarray(points)[None], colour, width, closed=closed)

    def lines(
        self, runs: np.ndarray, colour: Colour, width: float, *, closed: bool = False
    ) -> None:
        """Draw many lines (m, n, 2) of one colour; thinner than a pixel becomes one pixel."""
        if len(runs):
            thickness = max(1, round(width * self.width_px))
            fixed = list(self._fixed(runs))
            cv2.polylines(
                self.pixels, fixed, closed, _scalar(colour), thickness, cv2.LINE_AA, _SHIFT
            )

    def disc(self, centre: np.ndarray, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        x, y = self._fixed(np.asarray(centre))
        scaled = max(1, round(radius * self.width_px * 2**_SHIFT))
        cv2.circle(self.pixels, (int(x), int(y)), scaled, _scalar(colour), -1, cv2.LINE_AA, _SHIFT)

    def glaze(self, points: np.ndarray, colour: Colour, alpha: float) -> None:
        """Lay a translucent outline (n, 2) over the picture."""
        self.gradient(points, colour, colour, alpha)

    def gradient(self, points: np.ndarray, top: Colour, bottom: Colour, alpha: float = 1.0) -> None:
        """Fill an outline (n, 2) with a vertical run of colour from its top to its bottom."""
        box = self._box(points)
        if box is None:
            return
        area = self.pixels[box]
        v = np.asarray(points)[:, 1] * self.width_px
        rows = np.arange(box[0].start, box[0].stop)
        share = np.interp(rows, (v.min(), v.max() + 1e-6), (0, 1))[:, None]
        colours = (1 - share) * np.asarray(top, float) + share * np.asarray(bottom, float)
        _blend(area, _spread(colours, area.shape[1]), self._mask(points, box), alpha)

    def drape(self, texture: np.ndarray, corners: np.ndarray, outline: np.ndarray) -> None:
        """Stretch a uint8 (h, w, 3) texture so that its corners land on `corners`; show `outline`.

        corners: (4, 2), clockwise from the texture's top left. outline: (n, 2).
        """
        box = self._box(outline)
        if box is None:
            return
        area = self.pixels[box]
        height, width = texture.shape[:2]
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
        target = corners * self.width_px - (box[1].start + 0.5, box[0].start + 0.5)
        warp = cv2.getPerspectiveTransform(source, target.astype(np.float32))
        paint = cv2.warpPerspective(
            texture,
            warp,
            area.shape[1::-1],
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        _blend(area, paint, self._mask(outline, box), 1.0)

    def shadow(self, points: np.ndarray, strength: float, softness: float) -> None:
        """Darken an outline (n, 2) by up to `strength` in 0..1, blurred over `softness`."""
        box = self._box(points, margin=softness)
        if box is None:
            return
        area = self.pixels[box]
        mask = self._mask(points, box)
        reach = max(1, round(softness * self.width_px / 2)) * 2 + 1
        for _ in range(2):
            mask = cv2.blur(mask, (reach, reach))
        keep = 255 - (mask * strength).astype(np.uint8)
        cv2.multiply(area, cv2.merge([keep, keep, keep]), dst=area, scale=1 / 255)

    def glow(
        self,
        centre: np.ndarray,
        radius: float,
        colour: Colour,
        strength: float,
        flatness: float = 1.0,
    ) -> None:
        """Mix in a soft light that fades out at `radius`; flatness < 1 makes it wider than high."""
        centre, reach = np.asarray(centre), radius * np.array([1.0, flatness])
        box = self._box(np.stack([centre - reach, centre + reach]))
        if box is None:
            return
        area = self.pixels[box]
        height, width = area.shape[:2]
        size = (max(2, height // 4), max(2, width // 4))  # smooth anyway: a quarter is enough
        v, u = (
            (part.start + (np.arange(n) + 0.5) * (part.stop - part.start) / n) / self.width_px
            for part, n in zip(box, size, strict=True)
        )
        away = ((v[:, None] - centre[1]) / reach[1]) ** 2 + ((u - centre[0]) / reach[0]) ** 2
        weight = (strength * np.maximum(1 - away, 0) ** 2.5).astype(np.float32)
        weight = cv2.resize(weight, (width, height))
        paint = _spread(np.broadcast_to(np.asarray(colour), (height, 3)), width)
        area[...] = cv2.blendLinear(paint, area, weight, 1 - weight)

    def grain(
        self, rng: np.random.Generator, top: float, bottom: float, strength: float, cell: float
    ) -> None:
        """Roughen all rows between `top` and `bottom` by +-`strength`, in flecks `cell` wide."""
        first, last = (round(v * self.width_px) for v in (max(top, 0.0), bottom))
        area = self.pixels[first:last]
        if not area.size:
            return
        size = max(1, round(cell * self.width_px))
        shape = (-(-area.shape[0] // size), -(-area.shape[1] // size))
        noise = rng.integers(0, max(2, round(2 * strength)), shape, np.uint8)
        if size > 1:
            noise = cv2.resize(noise, area.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        flecks = cv2.merge([noise, noise, noise])
        cv2.add(area, flecks, dst=area)
        cv2.subtract(area, np.full_like(area, round(strength)), dst=area)

    def finished(self, width_px: int) -> np.ndarray:
        """The picture averaged down to `width_px`: uint8 (H, W, 3)."""
        size = (width_px, round(width_px * FRAME_HEIGHT))
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        scaled = np.asarray(points) * (self.width_px * 2**_SHIFT)
        return (scaled - (2 ** (_SHIFT - 1) - 0.5)).astype(np.int32)

    def _box(self, points: np.ndarray, margin: float = 0.0) -> tuple[slice, slice] | None:
        """Rows and columns that hold the points, or None if they are outside of the picture."""
        left, top = (np.min(points, axis=0) - margin).tolist()
        right, bottom = (np.max(points, axis=0) + margin).tolist()
        first_column, last_column = self._inside(left, right, self.width_px)
        first_row, last_row = self._inside(top, bottom, self.height_px)
        if first_column >= last_column or first_row >= last_row:
            return None
        return slice(first_row, last_row), slice(first_column, last_column)

    def _inside(self, low: float, high: float, size: int) -> tuple[int, int]:
        """A run of pixels, one wider than low..high on both sides, cut off at the edges."""
        return max(0, int(low * self.width_px) - 1), min(size, int(high * self.width_px) + 2)

    def _mask(self, points: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
        """Coverage (h, w) uint8 of an outline within a box."""
        shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
        mask = np.zeros(shape, np.uint8)
        corner = np.array([box[1].start, box[0].start]) * 2**_SHIFT
        outline = (self._fixed(points) - corner).astype(np.int32)
        cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA, _SHIFT)
        return mask


def _blend(area: np.ndarray, paint: np.ndarray, mask: np.ndarray, alpha: float) -> None:
    weight = mask.astype(np.float32) * (alpha / 255)
    area[...] = cv2.blendLinear(paint, area, weight, 1 - weight)


def _spread(rows: np.ndarray, width: int) -> np.ndarray:
    """One colour per row (h, 3) as a picture: uint8 (h, width, 3)."""
    column = rows.astype(np.uint8)[:, None]
    return cv2.resize(column, (width, len(rows)), interpolation=cv2.INTER_NEAREST)


def _scalar(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = colour
    return float(red), float(green), float(blue)
