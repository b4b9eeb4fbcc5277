"""A JPEG's scans are counted in its own picture, and nowhere else."""

import io

import numpy as np
import pytest
from hostile_images import jpeg_of_scans
from PIL import Image

from emailimg import images, jpeg_scans
from emailimg.config import ImageConfig
from emailimg.errors import ImageError

MOST = jpeg_scans.MOST


def photograph(**options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("scans", [1, MOST, MOST + 1, 5000])
def test_more_than_most_are_too_many(scans: int) -> None:
    assert jpeg_scans.too_many(jpeg_of_scans(64, scans)) == (scans > MOST)


def test_a_picture_of_too_many_is_refused_with_what_to_do() -> None:
    with pytest.raises(ImageError, match="baseline") as caught:
        images.decode(jpeg_of_scans(7000, 15_000), ImageConfig())
    assert caught.value.reason == "too_many_scans"
    assert images.decode(jpeg_of_scans(64, MOST), ImageConfig()).shape == (64, 64, 3)


@pytest.mark.parametrize("progressive", [False, True])
def test_what_stands_before_and_behind_a_photograph_is_not_counted(progressive: bool) -> None:
    scans = b"\xff\xda" * 5 * MOST
    data = photograph(progressive=progressive, comment=scans) + scans
    assert not jpeg_scans.too_many(data)


def test_a_file_that_ends_anywhere_has_an_answer() -> None:
    data = jpeg_of_scans(64, 3)
    assert not any(jpeg_scans.too_many(data[:length]) for length in range(len(data)))
