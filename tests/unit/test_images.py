"""Decoding: every accepted format and oddity, every refusal, and the shared preprocessing."""

import io
import pickle
import struct
import warnings
import zlib
from typing import Any

import cv2
import hostile_images
import numpy as np
import pytest
from decoding_threads import assert_threads_decode
from pictures import difference, encode, encode_image, picture
from PIL import Image
from png_files import png, png_file

from emailimg import images
from emailimg.config import ImageConfig
from emailimg.errors import ImageError

LIMITS = ImageConfig()
LOSSLESS = picture(80, 120)


def reason_of(data: bytes, limits: ImageConfig = LIMITS) -> str:
    with pytest.raises(ImageError) as caught:
        images.decode(data, limits)
    return caught.value.reason


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose body is almost nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png_file([(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")])


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_lossless_formats_give_the_very_pixels(image_format: str) -> None:
    data = encode(LOSSLESS, image_format, lossless=True)
    np.testing.assert_array_equal(images.decode(data, LIMITS), LOSSLESS)


@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("JPEG", {"quality": 92}),
        ("JPEG", {"quality": 92, "progressive": True}),
        ("JPEG", {"quality": 92, "subsampling": "4:2:0", "optimize": True}),
        ("JPEG", {"quality": 95, "keep_rgb": True}),
        ("WEBP", {"quality": 90}),
        ("GIF", {}),
    ],
)
def test_lossy_formats_give_about_the_pixels(image_format: str, options: dict[str, object]) -> None:
    decoded = images.decode(encode(LOSSLESS, image_format, **options), LIMITS)
    assert decoded.dtype == np.uint8
    assert difference(decoded, LOSSLESS) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_rotation_is_applied(image_format: str, orientation: int) -> None:
    turned = {
        1: LOSSLESS,
        2: LOSSLESS[:, ::-1],
        3: LOSSLESS[::-1, ::-1],
        4: LOSSLESS[::-1],
        5: LOSSLESS.transpose(1, 0, 2),
        6: np.rot90(LOSSLESS, -1),
        7: LOSSLESS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(LOSSLESS, 1),
    }
    data = encode(LOSSLESS, image_format, exif=exif(orientation), quality=95)
    decoded = images.decode(data, LIMITS)
    assert decoded.shape == turned[orientation].shape
    assert difference(decoded, turned[orientation]) < 6


@pytest.mark.filterwarnings("ignore:.*EXIF data:UserWarning", "ignore:Tag data:UserWarning")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = encode(LOSSLESS, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12", quality=95)
    assert difference(images.decode(data, LIMITS), LOSSLESS) < 6


# Ink in percent -> the colour by plain arithmetic, 255 (1 - C) (1 - K).
INKS = {
    "paper": ((0, 0, 0, 0), (255, 255, 255)),
    "cyan": ((100, 0, 0, 0), (0, 255, 255)),
    "magenta": ((0, 100, 0, 0), (255, 0, 255)),
    "yellow": ((0, 0, 100, 0), (255, 255, 0)),
    "black": ((0, 0, 0, 100), (0, 0, 0)),
    "brown": ((20, 60, 80, 40), (122, 61, 31)),
}


def cmyk_jpeg(ink: tuple[int, ...], kind: str) -> bytes:
    """A CMYK JPEG as Adobe writes it (inverted, plain or as YCCK), or without Adobe's marker.

    Pillow writes the samples inverted behind the marker `Adobe`, whose last byte says 0: plain.
    """
    samples = [round(255 * percent / 100) for percent in ink]
    if kind == "no marker":  # then they count as they are
        samples = [255 - sample for sample in samples]
    if kind == "ycck":
        ycc = Image.new("RGB", (1, 1), tuple(samples[:3])).convert("YCbCr").getpixel((0, 0))
        assert isinstance(ycc, tuple)
        samples[:3] = [255 - round(value) for value in ycc]
    data = encode_image(Image.new("CMYK", (40, 40), tuple(samples)), "JPEG", quality=100)
    marker = data.index(b"\xff\xee\x00\x0eAdobe")
    if kind == "no marker":
        return data[:marker] + data[marker + 16 :]
    transform = b"\x02" if kind == "ycck" else b"\x00"
    return data[: marker + 15] + transform + data[marker + 16 :]


@pytest.mark.parametrize("kind", ["adobe", "ycck", "no marker"])
@pytest.mark.parametrize(("ink", "colour"), INKS.values(), ids=INKS)
def test_cmyk_jpeg_has_its_colours(
    ink: tuple[int, ...], colour: tuple[int, ...], kind: str
) -> None:
    data = cmyk_jpeg(ink, kind)
    assert images.probe(data, LIMITS)[0] == "JPEG"
    assert Image.open(io.BytesIO(data)).mode == "CMYK"
    assert np.abs(images.decode(data, LIMITS) - np.array(colour)).max() <= 4


def test_grey_and_bilevel_images_become_rgb() -> None:
    grey = cv2.cvtColor(LOSSLESS, cv2.COLOR_RGB2GRAY)
    for image_format in ("PNG", "JPEG"):
        decoded = images.decode(encode(grey, image_format, quality=95), LIMITS)
        assert difference(decoded, np.repeat(grey[..., None], 3, axis=2)) < 4
    bilevel = Image.fromarray(grey > 120)
    decoded = images.decode(encode_image(bilevel, "PNG"), LIMITS)
    np.testing.assert_array_equal(decoded[..., 0], np.where(grey > 120, 255, 0))


def test_alpha_is_laid_over_white() -> None:
    rgba = np.dstack([LOSSLESS, np.full(LOSSLESS.shape[:2], 255, np.uint8)])
    rgba[:20, :, 3] = 0
    rgba[20:40, :, 3] = 128
    for image_format in ("PNG", "WEBP"):
        decoded = images.decode(encode(rgba, image_format, lossless=True), LIMITS).astype(int)
        assert (decoded[:20] == 255).all()
        half = 255 - (255 - LOSSLESS[20:40].astype(int)) * 128 / 255
        assert np.abs(decoded[20:40] - half).max() <= 2
        np.testing.assert_array_equal(decoded[40:], LOSSLESS[40:])


def test_grey_with_alpha_is_laid_over_white() -> None:
    grey = np.zeros((32, 32, 2), np.uint8)
    grey[:16, :, 1] = 255
    decoded = images.decode(encode_image(Image.fromarray(grey, "LA"), "PNG"), LIMITS)
    assert (decoded[:16] == 0).all()
    assert (decoded[16:] == 255).all()


def test_a_transparent_palette_entry_is_white() -> None:
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([200, 0, 0, 0, 0, 200])
    palette.paste(1, (0, 0, 32, 16))
    data = encode_image(palette, "PNG", transparency=0)
    decoded = images.decode(data, LIMITS)
    assert (decoded[:16] == (0, 0, 200)).all()
    assert (decoded[16:] == 255).all()


def test_a_16_bit_grey_png_keeps_its_shades() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    data = encode(np.tile(ramp, (32, 1)), "PNG")
    decoded = images.decode(data, LIMITS)[0, :, 0].astype(int)
    assert (decoded[0], decoded[-1]) == (0, 255)
    assert np.abs(decoded - np.linspace(0, 255, 64)).max() <= 1


def sixteen_bits(bands: int) -> np.ndarray:
    """uint16 (32, 64, bands): shades from the darkest to the brightest, each band in its order."""
    ramp = np.linspace(0, 65535, 64)
    shades = np.stack([ramp, ramp[::-1], np.roll(ramp, 20), np.full(64, 65535)], axis=1)
    return np.tile(shades[:, :bands].astype(np.uint16), (32, 1, 1))


def test_a_16_bit_rgb_png_keeps_its_colours() -> None:
    colours = sixteen_bits(3)
    done, data = cv2.imencode(".png", colours[..., ::-1])
    assert done
    assert np.abs(images.decode(data.tobytes(), LIMITS) - colours / 257).max() <= 1
    np.testing.assert_array_equal(
        images.decode(png(colours, 2, 16), LIMITS), images.decode(data.tobytes(), LIMITS)
    )


def test_a_16_bit_rgba_png_is_laid_over_white() -> None:
    colours = sixteen_bits(4)
    colours[:10, :, 3] = 0
    colours[10:20, :, 3] = 32768
    done, data = cv2.imencode(".png", colours[..., [2, 1, 0, 3]])
    assert done
    alpha = colours[..., 3:] / 65535
    expected = 255 - (255 - colours[..., :3] / 257) * alpha
    assert np.abs(images.decode(data.tobytes(), LIMITS) - expected).max() <= 2


def test_16_bit_grey_is_laid_over_white() -> None:
    grey = np.full((32, 32, 2), (20_000, 65535), np.uint16)
    grey[:16, :, 1] = 0
    marked = np.full((32, 32), 20_000, np.uint16)
    marked[:16] = 1000
    transparent = [(b"tRNS", (1000).to_bytes(2, "big"))]
    for data in (png(grey, 4, 16), png(marked, 0, 16, chunks=transparent)):
        decoded = images.decode(data, LIMITS).astype(int)
        assert (decoded[:16] == 255).all()
        assert np.abs(decoded[16:] - 20_000 / 257).max() <= 1


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_grey_pngs_of_few_bits_have_their_shades(depth: int) -> None:
    values = np.arange(64 * 32).reshape(32, 64) % 2**depth
    decoded = images.decode(png(values, 0, depth), LIMITS)
    np.testing.assert_array_equal(decoded[..., 1], values * 255 // (2**depth - 1))


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_have_their_colours_and_transparency(depth: int) -> None:
    """Opacity as tRNS gives it: of the first entries, opaque after them."""
    rng = np.random.default_rng(depth)
    palette = rng.integers(0, 256, (2**depth, 3))
    values = rng.integers(0, 2**depth, (32, 64))
    colours = (b"PLTE", palette.astype(np.uint8).tobytes())
    opaque = images.decode(png(values, 3, depth, chunks=[colours]), LIMITS)
    np.testing.assert_array_equal(opaque, palette[values])
    data = png(values, 3, depth, chunks=[colours, (b"tRNS", b"\x00\x80")])
    alpha = np.array([0, 128] + [255] * (2**depth - 2))[values][..., None] / 255
    expected = 255 - (255 - palette[values]) * alpha
    assert np.abs(images.decode(data, LIMITS) - expected).max() <= 2


@pytest.mark.parametrize(("colour_type", "bands"), [(2, 3), (6, 4)])
def test_an_interlaced_png_has_its_pixels(colour_type: int, bands: int) -> None:
    pixels = np.dstack([LOSSLESS, np.full(LOSSLESS.shape[:2], 255, np.uint8)])[..., :bands]
    data = png(pixels, colour_type, 8, interlaced=True)
    assert Image.open(io.BytesIO(data)).info["interlace"]
    np.testing.assert_array_equal(images.decode(data, LIMITS), LOSSLESS)


def test_one_colour_of_an_rgb_png_may_be_transparent() -> None:
    pixels = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    pixels[:16] = (200, 100, 50)
    data = encode(pixels, "PNG", transparency=(200, 100, 50))
    decoded = images.decode(data, LIMITS)
    assert (decoded[:16] == 255).all()
    assert (decoded[16:] == (10, 20, 30)).all()


def test_a_gifs_palette_and_transparency() -> None:
    image = Image.new("P", (32, 32), 0)
    image.putpalette([200, 0, 0, 0, 0, 200, 10, 200, 30])
    image.paste(1, (0, 0, 32, 16))
    image.paste(2, (0, 0, 16, 8))
    for options, rest in (({}, (200, 0, 0)), ({"transparency": 0}, (255, 255, 255))):
        decoded = images.decode(encode_image(image, "GIF", **options), LIMITS)
        assert (decoded[:8, :16] == (10, 200, 30)).all()
        assert (decoded[8:16] == (0, 0, 200)).all()
        assert (decoded[16:] == rest).all()


def test_of_an_animation_with_transparency_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGBA", (32, 24), (0, 0, 0, 0)) for _ in range(3)]
    for frame, colour in zip(frames, ("red", "lime", "blue"), strict=True):
        frame.paste(colour, (0, 0, 16, 24))
        frame.paste(colour, (30, 0, 32, 24))
    for image_format in ("GIF", "WEBP", "PNG"):
        data = encode_image(
            frames[0], image_format, save_all=True, append_images=frames[1:], lossless=True
        )
        decoded = images.decode(data, LIMITS)
        assert (decoded[:, :16] == (255, 0, 0)).all()
        assert (decoded[:, 16:30] == 255).all()


def test_a_jpeg_with_more_pictures_behind_it_is_a_jpeg() -> None:
    """Phones and 3D cameras write these (MPO)."""
    first, second = Image.fromarray(LOSSLESS), Image.new("RGB", (120, 80), "blue")
    data = encode_image(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert images.probe(data, LIMITS) == ("JPEG", 120, 80)
    assert difference(images.decode(data, LIMITS), LOSSLESS) < 6


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "lime", "blue")]
    for image_format in ("GIF", "WEBP", "PNG"):
        stream = io.BytesIO()
        frames[0].save(stream, image_format, save_all=True, append_images=frames[1:], lossless=True)
        assert (images.decode(stream.getvalue(), LIMITS) == (255, 0, 0)).all()


def test_probe_reads_the_header() -> None:
    for image_format in images.FORMATS:
        assert images.probe(encode(LOSSLESS, image_format), LIMITS) == (image_format, 120, 80)


@pytest.mark.parametrize("image_format", images.FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_image_is_refused(image_format: str, share: float) -> None:
    detailed = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encode(detailed, image_format)
    assert reason_of(data[: int(share * len(data))]) in ("truncated", "not_an_image")


@pytest.mark.filterwarnings("ignore:.*EXIF data:UserWarning", "ignore:Tag data:UserWarning")
@pytest.mark.parametrize("image_format", images.FORMATS)
def test_damaged_bytes_raise_nothing_but_image_errors(image_format: str) -> None:
    """Whatever an upload holds, the answer is a picture or a refusal with a reason."""
    rng = np.random.default_rng(1)
    original = np.frombuffer(encode(picture(24, 32), image_format, exif=exif(6)), np.uint8)
    refused = 0
    for _ in range(150):
        data = original.copy()
        where = rng.integers(0, len(data), rng.integers(1, 12))
        data[where] = rng.integers(0, 256, len(where))
        try:
            pixels = images.decode(data.tobytes(), LIMITS)
            assert pixels.dtype == np.uint8
            assert pixels.shape[2] == 3
        except ImageError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is a text file\n" * 20, "not_an_image"),
        (b"\xff\xd8\xff", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (bytes(1000), "not_an_image"),
        (png_header(60_000, 60_000), "too_many_pixels"),  # Pillow raises
        (png_header(10_000, 9_500), "too_many_pixels"),  # Pillow warns
        (png_header(7_100, 7_100), "too_many_pixels"),  # only our limit
        (png_header(64, 64), "truncated"),
        (encode(picture(15, 200), "PNG"), "too_small"),
        (encode(picture(200, 15), "PNG"), "too_small"),
    ],
)
def test_refusals(data: bytes, reason: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reason_of(data) == reason
        if reason != "truncated":
            with pytest.raises(ImageError):
                images.probe(data, LIMITS)


def test_an_unknown_format_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(ImageError, match="accepted: JPEG, PNG, WebP, GIF") as caught:
        images.decode(encode(LOSSLESS, "PPM"), LIMITS)
    assert caught.value.reason == "not_an_image"


def test_limits_are_those_of_the_config() -> None:
    data = encode(LOSSLESS, "PNG")
    assert reason_of(data, ImageConfig(max_bytes=len(data) - 1)) == "too_many_bytes"
    assert reason_of(data, ImageConfig(max_pixels=120 * 80 - 1)) == "too_many_pixels"
    assert reason_of(data, ImageConfig(min_side_px=81)) == "too_small"
    exact = ImageConfig(max_bytes=len(data), max_pixels=120 * 80, min_side_px=80)
    assert images.decode(data, exact).shape == (80, 120, 3)


def test_messages_say_what_was_found_and_what_is_accepted() -> None:
    with pytest.raises(ImageError, match=r"120 x 80 pixels; at most 100 pixels"):
        images.decode(encode(LOSSLESS, "PNG"), ImageConfig(max_pixels=100))
    with pytest.raises(ImageError, match=r"2,000 bytes; at most 1,000"):
        images.decode(bytes(2000), ImageConfig(max_bytes=1000))


def test_an_image_error_survives_pickling() -> None:
    """Ray hands exceptions on between processes this way."""
    error = pickle.loads(pickle.dumps(ImageError("too_small", "3 x 3 pixels")))
    assert (error.reason, str(error)) == ("too_small", "3 x 3 pixels")


def test_threads_may_decode_at_the_same_time() -> None:
    pictures = [picture(60, 90, seed) for seed in range(8)]
    encoded = [encode(pixels, "PNG") for pixels in pictures]
    assert_threads_decode(encoded, pictures)


@pytest.mark.parametrize("working", [64, 100, 160])
def test_reduced_scale_jpeg_decoding_is_close_to_full_decoding(working: int) -> None:
    large = picture(900, 1400)
    data = encode(large, "JPEG", quality=95)
    limits = ImageConfig(working_size_px=working, thumbnail_size_px=32, model_size_px=32)
    decoded = images.decode(data, limits)
    full = images.to_working_size(np.asarray(Image.open(io.BytesIO(data))), working)
    assert max(decoded.shape) == working
    assert abs(decoded.shape[0] - full.shape[0]) <= 1, "rounding may differ by a row"
    same_size = cv2.resize(decoded, full.shape[1::-1])
    assert difference(same_size, full) < 2


LARGE = picture(900, 1400)
TWO_STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {}),
    "progressive": ("JPEG", {"progressive": True}),
    "rotated": ("JPEG", {"exif": exif(6)}),
    "png": ("PNG", {}),
}


@pytest.mark.parametrize(("image_format", "options"), TWO_STEPS.values(), ids=TWO_STEPS)
@pytest.mark.parametrize(("working", "thumbnail"), [(64, 320), (160, 320), (400, 100), (160, 32)])
def test_the_catalogue_and_the_service_see_the_same_pixels(
    image_format: str, options: dict[str, Any], working: int, thumbnail: int
) -> None:
    """One decodes once for working pixels and thumbnail, the other needs the former alone."""
    data = encode(LARGE, image_format, **options)
    limits = ImageConfig(working_size_px=working, thumbnail_size_px=thumbnail, model_size_px=32)
    rgb = images.read_rgb(data, limits)
    assert max(rgb.shape[:2]) >= max(working, thumbnail)
    two_steps = images.to_working_size(rgb, working)
    np.testing.assert_array_equal(images.decode(data, limits), two_steps)
    assert max(two_steps.shape) == working
    assert max(images.to_working_size(rgb, thumbnail).shape) == thumbnail


def test_a_large_jpeg_is_read_at_a_reduced_scale_and_a_small_one_as_it_is() -> None:
    limits = ImageConfig(working_size_px=160, thumbnail_size_px=320)
    assert images.read_rgb(encode(LARGE, "JPEG"), limits).shape == (225, 350, 3)
    assert images.read_rgb(encode(LOSSLESS, "JPEG"), limits).shape == LOSSLESS.shape


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (100, 200, (80, 160)),
        (200, 100, (160, 80)),
        (50, 100, (50, 100)),  # never enlarged
        (160, 160, (160, 160)),
        (2, 4000, (1, 160)),
        (4000, 1, (160, 1)),
    ],
)
def test_to_working_size_bounds_the_longer_side(
    height: int, width: int, expected: tuple[int, int]
) -> None:
    assert images.to_working_size(picture(height, width), 160).shape == (*expected, 3)


@pytest.mark.parametrize(
    ("height", "width"), [(64, 64), (100, 200), (200, 100), (20, 30), (2, 500), (1, 1), (63, 64)]
)
def test_to_model_pixels_keeps_the_aspect_and_pads(height: int, width: int) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    square = images.to_model_pixels(white, 64)
    assert square.shape == (64, 64, 3)
    inside = (square == 255).all(axis=2)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    scale = 64 / max(height, width)
    assert len(rows) == max(1, round(height * scale))
    assert len(columns) == max(1, round(width * scale))
    assert abs(rows[0] - (63 - rows[-1])) <= 1, "centred"
    assert abs(columns[0] - (63 - columns[-1])) <= 1, "centred"
    assert len(np.unique(square[~inside].reshape(-1, 3), axis=0)) <= 1, "one padding colour"
    assert inside[images.place_in_square(height, width, 64)].all()
    assert inside[images.place_in_square(height, width, 64)].size == inside.sum()


def test_to_model_pixels_leaves_a_square_of_that_size_alone() -> None:
    pixels = picture(64, 64)
    np.testing.assert_array_equal(images.to_model_pixels(pixels, 64), pixels)


def test_encoders_keep_the_channel_order() -> None:
    png, jpeg = images.encode_png(LOSSLESS), images.encode_jpeg(LOSSLESS, 95)
    np.testing.assert_array_equal(images.decode(png, LIMITS), LOSSLESS)
    assert difference(images.decode(jpeg, LIMITS), LOSSLESS) < 6
    assert len(images.encode_jpeg(LOSSLESS, 30)) < len(jpeg)


def test_image_id_is_the_sha_256_of_the_bytes() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert images.image_id(b"abc") == expected


@pytest.mark.parametrize(("height", "width"), [(48, 48), (30, 48), (31, 48), (48, 17), (9, 9)])
def test_padding_comes_off_again(height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    square = images.to_model_pixels(pixels, 48)
    content = images.without_padding(square)
    assert max(content.shape[:2]) == 48
    assert content.shape[0] * width == pytest.approx(content.shape[1] * height, abs=48)
    assert np.array_equal(images.to_model_pixels(content, 48), square)


def test_a_picture_in_the_paddings_colour_is_still_a_picture() -> None:
    plain = images.to_model_pixels(np.full((48, 48, 3), images._PADDING, np.uint8), 48)
    assert images.without_padding(plain).size
    assert np.array_equal(images.to_model_pixels(images.without_padding(plain), 48), plain)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_odd_exif_does_not_keep_a_picture_from_being_turned(kind: str) -> None:
    lying = hostile_images.originals()[f"{kind} with odd EXIF"]
    width, height = Image.open(io.BytesIO(lying)).size
    assert width > height
    assert images.decode(lying, ImageConfig()).shape == (width, height, 3)
