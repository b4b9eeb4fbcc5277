"""Stanford Cars as a source: both layouts, their usual variations, what is missing, and boxes."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import car_files
import numpy as np
import pandas as pd
import pytest
from car_files import Annotation, annotation, write, write_images
from pictures import difference, encode, encode_image, picture
from PIL import Image, JpegImagePlugin
from s3_server import BUCKET, s3_server

from emailimg import images
from emailimg.config import ImageConfig
from emailimg.errors import ImageError, SourceError
from emailimg.sources import TEXT_ATTRIBUTES, stanford_cars
from emailimg.sources.car_annotations import BOX_COLUMNS
from emailimg.sources.car_names import CLASS_NAMES

BOX = (3, 5, 30, 20)
TRAIN = [annotation("fname", f"0000{i}.jpg", class_id, BOX) for i, class_id in ((1, 14), (2, 196))]
TEST = [annotation("fname", "00001.jpg", 3, BOX)]
# 174 is beyond the signed byte that some take an id for.
WHOLE = [
    annotation("relative_im_path", "car_ims/000001.jpg", 1, BOX) | {"test": 0},
    annotation("relative_im_path", "car_ims/000002.jpg", 174, BOX) | {"test": 1},
]


def unlabelled(rows: Sequence[Annotation]) -> list[Annotation]:
    return [{name: value for name, value in row.items() if name != "class"} for row in rows]


def names_mat(names: Sequence[str] = CLASS_NAMES) -> bytes:
    return car_files.mat(class_names=car_files.class_names(names))


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The layout of one folder."""
    base = tmp_path / "cars"
    write_images(base / "car_ims", ["000001.jpg", "000002.jpg"])
    names = car_files.class_names(CLASS_NAMES)
    write(base / "cars_annos.mat", car_files.annotations(WHOLE, class_names=names))
    return base


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """The layout of two folders and a devkit, as Stanford packed it, with what lies beside it."""
    base = tmp_path / "stanford_cars"
    write_images(base / "cars_train", ["00001.jpg", "00002.jpg"])
    write_images(base / "cars_test", ["00001.jpg"])
    write(base / "devkit" / "cars_train_annos.mat", car_files.annotations(TRAIN))
    write(base / "devkit" / "cars_test_annos.mat", car_files.annotations(unlabelled(TEST)))
    write(base / "devkit" / "cars_meta.mat", names_mat())
    for name in ("devkit/README.txt", "devkit/eval_train.m", "cars_train.tgz", ".DS_Store"):
        write(base / name, b"no picture")
    return base


def listed(base: Path) -> dict[str, dict[str, Any]]:
    """Known attributes of every image, by its location below the folder."""
    rows = stanford_cars.list_images(str(base))[0]
    assert rows["source_uri"].is_monotonic_increasing
    return {
        row.pop("source_uri").removeprefix(f"{base}/"): {
            str(name): value for name, value in row.items() if not pd.isna(value)
        }
        for row in rows.to_dict("records")
    }


def box_of(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[column] for column in BOX_COLUMNS)


def test_one_folder_with_its_annotations(whole: Path) -> None:
    rows = listed(whole)
    assert list(rows) == ["car_ims/000001.jpg", "car_ims/000002.jpg"]
    assert rows["car_ims/000002.jpg"] == {
        "class_name": "Ram C/V Cargo Van Minivan 2012",
        "make": "Ram",
        "model": "C/V Cargo Van",
        "vehicle_type": "Minivan",
        "year": 2012,
        **dict(zip(BOX_COLUMNS, BOX, strict=True)),
    }


def test_two_folders_with_a_devkit(halves: Path) -> None:
    rows = listed(halves)
    assert list(rows) == ["cars_test/00001.jpg", "cars_train/00001.jpg", "cars_train/00002.jpg"]
    assert rows["cars_train/00001.jpg"]["class_name"] == "Audi TTS Coupe 2012"
    assert rows["cars_train/00002.jpg"]["make"] == "smart"
    assert rows["cars_train/00002.jpg"]["year"] == 2012
    assert set(rows["cars_test/00001.jpg"]) == set(BOX_COLUMNS), "no class, but a box"
    assert box_of(rows["cars_test/00001.jpg"]) == BOX


def test_the_listing_has_the_columns_of_every_source(halves: Path) -> None:
    rows = stanford_cars.list_images(str(halves))[0]
    assert set(rows) == {"source_uri", "year", *TEXT_ATTRIBUTES, *BOX_COLUMNS}
    assert (rows[list(BOX_COLUMNS)].dtypes == np.float64).all()
    assert rows["year"].dtype == np.float32
    assert rows.loc[0, "make"] is None


@pytest.mark.parametrize(
    "place",
    [
        "devkit/cars_test_annos_withlabels.mat",
        "cars_test_annos_withlabels.mat",  # as torchvision wants it
        "cars_test_annos_withLabels (1).mat",
    ],
)
def test_labels_of_the_test_images_win_over_the_file_without(halves: Path, place: str) -> None:
    write(halves / place, car_files.annotations(TEST))
    rows = listed(halves)
    assert len(rows) == 3
    assert rows["cars_test/00001.jpg"]["class_name"] == "Acura TL Sedan 2012"


def test_folders_may_be_nested(tmp_path: Path) -> None:
    """Kaggle unpacks `cars_train.zip` into `cars_train/cars_train/`."""
    write_images(tmp_path / "cars_train" / "cars_train", ["00001.jpg"])
    write(tmp_path / "car_devkit/devkit/cars_train_annos.mat", car_files.annotations(TRAIN))
    rows = listed(tmp_path)
    assert list(rows) == ["cars_train/cars_train/00001.jpg", "cars_train/cars_train/00002.jpg"]


def test_the_folder_of_the_images_may_be_the_location(tmp_path: Path) -> None:
    write_images(tmp_path / "car_ims", ["000001.jpg", "000002.jpg"])
    write(tmp_path / "car_ims" / "cars_annos.mat", car_files.annotations(WHOLE))
    rows = listed(tmp_path / "car_ims")
    assert list(rows) == ["000001.jpg", "000002.jpg"]


def test_a_relative_location_gives_absolute_ones(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(whole.parent)
    rows = stanford_cars.list_images("cars")[0]
    assert rows["source_uri"].tolist() == list(
        stanford_cars.list_images(f"{whole}/")[0]["source_uri"]
    )
    assert rows["source_uri"].str.startswith("/").all()


def test_images_without_annotation_are_listed_without_attributes(halves: Path) -> None:
    write_images(halves / "cars_train", ["extra.JPG"])
    assert listed(halves)["cars_train/extra.JPG"] == {}


def test_boxes_may_be_missing(tmp_path: Path) -> None:
    write_images(tmp_path / "cars_train", ["00001.jpg"])
    mat = car_files.annotations([annotation("fname", "00001.jpg", 14)])
    write(tmp_path / "cars_train_annos.mat", mat)
    rows = stanford_cars.list_images(str(tmp_path))[0]
    assert rows["make"].tolist() == ["Audi"]
    assert rows[list(BOX_COLUMNS)].isna().all(axis=None)
    assert (rows[list(BOX_COLUMNS)].dtypes == np.float64).all()


def test_nothing_is_to_be_noted_about_the_whole_set(halves: Path) -> None:
    assert stanford_cars.list_images(str(halves))[1] == ()


def test_an_annotated_image_that_is_missing_is_listed_where_it_should_be(halves: Path) -> None:
    os.remove(halves / "cars_train/00002.jpg")
    rows, notes = stanford_cars.list_images(str(halves))
    expected = rows.set_index("source_uri").loc[f"{halves}/cars_train/00002.jpg"]
    assert expected["make"] == "smart"
    assert notes == (
        f"1 of 2 images that {halves}/devkit/cars_train_annos.mat annotates are missing",
    )


def test_a_half_that_was_not_downloaded_is_left_out_with_a_note(halves: Path) -> None:
    os.remove(halves / "cars_test/00001.jpg")
    assert list(listed(halves)) == ["cars_train/00001.jpg", "cars_train/00002.jpg"]
    assert stanford_cars.list_images(str(halves))[1] == (
        f"{halves}/devkit/cars_test_annos.mat is left out: none of its 1 images is there",
    )


def test_without_the_names_of_the_classes_they_are_those_of_stanford(halves: Path) -> None:
    os.remove(halves / "devkit/cars_meta.mat")
    rows, notes = stanford_cars.list_images(str(halves))
    assert rows["class_name"].dropna().tolist() == [CLASS_NAMES[13], CLASS_NAMES[195]]
    assert len(notes) == 1
    assert "no cars_meta.mat" in notes[0]


def test_names_of_a_set_of_ones_own(halves: Path) -> None:
    names = ["blue car"] * 13 + ["2019 Honda Civic"] + ["blue car"] * 182
    write(halves / "devkit/cars_meta.mat", names_mat(names))
    rows = listed(halves)
    assert rows["cars_train/00001.jpg"]["model"] == "Civic"
    assert "vehicle_type" not in rows["cars_train/00001.jpg"]
    assert rows["cars_train/00002.jpg"]["class_name"] == "blue car"
    write(halves / "devkit/cars_meta.mat", names_mat(names[:14]))
    with pytest.raises(SourceError, match=r"'00002\.jpg': class 196; accepted: 1 to 14"):
        listed(halves)


def test_a_folder_with_neither_layout_is_refused(tmp_path: Path) -> None:
    write_images(tmp_path / "photos", ["a.jpg"])
    write(tmp_path / "cars_meta.mat", names_mat())
    with pytest.raises(SourceError, match=r"no annotations of Stanford Cars; accepted: car_ims/"):
        stanford_cars.list_images(str(tmp_path))[0]


def test_annotations_of_images_that_are_elsewhere_are_refused(tmp_path: Path) -> None:
    """Kaggle has a copy with `cars_annos.mat`, but without the images that it names."""
    write_images(tmp_path / "cars_train", ["00001.jpg"])
    write(tmp_path / "cars_annos.mat", car_files.annotations(WHOLE))
    message = r"no image of those that .*cars_annos\.mat' annotates, e\.g\. car_ims/000001\.jpg"
    with pytest.raises(SourceError, match=message):
        stanford_cars.list_images(str(tmp_path))[0]


def test_annotations_of_the_layout_that_is_not_there_do_no_harm(halves: Path) -> None:
    write(halves / "cars_annos.mat", car_files.annotations(WHOLE))
    assert len(listed(halves)) == 3


def test_both_layouts_at_once_are_refused(halves: Path) -> None:
    """The same pictures under other names would be on both sides of a split."""
    write(halves / "cars_annos.mat", car_files.annotations(WHOLE))
    write_images(halves / "car_ims", ["000001.jpg"])
    with pytest.raises(SourceError, match="holds the images of Stanford Cars twice"):
        listed(halves)


def test_an_image_in_two_places_is_refused(halves: Path) -> None:
    write_images(halves / "copy" / "cars_train", ["00002.jpg"])
    message = r"may be any of .*/cars_train/00002\.jpg, .*/cars_train/00002\.jpg"
    with pytest.raises(SourceError, match=message):
        listed(halves)


def test_a_copy_of_an_annotation_file_does_no_harm_unless_it_differs(halves: Path) -> None:
    write(halves / "cars_train_annos.mat", car_files.annotations(TRAIN))
    assert len(listed(halves)) == 3
    other = [annotation("fname", "00001.jpg", 15, BOX)]
    write(halves / "cars_train_annos.mat", car_files.annotations(other))
    message = r"annos\.mat' and .*annos\.mat' annotate .*cars_train/00001\.jpg' differently"
    with pytest.raises(SourceError, match=message):
        listed(halves)


def test_an_unreadable_file_is_refused_by_name(halves: Path) -> None:
    for name in ("cars_meta.mat", "cars_train_annos.mat"):
        good = (halves / "devkit" / name).read_bytes()
        write(halves / "devkit" / name, good[:-20])
        with pytest.raises(SourceError, match=rf"devkit/{name}' cannot be read"):
            listed(halves)
        write(halves / "devkit" / name, good)


def test_the_set_may_be_on_s3(halves: Path) -> None:
    with s3_server() as bucket:
        client = boto3.client("s3")
        for path in halves.rglob("*.*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"cars/{path.relative_to(halves)}")
        remote, local = (stanford_cars.list_images(at)[0] for at in (f"{bucket}/cars", str(halves)))
    remote["source_uri"] = remote["source_uri"].str.replace(f"{bucket}/cars", str(halves))
    pd.testing.assert_frame_equal(remote, local)


def decoded(data: bytes) -> np.ndarray:
    limits = ImageConfig(working_size_px=1000, min_side_px=1)
    return images.read_rgb(data, limits)


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((1, 1, 128, 96), slice(0, 96), slice(0, 128)),  # the whole picture
        ((11, 21, 60, 80), slice(20, 80), slice(10, 60)),
        ((128, 96, 128, 96), slice(95, 96), slice(127, 128)),  # its last pixel
        ((-5, 0, 500, 40), slice(0, 40), slice(0, 128)),  # clipped
    ],
)
def test_a_crop_holds_the_pixels_of_its_box(
    box: tuple[int, int, int, int], rows: slice, columns: slice
) -> None:
    pixels = picture(96, 128)
    cropped = stanford_cars.crop(encode(pixels, "PNG"), box)
    assert difference(decoded(cropped), pixels[rows, columns]) < 2


@pytest.mark.parametrize(
    "box", [(129, 1, 140, 9), (1, 97, 9, 99), (-9, 1, 0, 9), (20, 9, 10, 30), (9, 9, 30, 8)]
)
def test_a_box_with_nothing_of_the_image_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ImageError, match=r"holds nothing of 128 x 96 pixels") as caught:
        stanford_cars.crop(encode(picture(96, 128), "JPEG"), box)
    assert caught.value.reason == "bad_box"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_in_the_pixels_before_rotation(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    part = Image.fromarray(picture(96, 128)).crop((10, 20, 60, 80))
    data = encode(picture(96, 128), "JPEG", exif=exif, quality=95)
    expected = decoded(encode_image(part, "JPEG", exif=exif, quality=95))
    cropped = stanford_cars.crop(data, (11, 21, 60, 80))
    assert difference(decoded(cropped), expected) < 3
    assert not Image.open(io.BytesIO(cropped)).getexif()


def test_a_crop_is_a_jpeg_of_full_colour_and_always_the_same() -> None:
    data = encode(picture(96, 128), "JPEG", comment=b"of no use")
    cropped = stanford_cars.crop(data, BOX)
    assert cropped == stanford_cars.crop(data, BOX)
    image = Image.open(io.BytesIO(cropped))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (28, 16))
    assert JpegImagePlugin.get_sampling(image) == 0, "4:4:4"
    assert b"of no use" not in cropped


def variants() -> dict[str, bytes]:
    image = Image.fromarray(picture(96, 128))
    alpha = image.copy()
    alpha.putalpha(Image.fromarray(picture(96, 128)[..., 1]))
    palette = image.convert("P")
    return {
        "grey": encode_image(image.convert("L"), "JPEG"),
        "CMYK": encode_image(image.convert("CMYK"), "JPEG", quality=95),
        "alpha": encode_image(alpha, "PNG"),
        "alpha of a palette": encode_image(palette, "PNG", transparency=palette.getpixel((20, 30))),
        "WebP": encode_image(alpha, "WEBP", lossless=True),
        "GIF": encode_image(palette, "GIF"),
        "16 bit": encode(picture(96, 128)[..., 0].astype(np.uint16) * 257, "PNG"),
    }


@pytest.mark.parametrize("kind", variants())
def test_a_crop_looks_like_the_picture_without_it(kind: str) -> None:
    data = variants()[kind]
    cropped = decoded(stanford_cars.crop(data, (11, 21, 60, 80)))
    assert difference(cropped, decoded(data)[20:80, 10:60]) < 4


def test_what_is_no_image_is_refused_as_everywhere() -> None:
    data = encode(picture(96, 128), "JPEG")
    cases = {
        "empty": b"",
        "not_an_image": b"no picture",
        "truncated": data[: len(data) // 2],
        "too_small": encode(picture(8, 8), "PNG"),
    }
    for reason, bad in cases.items():
        with pytest.raises(ImageError) as caught:
            stanford_cars.crop(bad, (1, 1, 8, 8))
        assert caught.value.reason == reason
    with pytest.raises(ImageError, match="at most 1,000 pixels"):
        stanford_cars.crop(data, BOX, ImageConfig(max_pixels=1000))
