"""The gallery: one picture with what every augmentation class does to an image (the report's
Figure 2), at the mild and the strong end of its ranges, or, composed, a handful of drawn versions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emailimg import augment, taxonomy, versions
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES, Technique

_COLUMNS = 4
_COMPOSED_VERSIONS = 16
_GAP_PX, _ROW_GAP_PX, _INNER_GAP_PX = 14, 18, 4
_TITLE_PX, _TEXT_PX = 15, 12  # heights of the letters
_TITLE_LINE_PX, _LINE_PX = 20, 15
_PAPER, _INK, _MUTED = (250, 250, 248), (24, 28, 34), (110, 116, 124)
_PICTURE_MAX_PX = 240


@dataclass(frozen=True)
class Cell:
    """One class: its name, what is said below it, and pictures uint8 (H, W, 3) RGB of it."""

    title: str
    lines: list[str]
    pictures: list[np.ndarray]


def draw(config: AugmentConfig, pixels: np.ndarray) -> np.ndarray:
    """The gallery of an image uint8 (H, W, 3) RGB, as a picture uint8 (H', W', 3) RGB."""
    composed = config.mode == "composed"
    cells = list(_composed(config, pixels) if composed else _by_class(config, pixels))
    return _sheet(cells, _frame(pixels, cells))


def _by_class(config: AugmentConfig, pixels: np.ndarray) -> Iterator[Cell]:
    yield Cell(taxonomy.ORIGINAL, ["as it came"], [pixels])
    for name, technique in TECHNIQUES.items():
        ranges = config.ranges[name]
        strengths = (0.0, 1.0) if ranges else (1.0,)
        pictures = [
            augment.apply(name, technique.at(ranges, strength, sign), pixels)
            for strength, sign in zip(strengths, (1, -1), strict=False)
        ]
        yield Cell(_words(name), [_ranges_in_words(technique, config, name)], pictures)


def _ranges_in_words(technique: Technique, config: AugmentConfig, name: str) -> str:
    parts = [
        f"{parameter} {'±' if technique.parameters[parameter].signed else ''}{mild:g} to {strong:g}"
        for parameter, (mild, strong) in config.ranges[name].items()
    ]
    return ", ".join(parts) or "no parameters"


def _composed(config: AugmentConfig, pixels: np.ndarray) -> Iterator[Cell]:
    for version in range(_COMPOSED_VERSIONS):
        steps = versions.draw(config, "gallery", version)
        names = [_words(step.technique) for step in steps] or [taxonomy.ORIGINAL]
        yield Cell(f"version {version}", names, [augment.replay(steps, pixels)])


def _words(technique: str) -> str:
    return technique.replace("_", " ")


@dataclass(frozen=True)
class _Frame:
    """Width and height in pixels that each picture is fitted into, and what a cell holds."""

    width: int
    height: int
    per_cell: int  # pictures side by side
    lines: int  # below the title

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a cell with its caption."""
        gaps = _INNER_GAP_PX * (self.per_cell - 1)
        caption = _TITLE_LINE_PX + self.lines * _LINE_PX
        return self.width * self.per_cell + gaps, self.height + caption


def _frame(pixels: np.ndarray, cells: list[Cell]) -> _Frame:
    height, width = pixels.shape[:2]
    scale = min(1.0, _PICTURE_MAX_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    most = [
        max(map(len, parts)) for parts in zip(*((c.pictures, c.lines) for c in cells), strict=True)
    ]
    return _Frame(*size, *most)


def _sheet(cells: list[Cell], frame: _Frame) -> np.ndarray:
    rows = -(-len(cells) // _COLUMNS)
    width, height = frame.cell[0] + _GAP_PX, frame.cell[1] + _ROW_GAP_PX
    sheet = Image.new("RGB", (_COLUMNS * width + _GAP_PX, rows * height + _GAP_PX), _PAPER)
    for number, cell in enumerate(cells):
        row, column = divmod(number, _COLUMNS)
        corner = (_GAP_PX + column * width, _GAP_PX + row * height)
        _draw_cell(sheet, cell, frame, corner)
    return np.asarray(sheet)


def _draw_cell(sheet: Image.Image, cell: Cell, frame: _Frame, corner: tuple[int, int]) -> None:
    left, top = corner
    for number, pixels in enumerate(cell.pictures):
        fitted = _fit(pixels, frame)
        indent = (frame.width - fitted.shape[1]) // 2
        x = left + number * (frame.width + _INNER_GAP_PX) + indent
        sheet.paste(Image.fromarray(fitted), (x, top + (frame.height - fitted.shape[0]) // 2))
    pen = ImageDraw.Draw(sheet)
    y = top + frame.height + 3
    _write(pen, (left, y), cell.title, _TITLE_PX, _INK, frame)
    for number, line in enumerate(cell.lines):
        _write(pen, (left, y + _TITLE_LINE_PX + number * _LINE_PX), line, _TEXT_PX, _MUTED, frame)


def _write(
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    frame: _Frame,
) -> None:
    font = ImageFont.load_default(size)
    pen.text(corner, _shorten(pen, text, font, frame.cell[0]), colour, font)


def _fit(pixels: np.ndarray, frame: _Frame) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = min(frame.width / width, frame.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _shorten(pen: ImageDraw.ImageDraw, text: str, font: Any, width: int) -> str:
    """As much of the text as fits; an ellipsis stands for the rest."""
    if pen.textlength(text, font) <= width:
        return text
    while text and pen.textlength(text + "…", font) > width:
        text = text[:-1]
    return text.rstrip(" ,;+") + "…"
