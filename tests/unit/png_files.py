"""PNG files written chunk by chunk, for the kinds that Pillow and OpenCV only read."""

import struct
import zlib
from collections.abc import Iterable

import numpy as np

_BANDS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: grey, RGB, palette, grey + alpha, RGBA
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
_PASSES = (*_ADAM7, (0, 1, 1, 2))  # first column, first row, steps between columns and rows


def png(
    values: np.ndarray,
    colour_type: int,
    depth: int,
    *,
    interlaced: bool = False,
    chunks: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """values: (H, W) or (H, W, bands), below 2 ** depth; chunks: names and data of further ones."""
    height, width = values.shape[:2]
    values = values.reshape(height, width, _BANDS[colour_type])
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    body = b"".join(_rows(values[y::dy, x::dx], depth) for x, y, dx, dy in passes)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    return png_file([(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(body)), (b"IEND", b"")])


def png_file(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(values: np.ndarray, depth: int) -> bytes:
    """Rows without filters, of whole bytes each."""
    if values.size == 0:
        return b""
    bits = (values[..., None].astype(int) >> np.arange(depth)[::-1]) & 1
    packed = np.packbits(bits.reshape(len(values), -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)
