"""A folder of files, local or on S3."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd
import pyarrow.fs as pafs

from emailimg import storage
from emailimg.errors import SourceError
from emailimg.sources.attributes import complete

# Anything else is tried as an image, whatever its name.
_NOT_IMAGES = (".csv", ".parquet", ".json", ".yaml", ".md", ".mat")


@dataclass(frozen=True, order=True)
class File:
    """A file: where it is, its size in bytes, and when it was written, as its storage says it."""

    location: str
    size: int
    modified: str

    @property
    def may_be_image(self) -> bool:
        """Hidden files and tables are none; anything else is tried."""
        hidden = PurePosixPath(self.location).name.startswith(".")
        return not hidden and not self.location.lower().endswith(_NOT_IMAGES)


def list_files(location: str) -> list[File]:
    """All files below a folder, sorted; raises SourceError when it is not there or empty."""
    if not storage.exists(location):
        raise SourceError(f"folder of images {location!r} does not exist")
    fs, path = storage.filesystem(location)
    prefix = "s3://" if storage.is_remote(location) else ""
    found = fs.get_file_info(pafs.FileSelector(path, recursive=True))
    files = [
        File(prefix + info.path, info.size, str(info.mtime_ns))
        for info in found
        if info.type == pafs.FileType.File
    ]
    if not files:
        raise SourceError(f"folder {location!r} holds no files")
    return sorted(files)


def list_images(location: str) -> pd.DataFrame:
    """A row per file that may be an image."""
    images = [file.location for file in list_files(location) if file.may_be_image]
    if not images:
        raise SourceError(f"folder {location!r} holds no files that may be images")
    return complete(pd.DataFrame({"source_uri": images}))
