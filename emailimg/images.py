"""Decoding, and the one preprocessing that training and serving share.

`read_rgb` turns untrusted bytes into RGB, `to_working_size` bounds its longer side (augmentations
and edits happen at that size; `decode` is these two steps), `to_model_pixels` makes the square that
the encoder sees.
"""

import hashlib
import io
import math

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageChops, UnidentifiedImageError

from emailimg import jpeg_scans
from emailimg.colour import to_srgb
from emailimg.config import ImageConfig
from emailimg.errors import ImageError
from emailimg.image_formats import ACCEPTED, FORMATS, other_format

# Around the picture in the encoder's square: the middle of the range, and nobody's favourite paint.
_PADDING = (124, 116, 104)
# What makes a picture upright, by EXIF's orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def image_id(data: bytes) -> str:
    """SHA-256 of the encoded bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, limits: ImageConfig) -> np.ndarray:
    """Decode encoded bytes to uint8 (H, W, 3) RGB at most `working_size_px` long.

    Same pixels as `read_rgb` and `to_working_size` one after the other; same errors as `read_rgb`.
    """
    return to_working_size(read_rgb(data, limits), limits.working_size_px)


def read_rgb(data: bytes, limits: ImageConfig) -> np.ndarray:
    """Decode encoded bytes to uint8 (H, W, 3) RGB, large enough for working size and thumbnail.

    Its sides are those of the picture, or those of a reduced JPEG scale whose longer side still has
    `working_size_px` and `thumbnail_size_px`. EXIF rotation is applied, colours become
    sRGB, alpha is laid over white, of an animation the first frame is taken.
    Raises ImageError with reason `empty`, `too_many_bytes`, `unsupported_format` (a known format
    that is not accepted), `not_an_image`, `too_many_pixels`, `too_many_scans`, `too_small` or
    `truncated`.
    """
    image = _open(data, limits)
    try:
        _reduce(image, max(limits.working_size_px, limits.thumbnail_size_px))
        return np.asarray(_to_rgb(upright(image)))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise ImageError("truncated", f"the image is truncated or corrupt ({error})") from None


def upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says.

    Not by `ImageOps.exif_transpose`: that writes all of EXIF anew, which fails in many ways where
    any of its tags has another type than it should have.
    """
    image.load()
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # whatever a stranger wrote there, the picture is whole
        turn = None
    return image if turn is None else image.transpose(turn)


def _reduce(image: Image.Image, long_side_px: int) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8 scale: at a quarter, in little more than half the time.

    Pillow takes a size that both sides must have; a square would ask too much of the shorter one.
    """
    scale = long_side_px / max(image.size)
    if scale < 1:
        image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))


def probe(data: bytes, limits: ImageConfig) -> tuple[str, int, int]:
    """Format, width and height of an image from its header; same errors as `read_rgb`."""
    image = _open(data, limits)
    # MPO is a JPEG with more pictures behind the first, as phones and 3D cameras write them.
    return str(image.format).replace("MPO", "JPEG"), image.width, image.height


def to_working_size(pixels: np.ndarray, long_side_px: int) -> np.ndarray:
    """Shrink (H, W, 3) so that its longer side is at most `long_side_px`; never enlarges."""
    height, width = pixels.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def with_change(pixels: np.ndarray, change: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) with a change, float32 (h, w, 3) of any size, enlarged to it and added."""
    height, width = pixels.shape[:2]
    enlarged = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(pixels + enlarged), 0, 255).astype(np.uint8)


def to_model_pixels(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """uint8 (H, W, 3) of any aspect -> uint8 (side_px, side_px, 3), aspect kept, edges padded."""
    height, width = pixels.shape[:2]
    rows, columns = place_in_square(height, width, side_px)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    method = cv2.INTER_AREA if side_px < max(height, width) else cv2.INTER_LINEAR
    resized = cv2.resize(pixels, size, interpolation=method)
    right, bottom = side_px - columns.stop, side_px - rows.stop
    edges = (rows.start, bottom, columns.start, right)
    return cv2.copyMakeBorder(resized, *edges, cv2.BORDER_CONSTANT, value=_PADDING)


def place_in_square(height: int, width: int, side_px: int) -> tuple[slice, slice]:
    """Rows and columns that a picture takes in the square that `to_model_pixels` makes of it."""
    scale = side_px / max(height, width)
    tall, wide = (max(1, round(side * scale)) for side in (height, width))
    top, left = (side_px - tall) // 2, (side_px - wide) // 2
    return slice(top, top + tall), slice(left, left + wide)


def without_padding(square: np.ndarray) -> np.ndarray:
    """What `to_model_pixels` made, uint8 (S, S, 3), less the edges it was padded with; a view."""
    padded = (square == _PADDING).all(axis=2)
    rows, columns = (_inside(padded.all(axis=axis)) for axis in (1, 0))
    # A picture is padded along one side at most; the rest is its own, whatever the colour.
    if rows.stop - rows.start < columns.stop - columns.start:
        return square[rows]
    return square[:, columns]


def _inside(padded: np.ndarray) -> slice:
    """From the first line that is not padding to the last, as many off either end but for one."""
    count = len(padded)
    before = int(np.argmin(padded)) if not padded.all() else 0
    after = int(np.argmin(padded[::-1])) if not padded.all() else 0
    after = min(after, before + 1)
    before = min(before, after)
    return slice(before, count - after)


def encode_jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    """uint8 (H, W, 3) RGB -> JPEG bytes."""
    done, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert done, "OpenCV encodes any uint8 RGB array"
    return encoded.tobytes()


def encode_png(pixels: np.ndarray) -> bytes:
    """uint8 (H, W, 3) RGB -> PNG bytes."""
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert done, "OpenCV encodes any uint8 RGB array"
    return encoded.tobytes()


def _open(data: bytes, limits: ImageConfig) -> Image.Image:
    """Read the header only, and check every limit before a pixel is decoded."""
    if not data:
        raise ImageError("empty", f"the file is empty; {ACCEPTED}")
    if len(data) > limits.max_bytes:
        raise ImageError(
            "too_many_bytes", f"{len(data):,} bytes; at most {limits.max_bytes:,} are accepted"
        )
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError("too_many_pixels", _pixel_limit(limits)) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise _refused_format(data) from None
    if image.width * image.height > limits.max_pixels:
        raise ImageError(
            "too_many_pixels", f"{image.width} x {image.height} pixels; {_pixel_limit(limits)}"
        )
    if min(image.size) < limits.min_side_px:
        raise ImageError(
            "too_small",
            f"{image.width} x {image.height} pixels; each side must have "
            f"at least {limits.min_side_px}",
        )
    if image.format in ("JPEG", "MPO") and jpeg_scans.too_many(data):
        raise ImageError(
            "too_many_scans",
            f"a JPEG of more than {jpeg_scans.MOST} scans; save it as baseline, not progressive",
        )
    return image


def _pixel_limit(limits: ImageConfig) -> str:
    return f"at most {limits.max_pixels:,} pixels are accepted"


def _refused_format(data: bytes) -> ImageError:
    name = other_format(data)
    if name is None:
        return ImageError("not_an_image", f"not an image of a known format; {ACCEPTED}")
    return ImageError(
        "unsupported_format",
        f"{name} are not accepted; {ACCEPTED} (save the picture as one of these)",
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode -> RGB in sRGB, over white where it is transparent."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = _high_bytes(image)
    elif image.mode == "CMYK" and "adobe" not in image.info:
        # Pillow takes every CMYK for inverted, as Adobe writes it, also without Adobe's marker.
        image = ImageChops.invert(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        return Image.composite(to_srgb(rgba.convert("RGB"), profile), white, rgba.getchannel("A"))
    return to_srgb(image if image.mode in ("L", "CMYK") else image.convert("RGB"), profile)


def _high_bytes(image: Image.Image) -> Image.Image:
    """16-bit grey -> L, by the high byte: Pillow would clip all but the darkest shades to white."""
    grey = np.asarray(image, dtype=np.uint32)
    if "transparency" in image.info:
        grey = np.where(grey == image.info["transparency"], 65535, grey)
    return Image.fromarray((grey // 257).clip(0, 255).astype(np.uint8))
