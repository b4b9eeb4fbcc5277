"""Colour profiles: a picture that says it is Display P3, Adobe RGB or a press's CMYK becomes sRGB.

Without this the same red would be another number from every camera. It costs a few milliseconds
for pictures that carry another profile than sRGB, and nothing for those that carry none.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

# Real ones have up to 3 MB, those of presses. An upload decides what is in it, so it is bounded.
_MAX_PROFILE_BYTES = 4 * 2**20
_SAME_LEVELS = 2  # a profile that moves no colour further is sRGB, whatever it is called


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Mode RGB, L or CMYK, and its embedded ICC profile -> mode RGB in sRGB.

    Without a profile, and with one that is broken or of another kind of image, by plain conversion.
    """
    transform = None
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        transform = _transform(profile, image.mode)
    converted = None if transform is None else ImageCms.applyTransform(image, transform)
    return image.convert("RGB") if converted is None else converted


@lru_cache(maxsize=8)  # pictures of one camera share their profile
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None when there is nothing to convert or no way to."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.linspace(0, 255, 6).round().astype(np.uint8)
    bands = Image.getmodebands(mode)
    colours = np.stack(np.meshgrid(*[levels] * bands), axis=-1).reshape(1, -1, bands)
    image = Image.frombytes(mode, (colours.shape[1], 1), colours.tobytes())
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None, "only a conversion in place gives nothing back"
    moved = np.asarray(converted, np.int16) - np.asarray(image.convert("RGB"), np.int16)
    return int(np.abs(moved).max()) <= _SAME_LEVELS
