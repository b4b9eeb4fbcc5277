"""Pictures made to break what reads them: damaged, spliced, lying about their size.

All from a seed. They are real files of every accepted format, changed; so that the damage reaches
beyond the header, most keep their first bytes.
"""

import functools
import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms
from png_files import png_file

_SIDE = 48
_WITH_EXIF = ("JPEG", "PNG", "WEBP")


@functools.cache
def originals() -> dict[str, bytes]:
    """Valid files by name: each format with what it can carry."""
    rng = np.random.default_rng(7)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    rgb = Image.fromarray(small).resize((_SIDE, _SIDE - 8), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation, so that EXIF is written again while decoding
    turned.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    others = [rgb.rotate(90), rgb.rotate(180)]
    grey16 = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    return {
        "jpeg": _saved(rgb, "JPEG"),
        "progressive": _saved(rgb, "JPEG", progressive=True, exif=turned, icc_profile=profile),
        "cmyk": _saved(rgb.convert("CMYK"), "JPEG"),
        "mpo": _saved(rgb, "MPO", save_all=True, append_images=others),
        "png": _saved(rgb.convert("RGBA"), "PNG", exif=turned, icc_profile=profile),
        "png16": _saved(grey16, "PNG"),
        "palette": _saved(rgb.convert("P"), "PNG", transparency=3),
        "apng": _saved(rgb, "PNG", save_all=True, append_images=others),
        "webp": _saved(rgb.convert("RGBA"), "WEBP", exif=turned, icc_profile=profile),
        "lossless": _saved(rgb, "WEBP", lossless=True),
        "animation": _saved(rgb, "WEBP", save_all=True, append_images=others),
        "gif": _saved(rgb, "GIF", save_all=True, append_images=others),
        **{f"{kind} with odd EXIF": _saved(rgb, kind, exif=_odd_exif()) for kind in _WITH_EXIF},
    }


def damaged(seed: int, each: int) -> Iterator[tuple[str, bytes]]:
    """`each` files, by what was done to which."""
    files = originals()
    names = list(files)
    for number, (name, data) in enumerate(files.items()):
        for turn in range(each):
            rng = np.random.default_rng([seed, number, turn])
            how = list(_DAMAGES)[turn % len(_DAMAGES)]
            other = files[names[rng.integers(len(names))]]
            yield f"{name}: {how} {turn}", _DAMAGES[how](data, other, rng)


def polyglots() -> dict[str, bytes]:
    """Valid pictures that are something else as well; their pixels are all that may be used."""
    files = originals()
    page = b"<html><script>alert(document.domain)</script></html>"
    archive = b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18)
    return {
        "gif and html": files["gif"] + page,
        "jpeg and php": files["jpeg"] + b"<?php system($_GET['c']); ?>",
        "jpeg and zip": files["jpeg"] + archive,
        "png and zip": files["png"] + archive,
        "webp and html": files["webp"] + page,
        "html in a comment": _commented(files["jpeg"], page),
    }


@functools.cache
def bombs() -> dict[str, bytes]:
    """Small files that say they are huge, empty or endless."""
    huge = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    nothing = struct.pack(">IIBBBBB", 0, 0, 8, 2, 0, 0, 0)
    text = b"Comment\0\0" + zlib.compress(bytes(64 * 2**20), 9)
    usual = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    rows = (b"IDAT", zlib.compress(bytes(_SIDE * (_SIDE + 1))))
    endless = (b"IDAT", zlib.compress(bytes(64 * 2**20), 9))
    gif, end = originals()["gif"], (b"IEND", b"")
    lossless = originals()["lossless"]
    return {
        "huge png": png_file([(b"IHDR", huge), rows, end]),
        "png of no size": png_file([(b"IHDR", nothing), rows, end]),
        "png with a swollen text": png_file([(b"IHDR", usual), (b"zTXt", text), rows, end]),
        "png with a swollen profile": png_file([(b"IHDR", usual), (b"iCCP", text), rows, end]),
        "png with more rows than it says": png_file([(b"IHDR", usual), endless, end]),
        "huge gif": gif[:6] + struct.pack("<HH", 65_535, 65_535) + gif[10:],
        "gif of no size": gif[:6] + bytes(4) + gif[10:],
        "gif of many frames": _many_frames(),
        "huge webp": lossless[:21] + b"\xff\xff\xff\x0f" + lossless[25:],
        "huge jpeg": _resized_jpeg(originals()["jpeg"], 65_500),
        "jpeg of no size": _resized_jpeg(originals()["jpeg"], 0),
        "jpeg of many scans": jpeg_of_scans(7000, 15_000),
    }


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _odd_exif() -> bytes:
    """Turned, by somebody whose camera is called 3/2."""
    orientation, make, short, rational = 0x0112, 0x010F, 3, 5
    behind = 8 + 2 + 2 * 12 + 4
    return (
        b"Exif\0\0II*\0"
        + struct.pack("<IH", 8, 2)
        + struct.pack("<HHII", make, rational, 1, behind)
        + struct.pack("<HHIHxx", orientation, short, 1, 6)
        + struct.pack("<I", 0)
        + struct.pack("<II", 3, 2)
    )


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """A grey progressive JPEG whose scans are all empty but the first, which nearly is."""

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    table = bytes([1] + [0] * 15) + b"\0"  # of a single code
    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    start = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC2, frame)
    start += segment(0xC4, b"\x00" + table) + segment(0xC4, b"\x10" + table)
    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + b"\0"
    others = (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + b"\0") * (scans - 1)
    return b"\xff\xd8" + start + first + others + b"\xff\xd9"


def _many_frames() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (500, _SIDE, _SIDE), np.uint8)
    first, *others = map(Image.fromarray, noise)
    return _saved(first, "GIF", save_all=True, append_images=others)


def _resized_jpeg(data: bytes, side: int) -> bytes:
    start = data.index(b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", side, side) + data[start + 4 :]


def _commented(data: bytes, comment: bytes) -> bytes:
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[2:]


def _cut(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(1, len(data))]


def _flip_bits(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(8, len(data), rng.integers(1, 12)):
        changed[place] ^= 1 << rng.integers(8)
    return bytes(changed)


def _spoil_start(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Where the tables are: sizes, offsets, EXIF, profiles."""
    changed = bytearray(data)
    for place in rng.integers(8, min(len(data), 400), rng.integers(1, 8)):
        changed[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
    return bytes(changed)


def _splice(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(8, len(data))] + other[rng.integers(0, len(other)) :]


def _repeat(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(8, len(data), 2))
    return data[:end] + data[start:end] * int(rng.integers(1, 20)) + data[end:]


def _drop(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    start = rng.integers(8, len(data))
    return data[:start] + data[start + rng.integers(1, 64) :]


_DAMAGES = {
    "cut": _cut,
    "flipped bits": _flip_bits,
    "spoilt start": _spoil_start,
    "spliced": _splice,
    "repeated": _repeat,
    "dropped": _drop,
}
