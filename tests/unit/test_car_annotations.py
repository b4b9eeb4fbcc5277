"""Annotation files: the fields they may have and lack, and files that are none."""

from pathlib import Path
from typing import Any

import car_files
import numpy as np
import pytest
from car_files import annotation
from scipy.io import savemat

from emailimg.errors import SourceError
from emailimg.sources.car_annotations import BOX_COLUMNS, read_annotations, read_class_names

NAMES = tuple(f"Ford {number} Sedan 2012" for number in range(1, 197))


def file(tmp_path: Path, data: bytes) -> str:
    location = tmp_path / "cars_train_annos.mat"
    location.write_bytes(data)
    return str(location)


def test_paths_classes_and_boxes_are_read(tmp_path: Path) -> None:
    rows = [
        annotation("fname", "00001.jpg", 14, (39, 116, 569, 375)),
        annotation("fname", "00002.jpg", 196, (1, 1, 5205, 3389)),
    ]
    table = read_annotations(file(tmp_path, car_files.annotations(rows)), "fname", NAMES)
    assert table["path"].tolist() == ["00001.jpg", "00002.jpg"]
    assert table["class_name"].tolist() == [NAMES[13], NAMES[195]]
    assert table[list(BOX_COLUMNS)].values.tolist() == [[39, 116, 569, 375], [1, 1, 5205, 3389]]
    assert (table[list(BOX_COLUMNS)].dtypes == np.float64).all()


def test_files_without_compression_are_read(tmp_path: Path) -> None:
    rows = [annotation("fname", "1.jpg", 2)]
    location = file(tmp_path, car_files.annotations(rows, compressed=False))
    assert read_annotations(location, "fname", NAMES)["class_name"].tolist() == [NAMES[1]]


def test_one_annotation_is_a_table_too(tmp_path: Path) -> None:
    """MATLAB and scipy do not tell an array of one from its element."""
    location = file(tmp_path, car_files.annotations([annotation("fname", "1.jpg", 2)]))
    table = read_annotations(location, "fname", NAMES)
    assert table[["path", "class_name"]].values.tolist() == [["1.jpg", NAMES[1]]]


def test_classes_and_boxes_may_be_missing(tmp_path: Path) -> None:
    location = file(tmp_path, car_files.annotations([annotation("fname", "1.jpg")]))
    table = read_annotations(location, "fname", NAMES)
    assert table["class_name"].tolist() == [None]
    assert table[list(BOX_COLUMNS)].isna().all(axis=None)


def test_empty_fields_are_unknown(tmp_path: Path) -> None:
    rows = [annotation("fname", "1.jpg", np.zeros((0, 0)), (np.zeros((0, 0)), 2, 3, 4))]
    table = read_annotations(file(tmp_path, car_files.annotations(rows)), "fname", NAMES)
    assert table["class_name"].tolist() == [None]
    assert table["box_x1"].isna().all()
    assert table["box_x2"].tolist() == [3]


def test_a_file_of_annotations_may_bring_its_class_names(tmp_path: Path) -> None:
    own = car_files.class_names(["First Coupe 2001", " Second SUV 2002 "])
    rows = [annotation("relative_im_path", "car_ims/1.jpg", 2)]
    location = file(tmp_path, car_files.annotations(rows, class_names=own))
    table = read_annotations(location, "relative_im_path", NAMES)
    assert table["class_name"].tolist() == ["Second SUV 2002"]


def test_windows_paths_are_paths(tmp_path: Path) -> None:
    rows = [annotation("relative_im_path", "car_ims\\1.jpg", 2)]
    location = file(tmp_path, car_files.annotations(rows))
    assert read_annotations(location, "relative_im_path", NAMES)["path"].tolist() == [
        "car_ims/1.jpg"
    ]


@pytest.mark.parametrize(
    ("class_id", "message"),
    [
        (0, r"class 0; accepted: 1 to 196"),
        (197, r"class 197; accepted: 1 to 196"),
        (-60, r"class -60 \(196 in a signed byte\); accepted: 1 to 196"),
        (-59, r"class -59; accepted"),
        (1.5, r"class 1\.5; accepted"),
        (np.nan, r"class nan; accepted"),
        ("14", r"class '14'; accepted"),
        (np.array([[1, 2]]), r"class array.*; accepted"),
    ],
)
def test_a_class_without_a_name_is_refused(tmp_path: Path, class_id: Any, message: str) -> None:
    rows = [annotation("fname", "00001.jpg", 196), annotation("fname", "00002.jpg", class_id)]
    location = file(tmp_path, car_files.annotations(rows))
    with pytest.raises(SourceError, match=f"cars_train_annos.mat', image '00002.jpg': {message}"):
        read_annotations(location, "fname", NAMES)


def test_an_image_that_is_annotated_twice_is_refused(tmp_path: Path) -> None:
    rows = [annotation("fname", name, 1) for name in ("1.jpg", "2.jpg", "./1.jpg")]
    location = file(tmp_path, car_files.annotations(rows))
    with pytest.raises(SourceError, match=r"cars_train_annos.mat' annotates '1\.jpg' more than on"):
        read_annotations(location, "fname", NAMES)


@pytest.mark.parametrize("path", ["", "../secret.jpg", "a/../../b.jpg", "..", 7])
def test_a_path_that_is_none_is_refused(tmp_path: Path, path: Any) -> None:
    location = file(tmp_path, car_files.annotations([annotation("fname", path, 1)]))
    with pytest.raises(SourceError, match=r"cars_train_annos.mat' names an image .*accepted"):
        read_annotations(location, "fname", NAMES)


def damaged_files() -> dict[str, bytes]:
    """Files that scipy refuses with errors of many kinds, or reads without what we need."""
    rows = [annotation("fname", f"{i}.jpg", 1, (1, 2, 3, 4)) for i in range(50)]
    good = car_files.annotations(rows)
    swapped = bytearray(good)
    swapped[400:440] = bytes(40)
    return {
        "empty": b"",
        "text": b"bbox_x1,bbox_y1,class,fname\n" * 40,
        "zeros": bytes(1000),
        "header alone": good[:128],
        "half": good[: len(good) // 2],
        "another byte order": good[:126] + b"MI" + good[128:],
        "bad bytes": bytes(swapped),
        "version 7.3": b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n",
        "another variable": car_files.mat(labels=np.arange(3)),
        "no struct": car_files.mat(annotations=np.arange(3)),
        "no path": car_files.annotations([annotation("name", "1.jpg", 1)]),
        "no rows": car_files.mat(annotations=np.empty((1, 0), dtype=[("fname", object)])),
    }


@pytest.mark.parametrize("kind", damaged_files())
def test_a_file_that_holds_no_annotations_is_refused(tmp_path: Path, kind: str) -> None:
    location = file(tmp_path, damaged_files()[kind])
    with pytest.raises(SourceError, match=r"cars_train_annos\.mat"):
        read_annotations(location, "fname", NAMES)


def test_files_of_other_versions_of_matlab_are_refused_by_name(tmp_path: Path) -> None:
    savemat(tmp_path / "old.mat", {"annotations": np.arange(3.0)}, format="4")
    with pytest.raises(SourceError, match=r"old\.mat' cannot be read: it starts with"):
        read_annotations(str(tmp_path / "old.mat"), "fname", NAMES)
    new = file(tmp_path, damaged_files()["version 7.3"])
    with pytest.raises(SourceError, match=r"accepted: MATLAB files of version 5 to 7\.2"):
        read_annotations(new, "fname", NAMES)


def test_damage_is_found_before_it_crashes_the_parser(tmp_path: Path) -> None:
    """Some of these files end the process in a segmentation fault when scipy gets them."""
    rows = [annotation("fname", f"{i}.jpg", 1, (1, 2, 3, 4)) for i in range(20)]
    good = car_files.annotations(rows)
    rng = np.random.default_rng(0)
    for _ in range(300):
        bad = bytearray(good)
        for position in rng.integers(128, len(bad), size=3):
            bad[position] ^= rng.integers(1, 256)
        with pytest.raises(SourceError, match=r"cars_train_annos\.mat' cannot be read"):
            read_annotations(file(tmp_path, bytes(bad)), "fname", NAMES)


def test_class_names_are_read_in_order(tmp_path: Path) -> None:
    location = file(tmp_path, car_files.mat(class_names=car_files.class_names(NAMES)))
    assert read_class_names(location) == NAMES
    one = file(tmp_path, car_files.mat(class_names=car_files.class_names(["Fiat 500"])))
    assert read_class_names(one) == ("Fiat 500",)


@pytest.mark.parametrize(
    "variables",
    [
        {"names": car_files.class_names(["A"])},
        {"class_names": np.arange(3)},
        {"class_names": car_files.class_names(["A", " "])},
        {"class_names": np.empty((1, 0), dtype=object)},
    ],
)
def test_a_file_without_class_names_is_refused(tmp_path: Path, variables: dict[str, Any]) -> None:
    location = file(tmp_path, car_files.mat(**variables))
    with pytest.raises(SourceError, match=r"annos.mat' has no cell array `class_names`"):
        read_class_names(location)
