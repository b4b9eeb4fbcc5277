"""A folder of image files, local or on S3."""

from pathlib import PurePosixPath

import pandas as pd

from emailimg import storage
from emailimg.errors import SourceError
from emailimg.sources.attributes import complete


def list_images(folder: str) -> pd.DataFrame:
    if not storage.exists(folder):
        raise SourceError(f"folder of images {folder!r} does not exist")
    files = image_files(folder)
    if not files:
        raise SourceError(f"folder {folder!r} holds no files")
    return complete(pd.DataFrame({"source_uri": files}))


def image_files(folder: str) -> list[str]:
    """Files that may be images: hidden files and tables are left out, anything else is tried."""
    skipped = (".csv", ".parquet", ".json", ".yaml", ".md")
    return [
        file
        for file in storage.list_files(storage.absolute(folder))
        if not PurePosixPath(file).name.startswith(".") and not file.lower().endswith(skipped)
    ]
