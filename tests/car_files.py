"""Files of Stanford Cars, written as MATLAB writes them."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pictures import encode, picture
from scipy.io import savemat

BOX_FIELDS = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")

Annotation = dict[str, Any]


def annotation(path_field: str, path: str, class_id: Any = None, box: Any = None) -> Annotation:
    """Fields in the order of the devkit; without a class id or a box, without these fields."""
    fields: Annotation = dict(zip(BOX_FIELDS, box, strict=True)) if box is not None else {}
    if class_id is not None:
        fields["class"] = class_id
    return fields | {path_field: path}


def mat(compressed: bool = True, **variables: Any) -> bytes:
    """A MATLAB 5 file; the published ones are compressed."""
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


def annotations(rows: Sequence[Annotation], **variables: Any) -> bytes:
    """A struct array of 1 x N; numbers are 1 x 1 arrays of the smallest type, as in the devkit."""
    fields = [(name, object) for name in rows[0]]
    array = np.empty((1, len(rows)), dtype=fields)
    for i, row in enumerate(rows):
        array[0, i] = tuple(map(_value, row.values()))
    return mat(annotations=array, **variables)


def class_names(names: Sequence[str]) -> np.ndarray:
    """A cell array of 1 x N."""
    array = np.empty((1, len(names)), dtype=object)
    array[0] = names
    return array


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_images(folder: Path, names: Sequence[str]) -> None:
    for seed, name in enumerate(names):
        write(folder / name, encode(picture(32, 40, seed), "JPEG"))


def _value(value: Any) -> Any:
    if isinstance(value, int):
        return np.array([[value]], np.min_scalar_type(value))
    return value
