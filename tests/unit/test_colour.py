"""Colour profiles, against the arithmetic of their spaces, and profiles that are of no use."""

import zlib

import numpy as np
import pytest
from colour_profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    cmyk_profile,
    expected_srgb,
    grey_profile,
    rgb_profile,
)
from decoding_threads import assert_threads_decode
from pictures import difference, encode, encode_image, picture
from PIL import Image, ImageCms
from png_files import png

from emailimg import colour, images
from emailimg.config import ImageConfig
from emailimg.errors import ImageError

LIMITS = ImageConfig()
PICTURE = picture(80, 120)
WIDE = {"Display P3": (DISPLAY_P3, 2.2), "Adobe RGB": (ADOBE_RGB, 2.19921875)}


@pytest.mark.parametrize(("primaries", "gamma"), WIDE.values(), ids=WIDE)
@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_wide_spaces_become_srgb(image_format: str, primaries: np.ndarray, gamma: float) -> None:
    profile = rgb_profile(primaries, gamma)
    data = encode(PICTURE, image_format, icc_profile=profile, lossless=True)
    expected = expected_srgb(PICTURE, primaries, gamma)
    assert np.abs(images.decode(data, LIMITS) - expected).max() < 1.5
    assert np.abs(PICTURE - expected).max() > 8, "the profile matters"


def test_a_jpegs_profile_counts_at_reduced_scale_as_well() -> None:
    large = picture(900, 1400)
    data = encode(large, "JPEG", quality=95, icc_profile=rgb_profile(*WIDE["Adobe RGB"]))
    decoded = images.decode(data, LIMITS)
    expected = images.to_working_size(
        expected_srgb(large, *WIDE["Adobe RGB"]).round().astype(np.uint8), LIMITS.working_size_px
    )
    assert difference(decoded, expected) < 2


def test_alpha_is_kept_from_the_conversion() -> None:
    rgba = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 255, np.uint8)])
    rgba[:20, :, 3] = 0
    data = encode(rgba, "PNG", icc_profile=rgb_profile(*WIDE["Display P3"]))
    decoded = images.decode(data, LIMITS)
    assert (decoded[:20] == 255).all()
    expected = expected_srgb(PICTURE[20:], *WIDE["Display P3"])
    assert np.abs(decoded[20:] - expected).max() < 1.5


def test_a_greys_profile_counts() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
    decoded = images.read_rgb(encode(grey, "PNG", icc_profile=grey_profile(1.8)), LIMITS)
    expected = expected_srgb(np.arange(256)[:, None].repeat(3, 1), SRGB, 1.8)
    assert np.abs(decoded[0] - expected).max() < 2
    assert np.abs(np.arange(256)[:, None] - expected).max() > 8, "the profile matters"


def test_a_presses_profile_counts() -> None:
    """The toy profile makes any ink a grey; without it this cyan would be cyan."""
    ink = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    ink.paste((0, 0, 0, 0), (0, 0, 40, 20))
    profile = cmyk_profile(paper=255, ink=128)
    decoded = images.decode(encode_image(ink, "JPEG", quality=95, icc_profile=profile), LIMITS)
    assert decoded[:18].min() > 250
    assert np.ptp(decoded[22:].reshape(-1, 3), axis=1).max() <= 3, "neutral"
    assert 110 < decoded[22:].mean() < 130


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        grey_profile(1.0),
        cmyk_profile(200, 20),
        b"no profile",
        rgb_profile(*WIDE["Adobe RGB"])[:300],
        rgb_profile(*WIDE["Adobe RGB"])[:132] + b"\xff" * 348,
        rgb_profile(*WIDE["Adobe RGB"]) + bytes(4 * 2**20),
    ],
    ids=["sRGB", "Lab", "grey", "CMYK", "text", "truncated", "damaged", "too large"],
)
def test_a_profile_without_use_leaves_the_pixels_alone(profile: bytes) -> None:
    data = encode(PICTURE, "WEBP", icc_profile=profile, lossless=True)
    np.testing.assert_array_equal(images.decode(data, LIMITS), PICTURE)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_damaged_profiles_raise_nothing(mode: str) -> None:
    profiles = {"RGB": rgb_profile(DISPLAY_P3, 2.2), "L": grey_profile(1.8)}
    good = np.frombuffer(profiles.get(mode, cmyk_profile(240, 30)), np.uint8)
    image = Image.fromarray(PICTURE).convert(mode)
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = good.copy()
        where = rng.integers(0, min(len(good), 400), rng.integers(1, 8))
        damaged[where] = rng.integers(0, 256, len(where))
        assert colour.to_srgb(image, damaged.tobytes()).mode == "RGB"


def test_a_profile_that_unpacks_to_too_much_is_refused() -> None:
    """A PNG's profile is compressed; Pillow stops unpacking it at a megabyte."""
    bomb = b"bomb\0\0" + zlib.compress(bytes(200 * 2**20), 9)
    data = png(PICTURE, 2, 8, chunks=[(b"iCCP", bomb)])
    with pytest.raises(ImageError):
        images.decode(data, LIMITS)


def test_threads_share_a_conversion() -> None:
    profile = rgb_profile(*WIDE["Display P3"])
    pictures = [picture(60, 90, seed) for seed in range(8)]
    encoded = [encode(pixels, "PNG", icc_profile=profile) for pixels in pictures]
    alone = [images.decode(data, LIMITS) for data in encoded]
    assert_threads_decode(encoded, alone)
