"""Which images there are: the rows of the source that the config names."""

from typing import Any

import pandas as pd

from emailimg import showroom, storage
from emailimg.config import SourceConfig
from emailimg.errors import SourceError
from emailimg.sources import folder, rendered, table


def list_images(config: SourceConfig) -> pd.DataFrame:
    """One row per image: `source_uri`, attributes, and observed labels `{target}_k`, `{target}_n`.

    Raises SourceError when the folder or table is missing, empty or unusable.
    """
    if config.images is None:
        if config.table is not None:
            raise SourceError("a table needs the folder of its images: give --images as well")
        return rendered.list_images(config)
    rows = folder.list_images(config.images)
    if config.table is not None:
        rows = table.join(rows, config.images, config.table)
    return rows


def fingerprint(config: SourceConfig) -> list[Any]:
    """What changes when the source's content changes: names, sizes and times of its files."""
    if config.images is None:
        return [showroom.RENDERING]
    files = folder.image_files(config.images) + ([config.table] if config.table else [])
    listing = []
    for file in files:
        fs, path = storage.filesystem(file)
        info = fs.get_file_info(path)
        listing.append([file, info.size, info.mtime_ns])
    return listing


def load(row: dict[str, Any], config: SourceConfig) -> bytes:
    """Encoded bytes of one listed image; raises OSError when the file cannot be read."""
    uri = row["source_uri"]
    if uri.startswith(rendered.SCHEME):
        return rendered.load(uri, config)
    return storage.read_bytes(uri)
