"""Decoding, and the one preprocessing that training and serving share.

`decode` turns untrusted bytes into RGB, `to_working_size` bounds its longer side (augmentations
and edits happen at that size), `to_model_pixels` makes the square that the encoder sees.
"""

import hashlib
import io

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emailimg.config import ImageConfig
from emailimg.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
ACCEPTED = "accepted: JPEG, PNG, WebP, GIF"

# Around the picture in the encoder's square: the middle of the range, and nobody's favourite paint.
_PADDING = (124, 116, 104)


def image_id(data: bytes) -> str:
    """SHA-256 of the encoded bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, limits: ImageConfig) -> np.ndarray:
    """Decode encoded bytes to uint8 (H, W, 3) RGB at most `working_size_px` long.

    EXIF rotation is applied, alpha is laid over white, of an animation the first frame is taken.
    Raises ImageError with reason `empty`, `too_many_bytes`, `not_an_image`, `too_many_pixels`,
    `too_small` or `truncated`.
    """
    image = _open(data, limits)
    try:
        # JPEG decodes at 1/2, 1/4 or 1/8 scale for the price of the smaller picture.
        image.draft("RGB", (limits.working_size_px, limits.working_size_px))
        upright = ImageOps.exif_transpose(image)
        pixels = np.asarray(_to_rgb(upright))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise ImageError("truncated", f"the image is truncated or corrupt ({error})") from None
    return to_working_size(pixels, limits.working_size_px)


def probe(data: bytes, limits: ImageConfig) -> tuple[str, int, int]:
    """Format, width and height of an image from its header; same errors as `decode`."""
    image = _open(data, limits)
    return str(image.format), image.width, image.height


def to_working_size(pixels: np.ndarray, long_side_px: int) -> np.ndarray:
    """Shrink (H, W, 3) so that its longer side is at most `long_side_px`; never enlarges."""
    height, width = pixels.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def to_model_pixels(pixels: np.ndarray, side_px: int) -> np.ndarray:
    """uint8 (H, W, 3) of any aspect -> uint8 (side_px, side_px, 3), aspect kept, edges padded."""
    height, width = pixels.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.full((side_px, side_px, 3), _PADDING, np.uint8)
    left, top = (side_px - size[0]) // 2, (side_px - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(
        pixels, size, interpolation=method
    )
    return square


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
        raise ImageError("not_an_image", f"not an image of a known format; {ACCEPTED}") from None
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
    return image


def _pixel_limit(limits: ImageConfig) -> str:
    return f"at most {limits.max_pixels:,} pixels are accepted"


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: keep the high byte instead of clipping to white
        grey = np.asarray(image, dtype=np.uint32)
        image = Image.fromarray((grey // 257).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
