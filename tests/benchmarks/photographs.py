"""JPEG files that cost what photographs cost, made from nothing but a seed.

A field of soft colours, some hard-edged shapes in front of it, and grain whose strength differs
from place to place: 60 to 90 kB at 640 pixels, as a photograph has. Every fourth lies on its side
and says so in its EXIF data, as phones do it. Equal seeds give equal files; different seeds give
pictures that are no near-duplicates of each other.
"""

import multiprocessing
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

_QUALITY = 87
_TEXTURE_SIDE = 2048
_SHAPES = 14
_ORIENTATION, _ROTATED = 0x0112, 6


def make(folder: Path, count: int, long_side: int, workers: int) -> None:
    """Write `count` JPEG files to the folder."""
    folder.mkdir(parents=True)
    # Not by fork: where OpenCV has run before, it would wait forever for threads that are missing.
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        write = partial(_write, folder, long_side)
        for _ in pool.imap_unordered(write, range(count), chunksize=32):
            pass


def jpeg(seed: int, long_side: int) -> bytes:
    """The file of one picture."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, encoded = cv2.imencode(".jpg", picture(seed, long_side), options)
    data = encoded.tobytes()
    return _with_orientation(data) if seed % 4 == 3 else data


def picture(seed: int, long_side: int) -> np.ndarray:
    """uint8 (H, W, 3): longer side `long_side`, aspect 4:3."""
    rng = np.random.default_rng(seed)
    height, width = round(long_side * 3 / 4), long_side
    pixels = _soft_colours(rng, height, width)
    for _ in range(_SHAPES):
        _draw_shape(pixels, rng)
    return _add_grain(pixels, rng)


def _soft_colours(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    coarse = rng.integers(30, 226, (5, 7, 3), dtype=np.uint8)
    fine = rng.integers(0, 60, (24, 32, 3), dtype=np.uint8)
    base = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(base, cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR))


def _draw_shape(pixels: np.ndarray, rng: np.random.Generator) -> None:
    """An ellipse or a polygon, filled, with smooth edges."""
    height, width = pixels.shape[:2]
    colour = rng.integers(0, 256, 3).tolist()
    x, y = int(rng.integers(width)), int(rng.integers(height))
    axes = rng.integers(width // 60, width // 7, 2).tolist()
    if rng.random() < 0.5:
        cv2.ellipse(pixels, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, 16)
    else:
        corners = rng.normal(0, max(axes), (5, 2)) + np.array([x, y])
        cv2.fillPoly(pixels, [corners.astype(np.int32)], colour, 16)


def _add_grain(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Texture that is strong in some places and hardly there in others."""
    height, width = pixels.shape[:2]
    texture = _texture(max(height, width))
    top, left = (int(rng.integers(len(texture) - side)) for side in (height, width))
    patch = texture[top : top + height, left : left + width]
    strength = rng.uniform(0.1, 1.4, (6, 8)).astype(np.float32)
    strength = cv2.resize(strength, (width, height), interpolation=cv2.INTER_LINEAR)
    grain = cv2.multiply(patch, strength, dtype=cv2.CV_16S)
    return cv2.add(pixels, cv2.merge([grain] * 3), dtype=cv2.CV_8U)


@cache
def _texture(long_side: int) -> np.ndarray:
    """float32 (S, S), mean 0: noise at three scales, of which every picture takes another part."""
    side = max(_TEXTURE_SIDE, 2 * long_side)
    rng = np.random.default_rng(0)
    layers = []
    for coarseness, strength in ((1, 5.0), (2, 6.0), (4, 8.0)):
        noise = rng.normal(0, strength, (side // coarseness,) * 2).astype(np.float32)
        layers.append(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))
    return np.sum(layers, axis=0, dtype=np.float32)


def _with_orientation(data: bytes) -> bytes:
    """The JPEG file with an EXIF block that says that it lies on its side."""
    exif = Image.Exif()
    exif[_ORIENTATION] = _ROTATED
    content = exif.tobytes()
    start_of_image, rest = data[:2], data[2:]
    return start_of_image + b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content + rest


def _write(folder: Path, long_side: int, seed: int) -> None:
    (folder / f"{seed:06d}.jpg").write_bytes(jpeg(seed, long_side))
