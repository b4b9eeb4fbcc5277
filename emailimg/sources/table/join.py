"""A table about the images of a folder: CSV or Parquet, joined by file name.

How it is read, in order: cells of text, what each column means, which file each row is about,
attributes, labels. All that is wrong on the way is gathered and refused at once.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

import pandas as pd

from emailimg.config import SourceConfig
from emailimg.sources.attributes import TEXT_ATTRIBUTES, complete
from emailimg.sources.table import cars, reading
from emailimg.sources.table.attributes import parse as parse_attributes
from emailimg.sources.table.columns import CLASS_ID, FILE, IMAGE_ID, NOT_USED, Columns
from emailimg.sources.table.columns import choose as choose_columns
from emailimg.sources.table.files import locate
from emailimg.sources.table.labels import LABEL_COLUMNS, Labels
from emailimg.sources.table.labels import parse as parse_labels
from emailimg.sources.table.problems import Problems, count_rows


def join(
    files: pd.DataFrame, folder: str, config: SourceConfig
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Attach the attributes and labels of `config.table` to the images of a folder.

    files: a row per image, `source_uri` and what is known of it already; the table's own values
    go first. Returns rows, among them those of the table whose file is missing, and notes for
    people on how the table was read. A file that the table does not name was not observed:
    n = 0 for every target that the table tells. Raises SourceError naming all that is wrong.
    """
    if config.table is None:
        raise ValueError("no table is configured")
    problems = Problems(config.table)
    cells, columns = _read(config.table, config.columns, problems)
    locations, file_notes = locate(
        cells, columns.theirs, list(files["source_uri"]), folder, problems
    )
    _check_image_ids(cells, columns.theirs, problems)
    cells, car_notes = cars.check_class_ids(
        cells, columns.theirs, config.repair_class_ids, problems
    )
    cells = cars.fill_from_names(cells)
    attributes = parse_attributes(cells, columns.theirs, problems)
    labels = parse_labels(cells, columns.theirs, config.revenue_success_above, problems)
    problems.refuse()
    known = attributes.assign(**labels.columns).set_axis(locations, axis="index")
    notes = _mapping(config.table, len(cells), columns, labels)
    return _attach(files, known), (*notes, *file_notes, *car_notes, *labels.notes)


def _read(
    location: str, wanted: Mapping[str, str], problems: Problems
) -> tuple[pd.DataFrame, Columns]:
    """Cells of text under our names, and what the table's columns mean."""
    table = reading.read(location)
    columns = choose_columns(table.columns.tolist(), wanted, problems)
    cells = columns.rename(table)
    if FILE in cells:
        problems.name_rows_by(cells[FILE])
    return cells, columns


def _check_image_ids(cells: pd.DataFrame, theirs: Mapping[str, str], problems: Problems) -> None:
    if IMAGE_ID not in cells:
        return
    ids, name = cells[IMAGE_ID], theirs[IMAGE_ID]
    problems.add_rows(
        f"{name} is there more than once",
        ids.duplicated(keep=False) & ids.notna(),
        {name: ids},
        f"one row for each image; if {name} means something else, "
        f"source.columns: {{{name}: {NOT_USED}}}",
    )


def _attach(files: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """A row per image and per row of the table, sorted by location."""
    files = files.set_index("source_uri")
    rows = files.reindex(files.index.union(known.index))
    for column, values in known.reindex(rows.index).items():
        if column in rows:
            values = values.where(values.notna(), rows[column])
        # Not named by the table is not observed, never a label that is made up.
        is_count = str(column) in LABEL_COLUMNS
        rows[column] = values.fillna(0.0) if is_count else values
    return complete(rows.rename_axis("source_uri").reset_index())


def _mapping(location: str, rows: int, columns: Columns, labels: Labels) -> list[str]:
    """What became of each column, below the table's name and number of rows."""
    meanings = {FILE: "file name", CLASS_ID: "class id (checked)", IMAGE_ID: "image id (checked)"}
    meanings |= {name: name for name in (*TEXT_ATTRIBUTES, "year")}
    lines = [
        (theirs, meanings[name]) for name, theirs in columns.theirs.items() if name in meanings
    ]
    told = {*meanings, *labels.uses}
    name = PurePosixPath(location).name
    return [
        f"table {name}, {count_rows(rows)}:",
        *columns.mapping([*lines, *labels.lines], told),
    ]
