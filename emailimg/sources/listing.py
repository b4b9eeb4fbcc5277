"""Which images there are: the rows of the source that the config names."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from emailimg import showroom, storage
from emailimg.config import SourceConfig
from emailimg.errors import SourceError
from emailimg.sources import folder, rendered, table


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
    if config.images is None:
        if config.table is not None:
            raise SourceError("a table needs the folder of its images: give --images as well")
        return Listing(rendered.list_images(config))
    rows = folder.list_images(config.images)
    if config.table is None:
        return Listing(rows)
    return Listing(table.join(rows, config.images, config.table))


def fingerprint(config: SourceConfig) -> list[Any]:
    """What changes when the source's content changes: names, sizes and times of its files."""
    if config.images is None:
        return [showroom.RENDERING]
    files = [file for file in folder.list_files(config.images) if file.may_be_image]
    listed: list[Any] = [[file.location, file.size, file.modified] for file in files]
    if config.table is not None:
        fs, path = storage.filesystem(config.table)
        info = fs.get_file_info(path)
        listed.append([config.table, info.size, str(info.mtime_ns)])
    return listed


def load(row: dict[str, Any], config: SourceConfig) -> bytes:
    """Encoded bytes of one listed image; raises OSError when the file cannot be read."""
    uri = row["source_uri"]
    if uri.startswith(rendered.SCHEME):
        return rendered.load(uri, config)
    return storage.read_bytes(uri)
