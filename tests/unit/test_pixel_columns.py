"""Pictures out of Arrow arrays, however these came about, without copies."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from emailimg import pixel_columns

SIDE = 4
ROWS = [bytes([i]) * (SIDE * SIDE * 3) for i in range(7)]


def shifted() -> pa.Array:
    """An array whose offsets do not begin at zero, as Arrow may make them."""
    offsets = np.arange(1, 8, dtype=np.int64) * SIDE * SIDE * 3
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(ROWS))]
    return pa.Array.from_buffers(pa.large_binary(), 6, buffers)


def whole(rows: list[bytes] = ROWS) -> pa.Array:
    return pa.array(rows, pa.large_binary())


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (whole(), range(7)),
        (whole().slice(2, 3), range(2, 5)),
        (whole().slice(2, 4).slice(1, 2), range(3, 5)),
        (shifted(), range(1, 7)),
        (whole().cast(pa.binary()).slice(3), range(3, 7)),
        (shifted().slice(2), range(3, 7)),
        (pa.chunked_array([whole(ROWS[:2]), whole(ROWS[2:])]), range(7)),
        (pa.chunked_array([whole(ROWS[:2]), whole(ROWS[2:])]).slice(1, 4), range(1, 5)),
        (pa.chunked_array([whole().slice(5)]), range(5, 7)),
        (pa.chunked_array([shifted().slice(1)]), range(2, 7)),
        (whole().take(pa.array([6, 0, 3])), [6, 0, 3]),
        (whole().filter(pa.array([i % 2 == 1 for i in range(7)])), [1, 3, 5]),
        (whole([]), []),
        (whole().slice(7), []),
        (pa.chunked_array([], pa.large_binary()), []),
    ],
)
def test_pixels_of_any_arrow_array(column: Any, expected: Any) -> None:
    pixels = pixel_columns.squares(column, SIDE)
    assert pixels.shape == (len(expected), SIDE, SIDE, 3)
    assert pixels.dtype == np.uint8
    assert pixels[:, 0, 0, 0].tolist() == list(expected)
    assert (pixels == pixels[:, :1, :1, :1]).all()


def test_pixels_are_not_copied_row_by_row() -> None:
    array = whole()
    data = np.frombuffer(array.buffers()[2], np.uint8)
    assert np.shares_memory(pixel_columns.squares(array, SIDE), data)


def test_pictures_of_several_sizes() -> None:
    sizes = [(2, 3), (4, 1), (1, 1), (5, 2)]
    arrays = [np.full((*size, 3), i, np.uint8) for i, size in enumerate(sizes)]
    column = pa.array([array.tobytes() for array in arrays], pa.large_binary())
    for start in range(len(sizes)):
        for rows in (column.slice(start), pa.chunked_array([column.slice(start, 1)])):
            chosen = sizes[start : start + len(rows)]
            found = list(pixel_columns.pictures(rows, *map(list, zip(*chosen, strict=True))))
            for picture, expected in zip(found, arrays[start:], strict=False):
                np.testing.assert_array_equal(picture, expected)
                assert not picture.flags.writeable
            assert len(found) == len(rows)
    assert np.shares_memory(
        next(pixel_columns.pictures(column, [2, 4, 1, 5], [3, 1, 1, 2])),
        np.frombuffer(column.buffers()[2], np.uint8),
    )
    assert list(pixel_columns.pictures(column.slice(4), [], [])) == []


def test_tables_are_made_of_rows_with_and_without_pictures() -> None:
    pictures = [
        np.full((2, 3, 3), 7, np.uint8),
        None,
        np.arange(48, dtype=np.uint8).reshape(4, 4, 3),
    ]
    rows = [{"name": str(i), "pixels": p} for i, p in enumerate(pictures) if p is not None]
    rows.insert(1, {"name": "none"})
    schema = pa.schema([("pixels", pa.large_binary()), ("name", pa.string()), ("x", pa.int32())])
    table = pixel_columns.table(rows, schema)
    assert table.schema == schema
    assert table["pixels"].to_pylist() == [b"" if p is None else p.tobytes() for p in pictures]
    assert table["name"].to_pylist() == ["0", "none", "2"]
    table.validate(full=True)
    assert pixel_columns.table([], schema).num_rows == 0
