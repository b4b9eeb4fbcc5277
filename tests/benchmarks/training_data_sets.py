"""The same training images for every trainer: as written examples, as tensors and as files.

What a trainer finds in the job's data folder:
  workspace/catalogue, workspace/examples   what Ray Train reads
  images/CLASS/EXAMPLE.jpg                  the same training rows for torchvision's ImageFolder
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import torch
from torch import Tensor

from emailimg import encoder, pixel_columns, splits, storage, taxonomy
from emailimg.encoder_spec import EncoderSpec

from . import measure
from .job import Job

# A JPEG file is decoded in a third of the time of a PNG: the cheaper of what people keep.
_JPEG_OPTIONS = [cv2.IMWRITE_JPEG_QUALITY, 95]
_ATTRIBUTES = ("augmentation_class", "vehicle_type")
_BETWEEN = "--"  # the attributes in the name of a class
_UNKNOWN = "unknown"


def make(job: Job) -> None:
    """Render and augment the showroom and write the image folder, before any clock runs."""
    workspace = Path(str(job.data), "workspace")
    workspace.mkdir(parents=True)
    measure.run("ours", replace(job, output=str(workspace)))
    write_image_folder(job)


def inputs(job: Job) -> tuple[str, str]:
    """Folders of the catalogue and of the examples."""
    workspace = storage.join(str(job.data), "workspace")
    return storage.join(workspace, "catalogue"), storage.join(workspace, "examples")


def image_folder(job: Job) -> Path:
    return Path(str(job.data), "images")


def spec(job: Job, arch: str) -> EncoderSpec:
    """The network that the encoder stage trains on these examples."""
    found = set(_training_rows(job).to_table(["vehicle_type"])["vehicle_type"].to_pylist())
    heads = {"augmentation_class": taxonomy.AUGMENTATION_CLASSES}
    types = tuple(name for name in taxonomy.VEHICLE_TYPES if name in found)
    if len(types) > 1:
        heads["vehicle_type"] = types
    return EncoderSpec(arch, job.model_size_px, heads)


def tensors(job: Job, wanted: EncoderSpec) -> tuple[Tensor, dict[str, Tensor]]:
    """The training rows: uint8 (N, S, S, 3), and per head int64 (N,)."""
    rows = _training_rows(job).to_table(["pixels", *wanted.heads])
    pixels = pixel_columns.squares(rows["pixels"], job.model_size_px)
    columns = {head: rows[head].to_pylist() for head in wanted.heads}
    return torch.from_numpy(pixels.copy()), _targets(wanted, columns)


def write_image_folder(job: Job) -> None:
    """The training rows as high-quality JPEG files, in a folder per combination of attributes."""
    for batch in _training_rows(job).to_batches(["pixels", "example_id", *_ATTRIBUTES]):
        for picture, example_id, attributes in _pictures(batch, job.model_size_px):
            folder = image_folder(job) / _BETWEEN.join(attributes)
            folder.mkdir(parents=True, exist_ok=True)
            bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / f"{example_id}.jpg"), bgr, _JPEG_OPTIONS)


def targets_of_classes(wanted: EncoderSpec, classes: Sequence[str]) -> dict[str, Tensor]:
    """For the names of an image folder's C classes, per head int64 (C,)."""
    named = [dict(zip(_ATTRIBUTES, name.split(_BETWEEN), strict=True)) for name in classes]
    return _targets(wanted, {head: [name[head] for name in named] for head in wanted.heads})


def _targets(wanted: EncoderSpec, columns: dict[str, list[str]]) -> dict[str, Tensor]:
    found = encoder.attribute_targets(wanted, columns)
    return {head: torch.from_numpy(values) for head, values in found.items()}


def _training_rows(job: Job) -> pads.Dataset:
    _, examples = inputs(job)
    return pads.dataset(splits.folder(examples, "train"), format="parquet")


def _pictures(
    batch: pa.RecordBatch, side_px: int
) -> Iterator[tuple[np.ndarray, str, tuple[str, ...]]]:
    """Pixels uint8 (S, S, 3), example id and attributes of every row."""
    attributes = [
        [name or _UNKNOWN for name in batch[column].to_pylist()] for column in _ATTRIBUTES
    ]
    pixels = pixel_columns.squares(batch["pixels"], side_px)
    yield from zip(
        pixels, batch["example_id"].to_pylist(), zip(*attributes, strict=True), strict=True
    )
