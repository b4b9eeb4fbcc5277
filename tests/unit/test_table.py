"""A table joined with its images: whole tables, attributes, and what was known before."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pictures import encode, picture
from s3_server import s3_server
from small_tables import joined, write_table

from emailimg import sources, storage
from emailimg.config import SourceConfig
from emailimg.errors import SourceError
from emailimg.sources import table

REPORT: dict[str, list[Any]] = {
    "Relative_im_path": ["car_ims/000001.jpg", "car_ims/000002.jpg", "car_ims/000003.jpg"],
    "Class_name": ["AM General Hummer SUV 2000", "Acura RL Sedan 2012", None],
    "Make": ["AM General", "Acura", None],
    "Vehicle_type": ["SUV", "sedan", None],
    "Year": [2000, 2012, None],
    "Open Rate": [1, 0, None],
    "Revenue_Per_Email": [0, 1, 0],
    "Click_to_Open_Rate": [0, 1, 1],
    "Conversion_Rate": [1, 1, 0],
    "Campaign types": ["Abandoned Cart", "Review_Request", "survey"],
    "Industry types": ["Automotive", "real estate", None],
}


def attributes_of(rows: pd.DataFrame, name: str) -> dict[str, Any]:
    found = rows.loc[name].dropna().drop("source_uri")
    return {str(column): value for column, value in found.items()}


def write_pictures(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(picture(32, 40, number), "JPEG"))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_reports_table(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "cars"
    write_pictures(folder, [*REPORT["Relative_im_path"], "car_ims/000004.jpg"])
    location = write_table(tmp_path / f"table{suffix}", REPORT)
    listing = sources.list_images(SourceConfig(images=str(folder), table=location))
    rows = listing.rows.set_axis(pd.Index(["1", "2", "3", "4"]), axis="index")
    assert rows["source_uri"].tolist() == [f"{folder}/car_ims/00000{n}.jpg" for n in range(1, 5)]
    assert attributes_of(rows, "1") == {
        "class_name": "AM General Hummer SUV 2000",
        "make": "AM General",
        "model": "Hummer",
        "vehicle_type": "SUV",
        "year": 2000,
        "campaign_type": "Abandoned Cart",
        "industry": "Automotive",
        "open_rate_k": 1,
        "open_rate_n": 1,
        "click_to_open_rate_k": 0,
        "click_to_open_rate_n": 1,
        "revenue_per_email_k": 0,
        "revenue_per_email_n": 1,
        "conversion_rate_k": 1,
        "conversion_rate_n": 1,
    }
    assert list(rows.loc["2", ["vehicle_type", "campaign_type"]]) == ["Sedan", "Review Request"]
    assert list(rows.loc["3", ["class_name", "industry"]]) == [None, None]
    assert rows.loc["3", "open_rate_n"] == 0, "not observed is not a zero rate"
    assert rows.loc["4", "open_rate_n"] == 0, "not in the table is not observed either"
    assert listing.notes == (
        f"table table{suffix}, 3 rows:",
        "  Relative_im_path   -> file name",
        "  Class_name         -> class_name",
        "  Make               -> make",
        "  Vehicle_type       -> vehicle_type",
        "  Year               -> year",
        "  Campaign types     -> campaign_type",
        "  Industry types     -> industry",
        "  Open Rate          -> open_rate (0 or 1, known in 2 of 3 rows)",
        "  Click_to_Open_Rate -> click_to_open_rate (0 or 1)",
        "  Revenue_Per_Email  -> revenue_per_email (0 or 1)",
        "  Conversion_Rate    -> conversion_rate (0 or 1)",
        "1 of 4 images are not in the table: no labels observed for them",
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_names_that_are_numbers_stay_text(tmp_path: Path, suffix: str) -> None:
    """A column of Porsche 911s and Peugeot 208s is read as numbers, and must not stay so."""
    table = {"file": ["a.jpg", "b.png"], "model": [911, 208], "class_name": [1, None]}
    rows, _ = joined(tmp_path, table, suffix=suffix)
    assert rows["model"].tolist() == ["911", "208", None]
    assert isinstance(rows.loc["a.jpg", "class_name"], str)


def test_a_column_of_numbers_with_gaps_is_one_of_whole_numbers(tmp_path: Path) -> None:
    """A CSV has 911.0 there; in a column of other names, such as 9-5, it would stay."""
    table = {"file": ["a.jpg", "b.png"], "model": [911, None], "year": [1999, None]}
    rows, _ = joined(tmp_path, table)
    assert rows["model"].tolist() == ["911", None, None]
    assert rows["year"].tolist()[0] == 1999


def test_what_the_table_says_goes_before_what_was_known(tmp_path: Path) -> None:
    files = pd.DataFrame(
        {
            "source_uri": [f"{tmp_path}/{name}" for name in ("a.jpg", "b.jpg", "c.jpg")],
            "make": ["Audi", "BMW", "Ford"],
            "model": ["TT", "M3", None],
            "year": np.array([2011, 2012, 2013], np.float32),
            "box_x1": [1.0, 2.0, 3.0],
        }
    )
    location = write_table(
        tmp_path / "t.csv",
        {
            "file": ["a.jpg", "b.jpg", "d.jpg"],
            "make": ["Seat", None, "Fiat"],
            "year": [1990, None, 1],
        },
    )
    config = SourceConfig(images=str(tmp_path), table=location)
    with pytest.raises(SourceError, match="1 row: year is no year"):
        table.join(files, str(tmp_path), config)
    Path(location).write_text(Path(location).read_text().replace("Fiat,1.0", "Fiat,2001"))
    rows, _ = table.join(files, str(tmp_path), config)
    assert rows["make"].tolist() == ["Seat", "BMW", "Ford", "Fiat"]
    assert rows["model"].tolist() == ["TT", "M3", None, None]
    assert rows["year"].tolist() == [1990, 2012, 2013, 2001]
    assert rows["year"].dtype == np.float32
    np.testing.assert_array_equal(rows["box_x1"], [1, 2, 3, np.nan])


@pytest.mark.parametrize(
    ("column", "good", "expected"),
    [
        ("Vehicle_type", ["suv", "Crew Cab", "station wagon"], ["SUV", "Pickup", "Wagon"]),
        ("campaign", ["abandoned_cart", None, "Survey"], ["Abandoned Cart", None, "Survey"]),
        ("industry", ["REAL-ESTATE", "Energy", None], ["Real Estate", "Energy", None]),
        ("colour", ["red", None, "blue"], ["red", None, "blue"]),
    ],
)
def test_attributes_in_their_accepted_spelling(
    tmp_path: Path, column: str, good: list[Any], expected: list[Any]
) -> None:
    ours = {"Vehicle_type": "vehicle_type", "campaign": "campaign_type"}.get(column, column)
    rows, _ = joined(tmp_path, {"file": ["a.jpg", "b.png", "c.webp"], column: good})
    assert rows[ours].tolist() == expected


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"campaign": ["Carrier pigeon"]}, "campaign is unknown; accepted: Abandoned Cart, Newsl"),
        ({"Industry types": ["Piracy"]}, "Industry types is unknown; accepted: Automotive, Indu"),
        ({"type": ["Boat"]}, "type is unknown; accepted: Sedan, SUV"),
        ({"year": ["about 1990"]}, "year is no year; accepted: whole numbers from 1886 to 2100"),
        ({"year": [1885]}, "year is no year"),
        ({"year": [2101]}, "year is no year"),
        ({"year": [1999.5]}, "year is no year"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_unknown_attributes_are_refused_by_row_and_value(
    tmp_path: Path, rows: dict[str, Any], message: str, suffix: str
) -> None:
    with pytest.raises(SourceError) as caught:
        joined(tmp_path, {"file": ["a.jpg"]} | rows, suffix=suffix)
    column, (value,) = next(iter(rows.items()))
    assert f"1 row: {message}" in str(caught.value)
    assert f"    row 1, a.jpg: {column} = '{value}'" in str(caught.value)
    assert f"table{suffix}" in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    table = {
        "file": ["a.jpg", "a.jpg", "b.png"],
        "id": [1, 1, 2],
        "class": [5, -128, 7],
        "campaign": ["Survey", "Pigeon", "Survey"],
        "Campaign Type": ["Survey"] * 3,
        "industry": ["Piracy"] * 3,
        "type": ["Boat"] * 3,
        "year": [1] * 3,
        "opens": [7, 1, 1],
        "delivered": [5, 5, 9],
        "sent": [6, 6, 6],
        "ctor": [0.3, "x", 1],
        "purchase_rate": [7, 0, 1],
        "revenue": [-1, 2, 3],
    }
    with pytest.raises(SourceError) as caught:
        joined(tmp_path, table)
    message = str(caught.value)
    for problem in [
        "several columns for campaign_type: campaign, Campaign Type",
        "2 rows: a file named more than once",
        "2 rows: id is there more than once",
        "1 row: class is negative",
        "1 row: campaign is unknown",
        "3 rows: industry is unknown",
        "3 rows: type is unknown",
        "3 rows: year is no year",
        "1 row: more opens than delivered",
        "1 row: more delivered than sent",
        "1 row: ctor is neither 0 or 1 nor a share",
        "1 row: purchase_rate is neither 0 or 1 nor a share",
        "1 row: revenue is no revenue",
    ]:
        assert f"  - {problem}" in message
    assert message.count("\n  - ") == 13


def test_without_file_names_the_rest_is_still_checked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column of file names") as caught:
        joined(tmp_path, {"name": ["a.jpg"], "year": [1]})
    assert "    row 1: year = '1'" in str(caught.value)


def test_a_table_on_s3() -> None:
    with s3_server() as bucket:
        storage.write_bytes(f"{bucket}/cars/a b.jpg", encode(picture(32, 40), "JPEG"))
        storage.write_bytes(f"{bucket}/t.csv", b"file,make\na b.jpg,Audi\n")
        config = SourceConfig(images=f"{bucket}/cars", table=f"{bucket}/t.csv")
        listing = sources.list_images(config)
        storage.write_bytes(f"{bucket}/t.csv", f"file\n{bucket}/cars/a b.jpg\n".encode())
        by_location = sources.list_images(config)
    assert listing.rows["source_uri"].tolist() == [f"{bucket}/cars/a b.jpg"]
    assert listing.rows["make"].tolist() == ["Audi"]
    assert listing.notes[0] == "table t.csv, 1 row:"
    assert len(by_location.rows) == 1
