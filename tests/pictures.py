"""Pictures for the tests: asymmetric, smooth in places and detailed in others, in any format."""

import io
from typing import Any

import numpy as np
from PIL import Image


def picture(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """uint8 (H, W, 3) RGB: a gradient with a bright disc in one corner and a few dark bars."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    red = 40 + 150 * x / width
    green = 60 + 120 * y / height
    blue = 90 + 60 * np.sin(6 * x / width + 4 * y / height + seed)
    pixels = np.stack([red, green, blue], axis=2)
    disc = (x - 0.25 * width) ** 2 + (y - 0.3 * height) ** 2 < (0.15 * min(height, width)) ** 2
    pixels[disc] = (235, 200, 40)
    bars = (x > 0.6 * width) & (y > 0.5 * height) & (np.floor(x / (0.04 * width)) % 2 == 0)
    pixels[bars] = (20, 30, 110)
    return pixels.round().astype(np.uint8)


def encode(pixels: np.ndarray, image_format: str, **options: Any) -> bytes:
    """An array in any of Pillow's modes -> encoded bytes."""
    return encode_image(Image.fromarray(pixels), image_format, **options)


def encode_image(image: Image.Image, image_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in grey levels."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(float) - b.astype(float)).mean())
