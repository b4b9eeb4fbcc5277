"""The fair yardstick: a plain Pool that makes all that our two stages make, in two passes as well.

The split needs every image's perceptual hash, so nobody can do with one pass: the first decodes
and writes catalogue rows with working pixels and thumbnails, the second reads these and writes
examples. It still knows no rejects and no attributes, and nothing can go on after an interruption.
"""

import hashlib
import io
import math
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

from emailimg import near_duplicates
from emailimg.config import SplitConfig

from .job import Job
from .plain_pool import (
    chunk_size,
    in_pool,
    shrink,
    split_of,
    squarer,
    transforms,
    versions_of,
    write_part,
)

_THUMBNAIL_PX = 320
_GROUP_ROWS = 256


def catalogue_and_examples(job: Job) -> int:
    """Write a catalogue and labelled examples; how many examples there are.

    Output: images/part-N.parquet and split={train,validation,test}/part-N.parquet.
    """
    files = sorted(Path(str(job.images)).iterdir())
    size = chunk_size(len(files), job.workers)
    images = Path(job.output) / "images"
    images.mkdir()
    in_pool(job, partial(_describe_chunk, images, job.working_size_px), files, size)
    parts = sorted(images.iterdir())
    described = pq.read_table(images, columns=["image_id", "perceptual_hash"]).to_pydict()
    leaders = near_duplicates.leaders(*described.values(), SplitConfig().near_duplicate_bits)
    return in_pool(job, partial(_augment_chunk, job, leaders), parts, 1)


def _describe_chunk(folder: Path, working_size_px: int, chunk: tuple[int, list[Path]]) -> int:
    number, files = chunk
    rows = [_describe(file, working_size_px) for file in files]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / f"part-{number:05d}.parquet", _GROUP_ROWS, use_dictionary=False)
    return len(rows)


def _describe(file: Path, working_size_px: int) -> dict[str, Any]:
    data = file.read_bytes()
    large = _decode(data, max(working_size_px, _THUMBNAIL_PX))
    pixels = shrink(large, working_size_px)
    thumbnail = cv2.cvtColor(shrink(large, _THUMBNAIL_PX), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", thumbnail, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return {
        "file": str(file),
        "image_id": hashlib.sha256(data).hexdigest(),
        "perceptual_hash": near_duplicates.perceptual_hash(pixels),
        "thumbnail": encoded.tobytes(),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
        "pixels": pixels.tobytes(),
    }


def _decode(data: bytes, long_side: int) -> np.ndarray:
    """uint8 (H, W, 3) RGB, upright, at the smallest JPEG scale with so many pixels."""
    image = Image.open(io.BytesIO(data))
    scale = min(1.0, long_side / max(image.size))
    image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _augment_chunk(job: Job, leaders: dict[str, str], chunk: tuple[int, list[Path]]) -> int:
    number, [part] = chunk
    table = pq.read_table(
        part, columns=["image_id", "height", "width", "pixels"], use_threads=False
    )
    techniques, square = transforms(job.working_size_px), squarer(job.model_size_px)
    rows = []
    for row in table.to_pylist():
        shape = (row["height"], row["width"], 3)
        pixels = np.frombuffer(row["pixels"], np.uint8).reshape(shape)
        split = split_of(leaders.get(row["image_id"], row["image_id"]))
        rows += versions_of(row["image_id"], pixels, split, techniques, square)
    write_part(Path(job.output), number, rows)
    return len(rows)
