"""Annotations of Stanford Cars: its MATLAB files as tables.

An annotation file holds a struct array `annotations` with a path (`relative_im_path` or `fname`),
and may hold a `class` id, a box (`bbox_x1`, ...) and, beside the array, the `class_names`.
"""

import io
import struct
import warnings
import zlib
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from scipy.io import loadmat
from scipy.io.matlab import MatReadWarning

from emailimg import storage
from emailimg.errors import SourceError

BOX_COLUMNS = ("box_x1", "box_y1", "box_x2", "box_y2")

_COMPRESSED = 15  # type of a variable in the file: miCOMPRESSED


def read_annotations(location: str, path_field: str, class_names: tuple[str, ...]) -> pd.DataFrame:
    """A row per annotated image: `path` as it is written, `class_name`, and the box.

    `class_name` is None without an id; the box is four columns of float64, NaN where there is none.
    path_field: `relative_im_path` or `fname`.
    class_names: those of the ids 1, 2, ..., unless the file brings its own.
    Raises SourceError, naming the file, when it is no such file, a class id has no name, or an
    image is annotated twice.
    """
    contents = _load(location)
    annotations = np.atleast_1d(contents.get("annotations", 0)).ravel()
    fields = annotations.dtype.names or ()
    if path_field not in fields or not len(annotations):
        raise SourceError(
            f"{location!r} has no struct array `annotations` with a field {path_field}; "
            f"found: {', '.join(fields) or 'no fields'}"
        )
    if "class_names" in contents:
        class_names = _texts(contents["class_names"], location)
    paths = [_path(text, location) for text in annotations[path_field]]
    twice = pd.Index(paths)[pd.Index(paths).duplicated()]
    if len(twice):
        raise SourceError(f"{location!r} annotates {twice[0]!r} more than once")
    ids = annotations["class"] if "class" in fields else [None] * len(paths)
    names = [
        _class_name(class_id, class_names, f"{location!r}, image {path!r}")
        for class_id, path in zip(ids, paths, strict=True)
    ]
    table = pd.DataFrame({"path": paths, "class_name": pd.Series(names, dtype=object)})
    return table.assign(**_boxes(annotations))


def read_class_names(location: str) -> tuple[str, ...]:
    """The names in a `cars_meta.mat`, by class id; raises SourceError when it holds none."""
    return _texts(_load(location).get("class_names", ()), location)


def _load(location: str) -> dict[str, Any]:
    wanted = ["annotations", "class_names"]
    try:
        data = storage.read_bytes(location)
        _check_whole(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error", MatReadWarning)  # a variable that would be left out
            return loadmat(io.BytesIO(data), squeeze_me=True, variable_names=wanted)
    except Exception as error:  # damaged bytes lead scipy's parser into errors of any kind
        raise SourceError(
            f"{location!r} cannot be read: {error or type(error).__name__}; "
            "accepted: MATLAB files of version 5 to 7.2"
        ) from None


def _check_whole(data: bytes) -> None:
    """Find damage before scipy's parser does, which it may crash; raises what says the damage.

    A file is a header and variables, each with its size; compressed ones, as all of Stanford's are,
    end in a checksum. Damage inside a variable that is not compressed is not found.
    """
    byte_order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if not data.startswith(b"MATLAB 5.0 MAT-file") or byte_order is None:
        raise ValueError(f"it starts with {data[:20]!r}")
    position = 128
    while position < len(data):
        kind, size = struct.unpack_from(f"{byte_order}II", data, position)
        start, position = position + 8, position + 8 + size
        if position > len(data):
            raise ValueError("it is truncated")
        if kind == _COMPRESSED:
            zlib.decompress(data[start:position])


def _texts(values: Any, location: str) -> tuple[str, ...]:
    names = np.atleast_1d(values).ravel().tolist()
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise SourceError(f"{location!r} has no cell array `class_names` of the classes' names")
    return tuple(name.strip() for name in names)


def _path(text: Any, location: str) -> str:
    """A path below the data set; one that leads out of it is refused."""
    path = PurePosixPath(text.replace("\\", "/") if isinstance(text, str) else "")
    if not path.name or ".." in path.parts:
        raise SourceError(f"{location!r} names an image {text!r}; accepted: a path like 00001.jpg")
    return str(path)


def _class_name(class_id: Any, names: tuple[str, ...], where: str) -> str | None:
    """Name of a class; test annotations have no id, or an empty one."""
    if class_id is None or np.size(class_id) == 0:
        return None
    accepted = range(1, len(names) + 1)
    if isinstance(class_id, int | float) and class_id in accepted:
        return names[int(class_id) - 1]
    hint = ""
    if isinstance(class_id, int) and class_id + 256 in accepted:
        hint = f" ({class_id + 256} in a signed byte)"
    raise SourceError(f"{where}: class {class_id!r}{hint}; accepted: 1 to {len(names)}")


def _boxes(annotations: np.ndarray) -> dict[str, np.ndarray]:
    """Without all four fields there is no box."""
    fields = [f"b{column}" for column in BOX_COLUMNS]  # bbox_x1, ...
    if not set(fields) <= set(annotations.dtype.names or ()):
        return {column: np.full(len(annotations), np.nan) for column in BOX_COLUMNS}
    return {
        column: np.array([_number(value) for value in annotations[field]], np.float64)
        for column, field in zip(BOX_COLUMNS, fields, strict=True)
    }


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
