"""Sources: the showroom, folders, and tables in the report's own spelling and in ours."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pictures import encode, picture

from emailimg import images, showroom, sources, taxonomy
from emailimg.config import ImageConfig, SourceConfig
from emailimg.errors import SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, one of them in a folder below, and files that are none."""
    base = tmp_path / "pictures"
    (base / "more").mkdir(parents=True)
    for i, name in enumerate(["a.jpg", "b.png", "my car.JPG", "more/d.webp"]):
        suffix = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.split(".")[-1].lower()]
        (base / name).write_bytes(encode(picture(32, 40, i), suffix))
    for name in (".DS_Store", "notes.md", "table.csv", "more/labels.json"):
        (base / name).write_text("no picture")
    return base


def write_table(path: Path, rows: dict[str, list[Any]]) -> str:
    table = pd.DataFrame(rows)
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return str(path)


def listed(folder: Path, table: str) -> pd.DataFrame:
    """Listing with the table joined, by file name below the folder."""
    rows = sources.list_images(SourceConfig(images=str(folder), table=table)).rows
    rows.index = pd.Index([uri.removeprefix(f"{folder}/") for uri in rows["source_uri"]])
    return rows


def attributes_of(rows: pd.DataFrame, name: str) -> dict[str, Any]:
    found = rows.loc[name].dropna().drop("source_uri")
    return {str(column): value for column, value in found.items()}


def test_the_showroom_is_listed_without_rendering() -> None:
    config = SourceConfig(showroom_images=40, showroom_seed=3)
    rows = sources.list_images(config).rows
    assert len(rows) == rows["source_uri"].nunique() == 40
    assert set(rows.columns) == {"source_uri", "year", *sources.TEXT_ATTRIBUTES}
    scene = showroom.describe(3, 7)
    row = rows.iloc[7]
    assert (row["class_name"], row["year"]) == (scene.class_name, scene.year)
    assert row["vehicle_type"] == scene.vehicle_type
    assert rows["campaign_type"].isin(taxonomy.CAMPAIGN_TYPES).all()
    assert rows["industry"].isin(taxonomy.INDUSTRIES).all()
    assert rows["campaign_type"].nunique() > 5


def test_the_showroom_grows_without_changing_what_was_there() -> None:
    few, many = (sources.list_images(SourceConfig(showroom_images=n)).rows for n in (10, 20))
    pd.testing.assert_frame_equal(many.head(10), few)


def test_a_showroom_image_is_the_same_bytes_each_time() -> None:
    config = SourceConfig(showroom_long_side_px=64)
    row = {"source_uri": "showroom://5/2"}
    data = sources.load(row, config)
    assert data == sources.load(row, config)
    assert images.decode(data, ImageConfig()).shape[1] == 64
    assert data != sources.load({"source_uri": "showroom://5/3"}, config)


def test_a_folder_is_listed_with_all_below_it(folder: Path) -> None:
    rows = sources.list_images(SourceConfig(images=str(folder))).rows
    names = [uri.removeprefix(f"{folder}/") for uri in rows["source_uri"]]
    assert names == ["a.jpg", "b.png", "more/d.webp", "my car.JPG"]
    assert rows[[*sources.TEXT_ATTRIBUTES, "year"]].isna().all(axis=None)
    assert set(rows.columns) == set(
        sources.list_images(SourceConfig(showroom_images=1)).rows.columns
    )


def test_a_relative_folder_gives_absolute_locations(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers run in another folder than the driver."""
    monkeypatch.chdir(folder.parent)
    rows = sources.list_images(SourceConfig(images="pictures")).rows
    assert rows["source_uri"].iloc[0] == str(folder / "a.jpg")


def test_a_listed_file_is_loaded(folder: Path) -> None:
    config = SourceConfig(images=str(folder))
    row = {"source_uri": sources.list_images(config).rows["source_uri"].iloc[0]}
    assert sources.load(row, config) == (folder / "a.jpg").read_bytes()


def test_files_of_any_other_kind_are_tried(folder: Path) -> None:
    """A picture without a suffix counts; what is none is rejected later, with its reason."""
    (folder / "no suffix").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "report.pdf").write_text("no picture")
    rows = sources.list_images(SourceConfig(images=str(folder))).rows
    assert len(rows) == 6


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_in_the_reports_spelling(folder: Path, tmp_path: Path, suffix: str) -> None:
    table = write_table(
        tmp_path / f"table{suffix}",
        {
            "Relative Im Path": ["a.jpg", "b.png", "more/d.webp", "my car.JPG"],
            "Class Name": ["AM General Hummer SUV 2000", "Acura RL Sedan 2012", None, "911"],
            "Make": ["AM General", "Acura", None, "Porsche"],
            "Vehicle Type": ["suv", "SEDAN", None, "Coupe"],
            "Year": [2000, 2012, None, 1999],
            "Campain Type": ["Abandoned_Cart", "Newsletter", "survey", "Promotional"],
            "Industry Types": ["Automotive", "real estate", None, "Retail"],
            "Open Rate": [1, 0, 1, None],
            "Click Through Open Rate": [0, 0, 1, 1],
            "Revenue Generated Per Email": [1, 1, 0, 0],
            "Conversion Rate": [0, 1, 0, 1],
            "Index of nothing": [1, 2, 3, 4],
        },
    )
    rows = listed(folder, table)
    assert attributes_of(rows, "a.jpg") == {
        "class_name": "AM General Hummer SUV 2000",
        "make": "AM General",
        "vehicle_type": "SUV",
        "year": 2000,
        "campaign_type": "Abandoned Cart",
        "industry": "Automotive",
        "open_rate_k": 1,
        "open_rate_n": 1,
        "click_to_open_rate_k": 0,
        "click_to_open_rate_n": 1,
        "revenue_per_email_k": 1,
        "revenue_per_email_n": 1,
        "conversion_rate_k": 0,
        "conversion_rate_n": 1,
    }
    assert rows.loc["more/d.webp", "campaign_type"] == "Survey"
    assert rows.loc["more/d.webp", "class_name"] is None
    assert rows.loc["my car.JPG", "open_rate_n"] == 0, "not observed is not a zero rate"
    assert "index_of_nothing" not in rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_counts_of_successes_and_sends(folder: Path, tmp_path: Path, suffix: str) -> None:
    table = write_table(
        tmp_path / f"table{suffix}",
        {
            "file": ["a.jpg", "b.png", "my car.JPG"],
            "open_rate_k": [3, 0, None],
            "open_rate_n": [20, 25, None],
        },
    )
    rows = listed(folder, table)
    counts = {name: tuple(rows.loc[name, ["open_rate_k", "open_rate_n"]]) for name in rows.index}
    assert counts == {
        "a.jpg": (3, 20),
        "b.png": (0, 25),
        "my car.JPG": (0, 0),
        "more/d.webp": (0, 0),  # not in the table: not observed either, and never made up
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_names_that_are_numbers_stay_text(folder: Path, tmp_path: Path, suffix: str) -> None:
    """A column of Porsche 911s and Peugeot 208s is read as numbers, and must not stay so."""
    rows: dict[str, list[Any]] = {"file": ["a.jpg", "b.png"], "model": [911, 208]}
    rows["class_name"] = [1, None]
    listing = listed(folder, write_table(tmp_path / f"table{suffix}", rows))
    assert listing.loc["a.jpg", "model"] == "911"
    assert listing.loc["b.png", "model"] == "208"
    assert listing.loc["more/d.webp", "model"] is None
    assert isinstance(listing.loc["a.jpg", "class_name"], str)


def test_table_rows_without_a_file_stay_listed_as_missing(folder: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", {"file": ["a.jpg", "gone.jpg"], "make": ["A", "B"]})
    rows = listed(folder, table)
    assert set(rows.index) == {"a.jpg", "b.png", "more/d.webp", "my car.JPG", "gone.jpg"}
    with pytest.raises(FileNotFoundError):
        sources.load(
            {"source_uri": rows.loc["gone.jpg", "source_uri"]}, SourceConfig(images=str(folder))
        )


def test_file_names_may_start_with_the_folder_itself(folder: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", {"file": ["./a.jpg", "/b.png"], "make": ["A", "B"]})
    rows = listed(folder, table)
    assert len(rows) == 4
    assert rows.loc["a.jpg", "make"] == "A"
    assert rows.loc["b.png", "make"] == "B"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"name": ["a.jpg"], "make": ["A"]}, r"no column of file names; accepted: .*found: name"),
        ({"file": ["a.jpg", "./a.jpg"]}, r"names '.*a\.jpg' more than once"),
        ({"file": ["a.jpg"], "campaign": ["Carrier pigeon"]}, "'Carrier pigeon'; accepted: Aban"),
        ({"file": ["a.jpg"], "industry": ["Piracy"]}, "'Piracy'; accepted: Automotive"),
        ({"file": ["a.jpg"], "vehicle type": ["Boat"]}, "'Boat'; accepted: Sedan"),
        ({"file": ["a.jpg"], "open_rate_k": [5], "open_rate_n": [4]}, r"row 1: open_rate has 5"),
        ({"file": ["a", "b"], "open_rate_k": [1, -1], "open_rate_n": [4, 4]}, r"row 2.*-1"),
        ({"file": ["a.jpg"], "open_rate_k": [1.5], "open_rate_n": [4]}, r"1\.5.*whole numbers"),
        ({"file": ["a.jpg"], "open_rate_k": [1], "open_rate_n": [-3]}, "open_rate"),
        ({"file": ["a.jpg"], "open_rate_k": ["x"], "open_rate_n": [4]}, "open_rate has x"),
        ({"file": ["a.jpg"], "open_rate_k": [1], "open_rate_n": ["x"]}, "open_rate"),
        ({"file": ["a.jpg"], "open rate": [0.35]}, r"0\.35 successes of 1"),
        ({"file": ["a.jpg"], "open rate": [2]}, "2 successes of 1"),
        ({"file": ["a.jpg"], "open_rate_k": [1]}, "open_rate_n"),
        ({"file": ["a.jpg"], "image": ["b.png"]}, "file, image"),
        (
            {"file": ["a.jpg"], "campaign": ["Survey"], "Campaign Type": ["Survey"]},
            "campaign, Campaign",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_bad_table_is_refused_by_row_and_value(
    folder: Path, tmp_path: Path, rows: dict[str, list[Any]], message: str, suffix: str
) -> None:
    table = write_table(tmp_path / f"table{suffix}", rows)
    with pytest.raises(SourceError, match=message) as caught:
        listed(folder, table)
    assert table in str(caught.value)


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, 0.0], ["1", "0"]])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_binary_labels_in_several_types(
    folder: Path, tmp_path: Path, values: list[Any], suffix: str
) -> None:
    rows = {"file": ["a.jpg", "b.png"], "open_rate": values}
    listing = listed(folder, write_table(tmp_path / f"table{suffix}", rows))
    assert listing.loc[["a.jpg", "b.png"], "open_rate_k"].astype(float).tolist() == [1, 0]
    assert listing.loc[["a.jpg", "b.png"], "open_rate_n"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("binary.csv", b"\xff\xfe\x00\x81\x00"),
        ("ragged.csv", b"file,make\na.jpg,b\nc,d,e,f\n"),
        ("broken.parquet", b"PAR1 no parquet"),
        ("table.xlsx", b"PK"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    folder: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=name):
        listed(folder, str(tmp_path / name))


def test_missing_sources_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    cases = {
        "does not exist": SourceConfig(images=str(tmp_path / "gone")),
        "holds no files": SourceConfig(images=str(tmp_path / "nothing")),
        "table .*gone.csv' does not exist": SourceConfig(
            images=str(folder), table=str(tmp_path / "gone.csv")
        ),
        "give --images": SourceConfig(table="table.csv"),
    }
    for message, config in cases.items():
        with pytest.raises(SourceError, match=message):
            sources.list_images(config).rows


def test_the_fingerprint_follows_the_content(folder: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", {"file": ["a.jpg"], "make": ["A"]})
    config = SourceConfig(images=str(folder), table=table)
    before = sources.fingerprint(config)
    assert sources.fingerprint(config) == before
    (folder / "notes.md").write_text("no picture, still")
    assert sources.fingerprint(config) == before
    (folder / "a.jpg").write_bytes((folder / "b.png").read_bytes())
    changed = sources.fingerprint(config)
    assert changed != before
    write_table(tmp_path / "t.csv", {"file": ["a.jpg"], "make": ["Another"]})
    assert sources.fingerprint(config) != changed
    os.remove(folder / "b.png")
    assert len(sources.fingerprint(config)) == len(before) - 1
    assert sources.fingerprint(SourceConfig()) == [showroom.RENDERING]


def test_years_are_numbers_or_nothing(folder: Path, tmp_path: Path) -> None:
    rows = {"file": ["a.jpg", "b.png"], "year": ["2012", "about 1990"]}
    listing = listed(folder, write_table(tmp_path / "t.csv", rows))
    assert listing["year"].dtype == np.float32
    assert listing.loc["a.jpg", "year"] == 2012
    assert listing["year"].isna().sum() == 3
