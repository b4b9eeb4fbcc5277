"""Columns of pictures in Arrow tables, as NumPy arrays that share the table's memory."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

_NOTHING = np.empty(0, np.uint8)


def table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows whose `pixels` are arrays uint8 (H, W, 3), or missing, with the bytes copied once."""
    others = pa.Table.from_pylist(rows, schema=schema.remove(schema.get_field_index("pixels")))
    pixels = _column([row.get("pixels") for row in rows])
    return others.append_column("pixels", pixels).select(schema.names)


def _column(pictures: Sequence[np.ndarray | None]) -> pa.LargeBinaryArray:
    """Pictures uint8 of any size -> a row of bytes each, copied once; None gives an empty row."""
    flat = [_NOTHING if picture is None else picture.reshape(-1) for picture in pictures]
    ends = np.cumsum([len(values) for values in flat], dtype=np.int64)
    offsets = pa.py_buffer(np.concatenate([[0], ends]).astype(np.int64))
    values = pa.py_buffer(np.concatenate([_NOTHING, *flat]))
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(flat), [None, offsets, values])


def squares(column: pa.ChunkedArray | pa.Array, side_px: int) -> np.ndarray:
    """Pictures of one size, as bytes -> uint8 (N, side_px, side_px, 3), without a copy per row."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not len(column):
        return np.empty((0, side_px, side_px, 3), np.uint8)
    start, *_, end = _offsets(column)
    return _values(column)[start:end].reshape(-1, side_px, side_px, 3)


def pictures(
    column: pa.ChunkedArray | pa.Array, heights: list[int], widths: list[int]
) -> Iterator[np.ndarray]:
    """Pictures of any size, as bytes -> a read-only uint8 (H, W, 3) each, not copied."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    sizes = zip(heights, widths, strict=True)
    for chunk in chunks:
        if not len(chunk):
            continue
        offsets, values = _offsets(chunk).tolist(), _values(chunk)
        for start, end in itertools.pairwise(offsets):
            yield values[start:end].reshape(*next(sizes), 3)


def _offsets(array: pa.Array) -> np.ndarray:
    """Where each row's bytes begin, and where the last one's end, int32 or int64 (N + 1,)."""
    # Arrow does not promise that the first row's bytes begin at zero.
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    offsets = np.frombuffer(array.buffers()[1], width, count=array.offset + len(array) + 1)
    return offsets[array.offset :]


def _values(array: pa.Array) -> np.ndarray:
    values = np.frombuffer(array.buffers()[2], np.uint8)
    values.flags.writeable = False  # a table that others hold as well
    return values
