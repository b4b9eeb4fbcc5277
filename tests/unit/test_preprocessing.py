"""Training and serving see the same pixels, whatever the file: one decoding, one way to size."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pictures import encode_image, picture
from PIL import Image

from emailimg import catalogue, config, dataset, edits, images, predict, sources, versions
from emailimg.edits import Edit
from emailimg.splits import Sides

CONFIG = config.load("quickstart", assignments=["augment.copies=8"])


class _Reporter:
    def add(self, amount: int, note: str | None = None) -> None:
        pass


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def large() -> Image.Image:
    return Image.fromarray(picture(480, 720))


FILES: dict[str, bytes] = {
    "large.jpg": encode_image(large(), "JPEG", quality=90),
    "turned.jpg": encode_image(large(), "JPEG", exif=exif(6)),
    "mirrored.jpg": encode_image(large(), "JPEG", exif=exif(5), progressive=True),
    "printed.jpg": encode_image(large().convert("CMYK"), "JPEG"),
    "grey.jpg": encode_image(large().convert("L"), "JPEG"),
    "small.png": encode_image(Image.fromarray(picture(40, 30)), "PNG"),
    "wide.png": encode_image(Image.fromarray(picture(20, 900)), "PNG"),
    "palette.gif": encode_image(large().convert("P"), "GIF"),
    "see-through.webp": encode_image(large().convert("RGBA"), "WEBP", lossless=True),
}


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """By file: the examples that its catalogue row becomes, as the Ray tasks make them."""
    folder = tmp_path_factory.mktemp("files")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    settings = CONFIG.model_copy(update={"source": config.SourceConfig(images=str(folder))})
    listing = sources.list_images(settings.source).rows
    table = pa.Table.from_pandas(listing, preserve_index=False)
    batch = catalogue._read_batch(table, settings, _Reporter())  # type: ignore[arg-type]
    return {
        Path(row["source_uri"]).name: list(
            dataset.make_versions(settings, Sides(CONFIG.split), row)
        )
        for row in catalogue.iterate(batch)
    }


def square(pixels: np.ndarray) -> np.ndarray:
    return images.to_model_pixels(pixels, CONFIG.images.model_size_px)


@pytest.mark.parametrize("name", FILES)
def test_an_upload_is_what_the_encoder_was_trained_on(
    name: str, trained_on: dict[str, list[dict[str, Any]]]
) -> None:
    upload = predict.read_upload(FILES[name], CONFIG.images)
    original = trained_on[name][0]
    assert original["source_id"] == upload.image_id
    np.testing.assert_array_equal(original["pixels"], square(upload.pixels))


@pytest.mark.parametrize("name", FILES)
def test_an_edit_is_the_augmentation_of_the_same_name(
    name: str, trained_on: dict[str, list[dict[str, Any]]]
) -> None:
    upload = predict.read_upload(FILES[name], CONFIG.images)
    for example in trained_on[name][1:]:
        [step] = versions.from_json(example["steps"])
        edited = edits.apply(Edit(step.technique, step.parameters), upload.pixels)
        np.testing.assert_array_equal(example["pixels"], square(edited))
