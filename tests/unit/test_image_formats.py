"""Formats that are refused by name, told by their first bytes; accepted ones are no such format."""

import pytest
from pictures import encode, picture

from emailimg import image_formats, images
from emailimg.config import ImageConfig
from emailimg.errors import ImageError


def media_file(major: bytes, *compatible: bytes) -> bytes:
    """The start of an ISO base media file, and a second box."""
    brands = major + bytes(4) + b"".join(compatible)
    return (len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands + b"\0\0\0\x08free" + bytes(900)


REFUSED = {
    "heic": (media_file(b"heic", b"mif1", b"heic"), "HEIC images"),
    "heic from a phone": (media_file(b"mif1", b"mif1", b"MiHE", b"heic"), "HEIC images"),
    "10 bit heic": (media_file(b"heix", b"mif1"), "HEIC images"),
    "burst of heic": (media_file(b"msf1", b"hevc", b"iso8"), "HEIC images"),
    "other heif": (media_file(b"mif1", b"miaf"), "HEIF images"),
    "avif": (encode(picture(), "AVIF"), "AVIF images"),
    "general avif": (media_file(b"mif1", b"avif", b"miaf"), "AVIF images"),
    "avif sequence": (media_file(b"avis", b"msf1", b"iso8"), "AVIF images"),
    "canon raw": (media_file(b"crx ", b"isom"), "camera raw images"),
    "mp4": (media_file(b"isom", b"iso2", b"avc1", b"mp41"), "MP4 videos"),
    "3gp": (media_file(b"3gp5"), "MP4 videos"),
    "quicktime": (media_file(b"qt  "), "QuickTime videos"),
    "old quicktime": (b"\0\0\x10\0moov\0\0\0\x6cmvhd" + bytes(200), "QuickTime videos"),
    "bmp": (encode(picture(), "BMP"), "BMP images"),
    "tiff": (encode(picture(), "TIFF"), "TIFF images"),
    "big-endian tiff": (b"MM\0*\0\0\0\x08" + bytes(200), "TIFF images"),
    "big tiff": (b"II+\0\x08\0\0\0" + bytes(200), "TIFF images"),
    "psd": (b"8BPS\0\x01" + bytes(200), "PSD (Photoshop) images"),
    "pdf": (b"%PDF-1.7\n" + bytes(200), "PDF documents"),
    "jpeg 2000": (encode(picture(), "JPEG2000"), "JPEG 2000 images"),
    "jpeg 2000 stream": (encode(picture(), "JPEG2000", no_jp2=True), "JPEG 2000 images"),
    "jpeg xl": (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl " + bytes(200), "JPEG XL images"),
    "jpeg xl stream": (b"\xff\x0a\xfa\x1f" + bytes(200), "JPEG XL images"),
    "ico": (encode(picture(), "ICO"), "ICO images"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG images"),
    "svg with prolog": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "SVG images"),
    "svg with doctype": (b"\n<!DOCTYPE svg PUBLIC 'x'><svg/>", "SVG images"),
}


@pytest.mark.parametrize(("data", "name"), REFUSED.values(), ids=REFUSED)
def test_other_formats_are_refused_by_name(data: bytes, name: str) -> None:
    assert image_formats.other_format(data) == name
    for refuse in (images.decode, images.probe, images.read_rgb):
        with pytest.raises(ImageError) as caught:
            refuse(data, ImageConfig())
        assert caught.value.reason == "unsupported_format"
        assert str(caught.value) == (
            f"{name} are not accepted; accepted: JPEG, PNG, WebP, GIF "
            "(save the picture as one of these)"
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BM",
        b"BMW sells cars, and this is a text about them that goes on for a while",
        b"<html><body><svg/></body></html>",
        b"<?xml version='1.0'?><feed/>",
        b"II",
        b"\0\0\1\0",
        b"\0\0\0\x18ftyp"[:7],
        bytes(1000),
        encode(picture(), "PPM"),
        b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)
def test_anything_else_is_no_known_format(data: bytes) -> None:
    assert image_formats.other_format(data) is None


@pytest.mark.parametrize("image_format", image_formats.FORMATS)
def test_accepted_formats_are_not_among_the_others(image_format: str) -> None:
    assert image_formats.other_format(encode(picture(), image_format)) is None


@pytest.mark.parametrize("length", [0, 3, 4, 7, 8, 11, 12, 15])
def test_a_short_file_is_no_trouble(length: int) -> None:
    for data, _ in REFUSED.values():
        image_formats.other_format(data[:length])
