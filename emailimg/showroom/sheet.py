"""The contact sheet: many showroom pictures on one."""

import numpy as np

from emailimg.showroom.fleet import describe
from emailimg.showroom.studio import render

_PAPER = 245  # grey level of the sheet between the pictures


def contact_sheet(
    seed: int,
    rows: int,
    columns: int,
    *,
    first_index: int = 0,
    long_side_px: int = 160,
    gap_px: int = 4,
) -> np.ndarray:
    """Pictures first_index, first_index + 1, ... of a showroom, row by row: uint8 (H, W, 3) RGB."""
    for name, value in (("rows", rows), ("columns", columns)):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more, got {value}")
    scenes = [describe(seed, first_index + i) for i in range(rows * columns)]
    return tile([render(scene, long_side_px) for scene in scenes], columns, gap_px)


def tile(pictures: list[np.ndarray], columns: int, gap_px: int = 4) -> np.ndarray:
    """Lay out pictures (H, W, 3) of one size in rows, with a gap around each."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    size = (rows * (height + gap_px) + gap_px, columns * (width + gap_px) + gap_px, 3)
    paper = np.full(size, _PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        top = gap_px + number // columns * (height + gap_px)
        left = gap_px + number % columns * (width + gap_px)
        paper[top : top + height, left : left + width] = picture
    return paper
