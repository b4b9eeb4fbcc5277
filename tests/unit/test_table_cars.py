"""Class ids that wrapped around, and what class names say about a car."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_tables import joined

from emailimg.errors import SourceError
from emailimg.sources.car_names import CLASS_NAMES, parse


def report_table() -> dict[str, Any]:
    """All 196 classes as the report's public table has them: 8-bit ids, names looked up by them."""
    ids = np.arange(1, 197)
    wrapped = ids.astype(np.int8)
    names = [CLASS_NAMES[number - 1] for number in wrapped.tolist()]
    return {
        "relative_im_path": [f"car_ims/{number:06}.jpg" for number in ids],
        "class": wrapped,
        "class_name": names,
        "make": [parse(name).make for name in names],
        "vehicle_type": [parse(name).vehicle_type for name in names],
    }


FILES = report_table()["relative_im_path"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_negative_class_ids_are_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SourceError) as caught:
        joined(tmp_path, report_table(), FILES, suffix=suffix)
    message = str(caught.value)
    assert "69 rows: class is negative" in message
    assert "row 128, car_ims/000128.jpg: class = '-128', class_name = " in message
    assert "and 66 more" in message
    assert "source.repair_class_ids: true adds 256" in message


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_negative_class_ids_are_repaired_when_asked(tmp_path: Path, suffix: str) -> None:
    table = report_table()
    assert list(table["class_name"]) != list(CLASS_NAMES), "as wrong as the report's"
    rows, notes = joined(tmp_path, table, FILES, suffix=suffix, repair_class_ids=True)
    assert rows["class_name"].tolist() == list(CLASS_NAMES)
    names = [parse(name) for name in CLASS_NAMES]
    for column in ("make", "model", "vehicle_type"):
        assert rows[column].tolist() == [getattr(name, column) for name in names]
    assert rows["year"].tolist() == [name.year for name in names]
    assert notes[-1] == (
        "69 rows with a negative class: 256 added; class_name, make, model, vehicle_type and year "
        "taken from the Stanford Cars class of that id"
    )


def test_a_repair_needs_no_other_column(tmp_path: Path) -> None:
    rows, _ = joined(
        tmp_path, {"file": ["a.jpg"], "class_id": [-60]}, ["a.jpg"], repair_class_ids=True
    )
    assert rows.loc["a.jpg", "class_name"] == CLASS_NAMES[195]
    assert rows.loc["a.jpg", "make"] == parse(CLASS_NAMES[195]).make


@pytest.mark.parametrize("number", [-59, -300, 0, 197])
def test_ids_outside_of_the_classes_are_refused_after_a_repair(tmp_path: Path, number: int) -> None:
    table = {"file": ["a.jpg", "b.png"], "class": [-128, number]}
    with pytest.raises(SourceError, match=rf"1 row: class is no class of (.|\n)*'{number}'"):
        joined(tmp_path, table, repair_class_ids=True)


@pytest.mark.parametrize("value", ["1.5", "Sedan", "inf"])
def test_ids_that_are_no_numbers_are_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(SourceError, match=r"class is no class id.*\{class: class_name\}"):
        joined(tmp_path, {"file": ["a.jpg", "b.png"], "class": ["1", value]})


@pytest.mark.parametrize("repair", [True, False])
def test_positive_ids_may_be_the_users_own(tmp_path: Path, repair: bool) -> None:
    table = {"file": ["a.jpg", "b.png"], "class": [5, 900], "class_name": ["Audi A4 2008", None]}
    rows, notes = joined(tmp_path, table, repair_class_ids=repair)
    assert rows["class_name"].tolist() == ["Audi A4 2008", None, None]
    assert ("nothing to repair, no class is negative" in notes) == repair


def test_a_repair_without_class_ids_is_said_to_be_none(tmp_path: Path) -> None:
    _, notes = joined(tmp_path, {"file": ["a.jpg"], "make": ["Audi"]}, repair_class_ids=True)
    assert "nothing to repair, the table has no class ids" in notes


def test_class_names_fill_what_the_table_lacks(tmp_path: Path) -> None:
    table = {
        "file": ["a.jpg", "b.png", "c.webp"],
        "class_name": ["Audi TTS Coupe 2012", "Ford Edge SUV 2012", "Audi TTS Coupe 2012"],
        "make": ["Auto Union", None, None],
        "year": [None, 1999, None],
    }
    rows, _ = joined(tmp_path, table)
    assert rows["make"].tolist() == ["Auto Union", "Ford", "Audi"]
    assert rows["model"].tolist() == ["TTS", "Edge", "TTS"]
    assert rows["vehicle_type"].tolist() == ["Coupe", "SUV", "Coupe"]
    assert rows["year"].tolist() == [2012, 1999, 2012]
