"""Files of tables: how they are encoded and separated, and what is none."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_tables import joined, write_table

from emailimg.errors import SourceError
from emailimg.sources.table import reading

TEXT = "Datei,file,year,industry\nä,007,2012,real estate\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_as_programs_write_it(
    tmp_path: Path, separator: str, encoding: str, line_end: str
) -> None:
    text = TEXT.replace(",", separator).replace("\n", line_end)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    cells = reading.read(str(tmp_path / "t.csv"))
    assert cells.to_dict("list") == {
        "Datei": ["ä"],
        "file": ["007"],
        "year": ["2012"],
        "industry": ["real estate"],
    }


def test_separators_inside_quotes_are_text(tmp_path: Path) -> None:
    text = 'file;"a; b, c, d, e";make\n"x, y; z.jpg";1;" Audi "\n\n'
    cells = reading.read(write_table(tmp_path / "t.csv", text))
    assert cells.to_dict("list") == {
        "file": ["x, y; z.jpg"],
        "a; b, c, d, e": ["1"],
        "make": ["Audi"],
    }


@pytest.mark.parametrize("empty", ["", " ", "NA", "n/a", "nan", "NULL", "None"])
def test_empty_cells(tmp_path: Path, empty: str) -> None:
    cells = reading.read(write_table(tmp_path / "t.csv", f"file,make\na.jpg,{empty}\n"))
    assert cells["make"].tolist() == [None]


def test_numbers_of_a_parquet_file_are_text(tmp_path: Path) -> None:
    columns = {
        "whole": pa.array([911, None], pa.int64()),
        "gap": pa.array([911.0, None], pa.float64()),
        "share": pa.array([0.25, float("nan")], pa.float32()),
        "flag": pa.array([True, None]),
        "words": pa.array(["007", ""]).dictionary_encode(),
        "image": pa.array([{"bytes": b"x"}, None]),
        "raw": pa.array([b"x", None]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    cells = reading.read(str(tmp_path / "t.parquet"))
    assert {name: list(cells[name]) for name in cells} == {
        "whole": ["911", None],
        "gap": ["911", None],
        "share": ["0.25", None],
        "flag": ["True", None],
        "words": ["007", None],
        "image": [None, None],
        "raw": [None, None],
    }


def test_an_index_of_pandas_is_a_column_like_others(tmp_path: Path) -> None:
    frame = pa.table({"file": ["a.jpg"], "make": ["Audi"]}).to_pandas().set_index("file")
    frame.to_parquet(tmp_path / "t.parquet")
    assert list(reading.read(str(tmp_path / "t.parquet"))) == ["make", "file"]
    frame.reset_index().to_csv(tmp_path / "t.csv")
    assert list(reading.read(str(tmp_path / "t.csv"))) == ["(column 1)", "file", "make"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.csv", b"\n\n", "the file is empty"),
        ("header.csv", b"file,make\n", "holds no rows"),
        ("binary.csv", b"\xff\xfe\x00\x81\x00", "not encoded as UTF-8.*save it as `CSV UTF-8`"),
        ("long.csv", b"file,make\na.jpg,b\nc,d,e,f\n", "row 2 has 4 cells, the header 2"),
        ("short.csv", b"file,make\na.jpg\n", "row 1 has 1 cells, the header 2"),
        ("twice.csv", b"file,make, make\na,b,c\n", "several columns of the same name: 'make'"),
        ("broken.parquet", b"PAR1 no parquet", "cannot be read"),
        ("table.xlsx", b"PK", "must be .csv or .parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        reading.read(str(tmp_path / name))
    assert name in str(caught.value)


def test_two_parquet_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    columns = [pa.array(["a.jpg"]), pa.array(["b"]), pa.array(["c"])]
    pq.write_table(pa.table(columns, ["file", "make", "make"]), tmp_path / "t.parquet")
    with pytest.raises(SourceError, match="several columns of the same name: 'make'"):
        reading.read(str(tmp_path / "t.parquet"))


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone.csv' does not exist"):
        reading.read(str(tmp_path / "gone.csv"))


def test_file_names_that_are_numbers_find_their_files(tmp_path: Path) -> None:
    rows, _ = joined(tmp_path, "file,make\n007,Audi\n08,BMW\n", files=["007", "08", "7", "8"])
    assert rows["make"].dropna().to_dict() == {"007": "Audi", "08": "BMW"}
