"""A folder of files, local or on S3."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd

from emailimg import s3, storage
from emailimg.errors import SourceError
from emailimg.sources.attributes import complete

# Anything else is tried as an image, whatever its name.
_NOT_IMAGES = (".csv", ".parquet", ".json", ".yaml", ".md", ".mat")


@dataclass(frozen=True, order=True)
class File:
    """A file: where it is, its size in bytes, and what its storage says changes with its content.

    modified: of a local file the time in nanoseconds, of an S3 object the ETag.
    """

    location: str
    size: int
    modified: str

    @property
    def may_be_image(self) -> bool:
        """Hidden files and tables are none; anything else is tried."""
        hidden = PurePosixPath(self.location).name.startswith(".")
        return not hidden and not self.location.lower().endswith(_NOT_IMAGES)


def list_files(location: str) -> list[File]:
    """All files below a folder, sorted; raises SourceError when it is not there or empty.

    A local folder's links are followed. One that leads nowhere is listed like a file, so that what
    cannot be read is rejected with a reason later; pipes and sockets are left out.
    """
    if storage.is_remote(location):
        bucket, _ = storage.bucket_and_key(location)
        return sorted(
            File(f"s3://{bucket}/{found.key}", found.size, found.etag)
            for found in s3.list_objects(location)
        )
    folder = storage.absolute(location)
    if not os.path.exists(folder):
        raise SourceError(f"folder of images {location!r} does not exist")
    if not os.path.isdir(folder):
        raise SourceError(f"{location!r} is a single file; give the folder that holds it")
    files = sorted(_walk(folder, frozenset()))
    if not files:
        raise SourceError(f"folder {location!r} holds no files")
    return files


def _walk(folder: str, above: frozenset[str]) -> Iterator[File]:
    """The files below a local folder; `above` are the real paths of the folders it lies in."""
    real = os.path.realpath(folder)
    if real in above:  # a link to a folder around it, which would never end
        return
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        # Left out, its images would be missing without a word.
        raise SourceError(f"folder {folder!r} cannot be read: {error.strerror}") from None
    for entry in entries:
        _check_name(entry)
        if entry.is_dir():
            yield from _walk(entry.path, above | {real})
        elif entry.is_file():
            status = entry.stat()
            yield File(entry.path, status.st_size, str(status.st_mtime_ns))
        elif not os.path.exists(entry.path):
            yield File(entry.path, 0, "")


def _check_name(entry: os.DirEntry[str]) -> None:
    """Tables hold text: a name that is none could not be written to one."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        name = os.fsencode(entry.path)
        raise SourceError(f"the file name {name!r} is not UTF-8; rename the file") from None


def list_images(location: str) -> pd.DataFrame:
    """A row per file that may be an image."""
    images = [file.location for file in list_files(location) if file.may_be_image]
    if not images:
        raise SourceError(f"folder {location!r} holds no files that may be images")
    return complete(pd.DataFrame({"source_uri": images}))
