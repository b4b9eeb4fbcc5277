"""Files and folders that may be local or on S3, through one interface.

A location is a plain local path or an `s3://bucket/prefix` URI. S3 goes through pyarrow, which
finds credentials and endpoints (AWS_ENDPOINT_URL) in the usual places, and repeats a request that
is throttled, fails or finds no connection every 0.2 s for six seconds. What is throttled for longer
than that, or in a way that pyarrow does not know, is repeated after growing pauses (`patient`).
"""

import functools
import json
import random
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.fs as pafs

from emailimg.errors import SourceError

Given = ParamSpec("Given")
Found = TypeVar("Found")

# INTERNAL_FAILURE: also a throttled read of fewer bytes than S3's answer to it has.
_BUSY = re.compile(r"SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|HTTP status (?:429|50[03])")
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)


def patient(work: Callable[Given, Found]) -> Callable[Given, Found]:
    """The same function, called again after a pause where S3 was too busy: for about a minute."""

    @functools.wraps(work)
    def repeated(*arguments: Given.args, **options: Given.kwargs) -> Found:
        for pause_s in _PAUSES_S:
            try:
                return work(*arguments, **options)
            except OSError as error:
                if not _BUSY.search(str(error)):
                    raise
            # Not all workers at the same moment again.
            time.sleep(pause_s * random.uniform(0.5, 1))
        return work(*arguments, **options)

    return repeated


def is_remote(location: str) -> bool:
    return "://" in location


def absolute(location: str | Path) -> str:
    """Absolute form of a location; Ray workers run in another folder than the driver."""
    text = str(location)
    return text.rstrip("/") if is_remote(text) else str(Path(text).expanduser().resolve())


def join(location: str, *names: str) -> str:
    return "/".join([location.rstrip("/"), *names])


def bucket_and_key(location: str) -> tuple[str, str]:
    """Bucket and key (or prefix, without a slash at its end) of an `s3://` location.

    Raises SourceError when there is no bucket, or it is another kind of URI.
    """
    scheme, _, path = location.partition("://")
    bucket, _, key = path.partition("/")
    if "@" in bucket:  # nothing of it is repeated here: it may be a password
        raise SourceError(
            "a location may not hold credentials; accepted: s3://bucket/prefix, with credentials "
            "in the environment or a profile"
        )
    if scheme != "s3" or not re.fullmatch(r"[A-Za-z0-9._-]+", bucket):
        raise SourceError(
            f"location {location!r} is not accepted; accepted: a local path or s3://bucket/prefix, "
            "where the bucket has letters, digits, dots, hyphens and underscores"
        )
    return bucket, key.rstrip("/")


def filesystem(location: str) -> tuple[pafs.FileSystem, str]:
    """The pyarrow filesystem of a location and the location's path in it.

    Raises SourceError for a URI that is not `s3://bucket` or `s3://bucket/prefix`.
    """
    if is_remote(location):
        bucket, key = bucket_and_key(location)
        # Of the bucket alone: a URI may not hold a file name's spaces, `%`, `?` or `#`. And not
        # by `S3FileSystem()`: that ignores AWS_ENDPOINT_URL and the bucket's region.
        fs, _ = pafs.FileSystem.from_uri(f"s3://{bucket}")
        return fs, f"{bucket}/{key}" if key else bucket
    return pafs.LocalFileSystem(), absolute(location)


@patient
def exists(location: str) -> bool:
    fs, path = filesystem(location)
    return fs.get_file_info(path).type != pafs.FileType.NotFound


@patient
def read_bytes(location: str) -> bytes:
    """The content of a file; raises OSError when it cannot be read."""
    if not is_remote(location):
        return Path(location).expanduser().read_bytes()
    fs, path = filesystem(location)
    try:
        # Not as a stream: of S3 that reads a quarter of a megabyte per request.
        with fs.open_input_file(path) as file:
            return file.read()
    except pa.ArrowInvalid as error:  # keys of S3 that pyarrow has no path for, like `a//b`
        raise OSError(f"{location!r} cannot be read: {error}") from None


@patient
def write_bytes(location: str, data: bytes) -> None:
    """Write a whole file; a local one appears by rename, an S3 object appears when complete.

    Raises OSError when it cannot be written, e.g. because the bucket does not exist.
    """
    fs, path = filesystem(location)
    if is_remote(location):
        _write_object(fs, path, data)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(data)
    partial.replace(target)


def _write_object(fs: pafs.FileSystem, path: str, data: bytes) -> None:
    try:
        with fs.open_output_stream(path) as stream:
            stream.write(data)
    except OSError as error:
        if "NO_SUCH_BUCKET" not in str(error):
            raise
        bucket = path.partition("/")[0]
        raise FileNotFoundError(f"the bucket {bucket!r} does not exist") from None


def read_json(location: str) -> Any:
    return json.loads(read_bytes(location))


def write_json(location: str, value: Any) -> None:
    write_bytes(location, json.dumps(value, indent=2, allow_nan=False).encode())


@patient
def list_files(location: str, suffix: str = "") -> list[str]:
    """Locations of all files below a folder, sorted; empty when the folder is not there."""
    fs, path = filesystem(location)
    selector = pafs.FileSelector(path, recursive=True, allow_not_found=True)
    prefix = "s3://" if is_remote(location) else ""
    return sorted(
        prefix + info.path
        for info in fs.get_file_info(selector)
        if info.type == pafs.FileType.File and info.path.endswith(suffix)
    )


def make_folder(location: str) -> None:
    if not is_remote(location):
        Path(location).mkdir(parents=True, exist_ok=True)


@patient
def delete_file(location: str) -> None:
    """Delete a file; no error when it is not there."""
    if exists(location):
        fs, path = filesystem(location)
        fs.delete_file(path)


@patient
def delete_folder(location: str) -> None:
    """Delete a folder and all below it; no error when it is not there."""
    if not exists(location):
        return
    fs, path = filesystem(location)
    fs.delete_dir(path)


@patient
def empty_folder(location: str) -> None:
    """Delete what is in a folder but the notes about it, files whose names begin with `_`.

    So that a folder half of which is deleted can still be told from a folder of somebody else's.
    """
    fs, path = filesystem(location)
    for found in fs.get_file_info(pafs.FileSelector(path, allow_not_found=True)):
        if found.type == pafs.FileType.Directory:
            fs.delete_dir(found.path)
        elif not found.base_name.startswith("_"):
            fs.delete_file(found.path)


def replace_folder(temporary: str, final: str) -> None:
    """Put a finished local folder in its place by renaming; the old one goes afterwards."""
    old = Path(f"{final}.old")
    shutil.rmtree(old, ignore_errors=True)
    if Path(final).exists():
        Path(final).rename(old)
    Path(temporary).rename(final)
    shutil.rmtree(old, ignore_errors=True)
