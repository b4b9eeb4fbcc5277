"""Which format an image has by its first bytes, whatever its name: accepted ones, and others.

The others are known so that a refusal can name them: a photo from a phone is HEIC without its
owner knowing the word.
"""

import re

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
ACCEPTED = "accepted: JPEG, PNG, WebP, GIF"

_STARTS = {
    b"II*\0": "TIFF images",
    b"MM\0*": "TIFF images",
    b"II+\0": "TIFF images",
    b"MM\0+": "TIFF images",
    b"8BPS": "PSD (Photoshop) images",
    b"%PDF-": "PDF documents",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000 images",
    b"\xff\x4f\xff\x51": "JPEG 2000 images",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL images",
    b"\xff\x0a": "JPEG XL images",
}
# Two letters alone would be any text that starts with BMW: then four bytes of size, two reserved
# fields of zero, an offset, and the size of a header that is one of a few.
_BMP = re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0{3}", re.DOTALL)
_ICO = re.compile(rb"\0\0[\1\2]\0[^\0]\0.{3}\0", re.DOTALL)  # icons, cursors
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:svg|(?:\?xml|!DOCTYPE svg|!--).{0,2000}?<svg)", re.DOTALL
)

# ISO base media files say in `ftyp` what they are for, in words of four letters.
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_QUICKTIME_ATOMS = {b"moov", b"mdat", b"wide", b"pnot"}  # films older than `ftyp` start with these


def other_format(data: bytes) -> str | None:
    """A known format that is not accepted, in the plural, e.g. "HEIC images"; None for any other.

    Looks at the first bytes only, and never at a name.
    """
    for start, name in _STARTS.items():
        if data.startswith(start):
            return name
    for pattern, name in ((_BMP, "BMP images"), (_ICO, "ICO images"), (_SVG, "SVG images")):
        if pattern.match(data):
            return name
    if data[4:8] == b"ftyp":
        return _media_file(data)
    return "QuickTime videos" if data[4:8] in _QUICKTIME_ATOMS else None


def _media_file(data: bytes) -> str:
    """HEIC, AVIF and films are the same kind of file; the brands tell which."""
    end = min(int.from_bytes(data[:4], "big"), 512)
    # Major brand, its version, then the compatible ones. Photos may have the general `mif1` first.
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF images"
    if brands & _HEIC_BRANDS:
        return "HEIC images"
    if brands & _HEIF_BRANDS:
        return "HEIF images"
    if data[8:12] == b"crx ":
        return "camera raw images"
    return "QuickTime videos" if data[8:12] == b"qt  " else "MP4 videos"
