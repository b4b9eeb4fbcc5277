"""The yardstick: the same examples by `multiprocessing.Pool` and plain Albumentations, no Ray.

What a good engineer would write in an afternoon. One task is a chunk of files; a worker reads,
decodes, augments, labels and writes it, so nothing but a count travels between processes. It makes
no catalogue, no thumbnails, no record from which a version can be made again, and knows no rejects
and no near-duplicates.
"""

import hashlib
import io
import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A  # noqa: N812 - as in its own documentation
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

from .job import Job

CAMPAIGN_TYPES, INDUSTRIES = 9, 15
SENDS = 20
TARGETS = ("open_rate", "click_to_open_rate", "revenue_per_email", "conversion_rate")
_OF_THE_AUGMENTATION = TARGETS[:2]  # the others follow the vehicle type, which files do not tell
_HIGH, _LOW = 0.8, 0.2
_CONTEXT_STRENGTH = 0.5
_EFFECTS = np.random.default_rng(0).normal(size=(len(TARGETS), CAMPAIGN_TYPES, INDUSTRIES))

_PADDING = (124, 116, 104)
_CHUNK_FILES = 256
_SPLITS = (("test", 0.2), ("validation", 0.35), ("train", 1.0))  # and where each ends

Row = dict[str, Any]
Chunk = tuple[int, list[Path]]  # its number, and its files


def examples(job: Job) -> int:
    """Write labelled examples, an original and an augmented version per file; how many there are.

    Output: split={train,validation,test}/part-N.parquet.
    """
    return _files_in_pool(job, partial(_write_chunk, job))


def decode_only(job: Job) -> int:
    """The floor: read and decode every file to working size, and nothing else."""
    return _files_in_pool(job, partial(_decode_chunk, job))


def _files_in_pool(job: Job, work: Callable[[Chunk], int]) -> int:
    files = sorted(Path(str(job.images)).iterdir())
    return in_pool(job, work, files, chunk_size(len(files), job.workers))


def chunk_size(files: int, workers: int) -> int:
    """Files of a task: a few tasks per worker, none of them large."""
    return min(_CHUNK_FILES, math.ceil(files / (4 * workers)))


def in_pool(job: Job, work: Callable[[Chunk], int], files: list[Path], size: int) -> int:
    """The sum of `work` over numbered chunks of so many files."""
    chunks = [files[start : start + size] for start in range(0, len(files), size)]
    with Pool(job.workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        done = sum(pool.imap_unordered(work, enumerate(chunks)))
        pool.close()
        pool.join()  # so that the kernel has charged the workers' time to this process
    return done


def _decode_chunk(job: Job, chunk: Chunk) -> int:
    return sum(decode(file.read_bytes(), job.working_size_px).ndim == 3 for file in chunk[1])


def _write_chunk(job: Job, chunk: Chunk) -> int:
    number, files = chunk
    techniques, square = transforms(job.working_size_px), squarer(job.model_size_px)
    rows = [row for file in files for row in rows_of(file, job, techniques, square)]
    write_part(Path(job.output), number, rows)
    return len(rows)


def write_part(output: Path, number: int, rows: list[Row]) -> None:
    """Write a chunk's rows, a file per split."""
    for split, _ in _SPLITS:
        chosen = [row for row in rows if row["split"] == split]
        if not chosen:
            continue
        folder = output / f"split={split}"
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(chosen).drop_columns(["split"])
        pq.write_table(table, folder / f"part-{number:05d}.parquet")


def rows_of(
    file: Path, job: Job, techniques: dict[str, A.BasicTransform], square: A.Compose
) -> Iterator[Row]:
    """The original and one augmented version of a file, with their labels."""
    data = file.read_bytes()
    source_id = hashlib.sha256(data).hexdigest()
    pixels = decode(data, job.working_size_px)
    yield from versions_of(source_id, pixels, split_of(source_id), techniques, square)


def split_of(source_id: str) -> str:
    position = int(source_id[16:32], 16) / 2**64
    return next(name for name, end in _SPLITS if position < end)


def versions_of(
    source_id: str,
    pixels: np.ndarray,
    split: str,
    techniques: dict[str, A.BasicTransform],
    square: A.Compose,
) -> Iterator[Row]:
    """The original and one augmented version of decoded pixels, with their labels."""
    rng = np.random.default_rng(int(source_id[:16], 16))
    drawn = str(rng.choice(list(techniques)))
    techniques[drawn].set_random_seed(int(rng.integers(2**31)))
    changed = techniques[drawn](image=pixels)["image"]
    campaign, industry = int(rng.integers(CAMPAIGN_TYPES)), int(rng.integers(INDUSTRIES))
    for version, (technique, picture) in enumerate((("original", pixels), (drawn, changed))):
        yield {
            "example_id": f"{source_id}-{version}",
            "source_id": source_id,
            "version": version,
            "split": split,
            "augmentation_class": technique,
            "campaign_type": campaign,
            "industry": industry,
            "pixels": square(image=picture)["image"].tobytes(),
            **labels(technique, campaign, industry, rng),
        }


def decode(data: bytes, long_side: int) -> np.ndarray:
    """uint8 (H, W, 3) RGB at most `long_side` long, upright."""
    image = Image.open(io.BytesIO(data))
    scale = min(1.0, long_side / max(image.size))
    # The smallest of JPEG's own scales that still has enough pixels.
    image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    return shrink(pixels, long_side)


def shrink(pixels: np.ndarray, long_side: int) -> np.ndarray:
    """The longer side at most `long_side`."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (round(width * scale), round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def labels(technique: str, campaign: int, industry: int, rng: np.random.Generator) -> Row:
    """k of n for the four targets, and the true probability."""
    drawn: Row = {}
    for number, target in enumerate(TARGETS):
        follows = target in _OF_THE_AUGMENTATION
        base = _HIGH if follows and technique in ("brighter", "rotate") else _LOW
        effect = _CONTEXT_STRENGTH * _EFFECTS[number, campaign, industry]
        probability = 1 / (1 + math.exp(-math.log(base / (1 - base)) - effect))
        clicks = target == "click_to_open_rate"
        sends = drawn["open_rate_k"] if clicks else SENDS
        drawn[f"{target}_k"] = int(rng.binomial(sends, probability))
        drawn[f"{target}_n"] = sends
        drawn[f"{target}_p"] = probability
    return drawn


def squarer(side: int) -> A.Compose:
    """Any picture -> uint8 (side, side, 3), aspect kept, edges padded."""
    return A.Compose(
        [
            A.LongestMaxSize(side, interpolation=cv2.INTER_LINEAR, area_for_downscale="image"),
            A.PadIfNeeded(side, side, border_mode=cv2.BORDER_CONSTANT, fill=_PADDING),
        ]
    )


def transforms(long_side: int) -> dict[str, A.BasicTransform]:
    """The same fifteen techniques with the same ranges as ours, each applied when it is called."""
    return {name: make() for name, make in _makers(long_side).items()}


def _makers(long_side: int) -> dict[str, Callable[[], A.BasicTransform]]:
    def odd(share: float) -> int:
        return max(3, 2 * round((share * long_side - 1) / 2) + 1)

    def light(low: float, high: float) -> A.BasicTransform:
        return A.RandomBrightnessContrast((low, high), (0, 0), p=1)

    reflect = cv2.BORDER_REFLECT_101
    shift = {"x": (-0.2, 0.2), "y": (-0.15, 0.15)}
    return {
        "horizontal_flip": lambda: A.HorizontalFlip(p=1),
        "vertical_flip": lambda: A.VerticalFlip(p=1),
        "gauss_noise": lambda: A.GaussNoise(std_range=(0.08, 0.18), p=1),
        "transpose": lambda: A.Transpose(p=1),
        "motion_blur": lambda: A.MotionBlur((odd(0.07), odd(0.12)), allow_shifted=False, p=1),
        "median_blur": lambda: A.MedianBlur((odd(0.05), odd(0.08)), p=1),
        "blur": lambda: A.Blur((odd(0.05), odd(0.09)), p=1),
        "shift_scale": lambda: A.Affine(
            translate_percent=shift, scale=(0.7, 1.3), border_mode=reflect, p=1
        ),
        "rotate": lambda: A.Affine(rotate=(-35, 35), border_mode=reflect, p=1),
        "clahe": lambda: A.CLAHE((4, 8), (4, 4), p=1),
        "sharpen": lambda: A.Sharpen((0.6, 0.95), (1, 1), p=1),
        "emboss": lambda: A.Emboss((0.6, 0.95), (0.8, 1.4), p=1),
        "brighter": lambda: light(0.2, 0.4),
        "darker": lambda: light(-0.4, -0.2),
        "hue_saturation_value": lambda: A.HueSaturationValue((-45, 45), (-40, 40), 0, p=1),
    }
