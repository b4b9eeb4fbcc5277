"""ICC profiles made by hand: two real RGB spaces, a grey one and a toy CMYK one."""

import struct

import numpy as np

# Columns: the XYZ of red, green and blue under D50, as the profiles of these spaces hold them.
DISPLAY_P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
ADOBE_RGB = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
_WHITE = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries: np.ndarray, gamma: float) -> bytes:
    """primaries: (3, 3), one column each for red, green and blue; gamma: of all three."""
    tags = {f"{name}XYZ": _xyz(*primaries[:, i]) for i, name in enumerate("rgb")}
    return _profile("RGB ", "XYZ ", tags | {f"{name}TRC": _curve(gamma) for name in "rgb"})


def grey_profile(gamma: float) -> bytes:
    return _profile("GRAY", "XYZ ", {"kTRC": _curve(gamma)})


def cmyk_profile(paper: int, ink: int) -> bytes:
    """Any mixture is a neutral grey: `paper` without ink, `ink` with C, M or Y, black with K.

    paper, ink: lightness, L* from 0 to 100 as 0 to 255.
    """
    # Two steps of each ink, those of K varying fastest. Lab of neutral greys: a and b are 128.
    lightness = [0 if node % 2 else ink if node else paper for node in range(16)]
    nodes = b"".join(bytes([value, 128, 128]) for value in lightness)
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + identity * 4 + nodes + identity * 3
    return _profile("CMYK", "Lab ", {"A2B0": table})


def expected_srgb(pixels: np.ndarray, primaries: np.ndarray, gamma: float) -> np.ndarray:
    """uint8 (..., 3) in a profile's space -> the same colours in sRGB, unrounded."""
    light = (pixels / 255.0) ** gamma
    srgb = np.clip(light @ primaries.T @ np.linalg.inv(SRGB).T, 0, 1)
    return 255 * np.where(srgb <= 0.0031308, 12.92 * srgb, 1.055 * srgb ** (1 / 2.4) - 0.055)


def _profile(space: str, connection: str, tags: dict[str, bytes]) -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {"desc": description, "wtpt": _xyz(*_WHITE), "cprt": b"text\0\0\0\0none\0"} | tags
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s28s12s",
        *(start + len(body), b"test", 0x02400000, b"mntr", space.encode(), connection.encode()),
        *(bytes(12), b"acsp", bytes(28), struct.pack(">3i", *(_fixed(v) for v in _WHITE))),
    )
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", _fixed(x), _fixed(y), _fixed(z))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
