"""Pictures of nothing like a catalogue of cars, drawn by code."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 240, 180
_WORDS = ["agenda", "invoice", "quarter", "margin", "forecast", "supplier", "contract", "delivery"]


def strange_pictures(each: int, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """`each` pictures of every kind, uint8 (H, W, 3) RGB; the same for the same seed."""
    return {
        kind: [draw(np.random.default_rng([seed, number, i])) for i in range(each)]
        for number, (kind, draw) in enumerate(_KINDS.items())
    }


def _noise(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def _cloudy_noise(rng: np.random.Generator) -> np.ndarray:
    small = rng.integers(0, 256, (rng.integers(3, 12), rng.integers(3, 16), 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def _gradient(rng: np.random.Generator) -> np.ndarray:
    start, end = rng.uniform(0, 255, (2, 3))
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    angle = rng.uniform(0, np.pi / 2)
    along = np.clip(np.cos(angle) * x + np.sin(angle) * y, 0, 1)[..., None]
    return (start + (end - start) * along).astype(np.uint8)


def _document(rng: np.random.Generator) -> np.ndarray:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(page)
    for y in range(12, HEIGHT - 12, 13):
        line = " ".join(rng.choice(_WORDS, rng.integers(2, 6)))
        draw.text((14, y), line[:36], fill=(30, 30, 40))
    return np.asarray(page)


def _chart(rng: np.random.Generator) -> np.ndarray:
    chart = Image.new("RGB", (WIDTH, HEIGHT), (250, 250, 250))
    draw = ImageDraw.Draw(chart)
    colour = tuple(rng.integers(0, 200, 3).tolist())
    for position in range(8):
        left = 20 + position * 26
        draw.rectangle((left, rng.integers(20, 150), left + 16, 160), fill=colour)
    draw.line((15, 160, 230, 160), fill="black", width=2)
    return np.asarray(chart)


def _stripes(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 40)
    wave = np.sin((np.cos(angle) * x + np.sin(angle) * y) * 2 * np.pi / period)[..., None]
    light, dark = rng.integers(0, 256, (2, 3))
    return np.where(wave > 0, light, dark).astype(np.uint8)


def _face(rng: np.random.Generator) -> np.ndarray:
    picture = Image.new("RGB", (WIDTH, HEIGHT), tuple(rng.integers(60, 220, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    x, y, r = rng.integers(100, 140), rng.integers(80, 100), rng.integers(50, 75)
    skin = np.array([230, 190, 160]) * rng.uniform(0.5, 1)
    draw.ellipse((x - r, y - r * 1.2, x + r, y + r * 1.2), fill=tuple(skin.astype(int).tolist()))
    for side in (-1, 1):
        eye = x + side * r * 0.4
        draw.ellipse((eye - 9, y - 22, eye + 9, y - 10), fill="white")
        draw.ellipse((eye - 4, y - 20, eye + 4, y - 12), fill=(40, 40, 60))
    draw.arc((x - r * 0.5, y + 5, x + r * 0.5, y + r * 0.7), 20, 160, fill=(150, 40, 50), width=4)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(1)))


def _flowers(rng: np.random.Generator) -> np.ndarray:
    meadow = Image.new("RGB", (WIDTH, HEIGHT), (70, 140, 60))
    draw = ImageDraw.Draw(meadow)
    for _ in range(30):
        x, y, r = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), rng.integers(5, 14)
        petal = tuple(rng.integers(120, 256, 3).tolist())
        for angle in np.arange(0, 2 * np.pi, np.pi / 3):
            px, py = x + r * np.cos(angle), y + r * np.sin(angle)
            draw.ellipse((px - r * 0.6, py - r * 0.6, px + r * 0.6, py + r * 0.6), fill=petal)
        draw.ellipse((x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), fill=(240, 200, 40))
    return np.asarray(meadow)


def _mountains(rng: np.random.Generator) -> np.ndarray:
    sky = _gradient(rng)
    picture = Image.fromarray(sky)
    draw = ImageDraw.Draw(picture)
    for depth in range(3):
        tops = rng.integers(40 + 35 * depth, 90 + 35 * depth, 9)
        ridge = [(position * WIDTH // 8, int(top)) for position, top in enumerate(tops)]
        shade = tuple((np.array([90, 110, 130]) - 28 * depth).tolist())
        draw.polygon([(0, HEIGHT), *ridge, (WIDTH, HEIGHT)], fill=shade)
    return np.asarray(picture)


_KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "cloudy noise": _cloudy_noise,
    "gradient": _gradient,
    "document": _document,
    "chart": _chart,
    "stripes": _stripes,
    "face": _face,
    "flowers": _flowers,
    "mountains": _mountains,
}
