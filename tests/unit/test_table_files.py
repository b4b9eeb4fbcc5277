"""Rows and files: how names are matched, and what is said about those without a partner."""

from pathlib import Path
from typing import Any

import pytest
from small_tables import joined

from emailimg.errors import SourceError


@pytest.mark.parametrize(
    "name",
    ["sub/a.jpg", "./sub/a.jpg", "/sub/a.jpg", ".//./sub/a.jpg", "sub\\a.jpg", ".\\sub\\a.jpg"],
)
def test_names_below_the_folder(tmp_path: Path, name: str) -> None:
    rows, notes = joined(tmp_path, {"file": [name], "make": ["Audi"]}, files=["sub/a.jpg", "b.jpg"])
    assert rows["make"].dropna().to_dict() == {"sub/a.jpg": "Audi"}
    assert len(rows) == 2
    assert notes[-1] == "1 of 2 images are not in the table: no labels observed for them"


def test_names_may_be_whole_paths(tmp_path: Path) -> None:
    rows, notes = joined(
        tmp_path, {"file": [f"{tmp_path}/pictures/a.jpg"], "make": ["Audi"]}, files=["a.jpg"]
    )
    assert rows["make"].to_dict() == {"a.jpg": "Audi"}
    assert len(notes) == 3


def test_a_name_that_leaves_the_folder_is_not_bent(tmp_path: Path) -> None:
    table = {"file": ["../a.jpg", "b.png"], "make": ["Audi", "BMW"]}
    rows, _ = joined(tmp_path, table, files=["a.jpg", "b.png"])
    assert rows["make"].to_dict() == {"../a.jpg": "Audi", "a.jpg": None, "b.png": "BMW"}


def test_rows_without_a_file_stay_and_are_named(tmp_path: Path) -> None:
    names = ["a.jpg", *(f"gone {number}.jpg" for number in range(5))]
    rows, notes = joined(tmp_path, {"file": names, "open_rate": [1] * 6}, files=["a.jpg", "b.png"])
    assert set(rows.index) == {*names, "b.png"}
    assert rows["source_uri"].is_monotonic_increasing
    assert notes[-2:] == [
        "5 rows without an image in the folder: gone 0.jpg, gone 1.jpg, gone 2.jpg, ...",
        "1 of 2 images are not in the table: no labels observed for them",
    ]
    assert rows.loc["b.png", "open_rate_n"] == 0
    assert rows.loc["gone 0.jpg", "open_rate_n"] == 1


def test_folders_in_names_are_ignored_when_nothing_else_matches(tmp_path: Path) -> None:
    table = {"file": ["car_ims/1.jpg", "car_ims\\2.jpg", "car_ims/9.jpg"], "make": ["A", "B", "C"]}
    rows, notes = joined(tmp_path, table, files=["1.jpg", "more/2.jpg", "3.jpg"])
    assert rows["make"].dropna().to_dict() == {
        "1.jpg": "A",
        "more/2.jpg": "B",
        "car_ims/9.jpg": "C",
    }
    assert f"file matches files by their last part: car_ims/1.jpg is {tmp_path}/pictures/1.jpg" in (
        notes
    )
    assert any(note.startswith("1 row without an image in the folder: car_ims/9") for note in notes)


def test_folders_in_names_count_when_one_matches(tmp_path: Path) -> None:
    table = {"file": ["x/1.jpg", "y/2.jpg"], "make": ["A", "B"]}
    rows, _ = joined(tmp_path, table, files=["x/1.jpg", "z/2.jpg"])
    assert rows["make"].dropna().to_dict() == {"x/1.jpg": "A", "y/2.jpg": "B"}


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["x/1.jpg", "x/2.jpg"], ["1.jpg", "y/1.jpg", "2.jpg"]),
        (["x/1.jpg", "y/1.jpg"], ["1.jpg"]),
        (["nothing.jpg"], ["1.jpg"]),
    ],
)
def test_a_table_about_other_images_is_refused(
    tmp_path: Path, names: list[str], files: list[str]
) -> None:
    with pytest.raises(SourceError) as caught:
        joined(tmp_path, {"file": names}, files=files)
    message = str(caught.value)
    assert f"is about an image of '{tmp_path}/pictures'" in message
    assert f"file has {names[0]}" in message
    assert f"the folder has {files[0]}" in message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"file": ["a.jpg", "b.png", "./a.jpg"]},
            r"2 rows: a file named more than once(.|\n)*row 1, a\.jpg(.|\n)*row 3, \./a\.jpg",
        ),
        ({"path": ["a.jpg", None]}, r"1 row: path is empty.*\n    row 2: path = nothing"),
        (
            {"file": ["a.jpg", "b.png"], "id": [7, 7]},
            r"2 rows: id is there more than once.*source.columns: {id: not_used}",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_that_name_no_file_of_their_own_are_refused(
    tmp_path: Path, rows: dict[str, Any], message: str, suffix: str
) -> None:
    with pytest.raises(SourceError, match=message):
        joined(tmp_path, rows | {"note": ["x"] * len(next(iter(rows.values())))}, suffix=suffix)
