"""Which images there are: the rows of the source that the config names."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from emailimg import showroom, storage
from emailimg.config import ImageConfig, SourceConfig
from emailimg.sources import folder, rendered, stanford_cars, table
from emailimg.sources.car_annotations import BOX_COLUMNS


@dataclass(frozen=True)
class Listing:
    """What a source holds.

    rows: one per image: `source_uri`, attributes, observed labels `{target}_k`, `{target}_n`.
    notes: for people, how the source was read, e.g. which column of a table was taken for what.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()


def list_images(config: SourceConfig) -> Listing:
    """List the images of the source.

    Raises SourceError when the folder or table is missing, empty or unusable.
    """
    location = config.images or config.stanford_cars
    if location is None:
        return Listing(rendered.list_images(config))
    notes: tuple[str, ...] = ()
    if config.stanford_cars is not None:
        rows, notes = stanford_cars.list_images(location)
    else:
        rows = folder.list_images(location)
    if config.table is None:
        return Listing(rows, notes)
    joined, table_notes = table.join(rows, location, config)
    return Listing(joined, notes + table_notes)


def fingerprint(config: SourceConfig) -> list[Any]:
    """What changes when the source's content changes: names, sizes and times of its files."""
    location = config.images or config.stanford_cars
    if location is None:
        return [showroom.RENDERING]
    # Of the data set the annotations count as well.
    everything = config.stanford_cars is not None
    files = [file for file in folder.list_files(location) if everything or file.may_be_image]
    listed: list[Any] = [[file.location, file.size, file.modified] for file in files]
    if config.table is not None:
        fs, path = storage.filesystem(config.table)
        info = fs.get_file_info(path)
        listed.append([config.table, info.size, str(info.mtime_ns)])
    return listed


def load(row: dict[str, Any], config: SourceConfig, limits: ImageConfig) -> bytes:
    """Encoded bytes of one listed image, cropped to its box where the config says so.

    Raises OSError when the file cannot be read, and ImageError when it cannot be cropped.
    """
    uri = row["source_uri"]
    if uri.startswith(rendered.SCHEME):
        return rendered.load(uri, config)
    data = storage.read_bytes(uri)
    box = [row.get(name) for name in BOX_COLUMNS]
    if not config.crop_to_box or pd.isna(box).any():
        return data
    x1, y1, x2, y2 = (int(side) for side in box if side is not None)
    return stanford_cars.crop(data, (x1, y1, x2, y2), limits)
