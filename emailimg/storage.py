"""Files and folders that may be local or on S3, through one interface.

A location is a plain local path or an `s3://bucket/prefix` URI. S3 goes through pyarrow, which
finds credentials and endpoints (AWS_ENDPOINT_URL) in the usual places.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs


def is_remote(location: str) -> bool:
    return "://" in location


def absolute(location: str | Path) -> str:
    """Absolute form of a location; Ray workers run in another folder than the driver."""
    text = str(location)
    return text.rstrip("/") if is_remote(text) else str(Path(text).expanduser().resolve())


def join(location: str, *names: str) -> str:
    return "/".join([location.rstrip("/"), *names])


def filesystem(location: str) -> tuple[pafs.FileSystem, str]:
    """The pyarrow filesystem of a location and the location's path in it."""
    if is_remote(location):
        # Of the bucket alone: a URI may not hold a file name's spaces, `%`, `?` or `#`.
        scheme, _, path = location.partition("://")
        fs, _ = pafs.FileSystem.from_uri(f"{scheme}://{path.split('/')[0]}")
        return fs, path.rstrip("/")
    return pafs.LocalFileSystem(), absolute(location)


def exists(location: str) -> bool:
    fs, path = filesystem(location)
    return fs.get_file_info(path).type != pafs.FileType.NotFound


def read_bytes(location: str) -> bytes:
    fs, path = filesystem(location)
    # Not as a stream: of S3 that reads a quarter of a megabyte per request.
    with fs.open_input_file(path) as file:
        return file.read()


def write_bytes(location: str, data: bytes) -> None:
    """Write a whole file; a local one appears by rename, an S3 object appears when complete."""
    fs, path = filesystem(location)
    if is_remote(location):
        with fs.open_output_stream(path) as stream:
            stream.write(data)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(data)
    partial.replace(target)


def read_json(location: str) -> Any:
    return json.loads(read_bytes(location))


def write_json(location: str, value: Any) -> None:
    write_bytes(location, json.dumps(value, indent=2, allow_nan=False).encode())


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


def delete_file(location: str) -> None:
    """Delete a file; no error when it is not there."""
    if exists(location):
        fs, path = filesystem(location)
        fs.delete_file(path)


def delete_folder(location: str) -> None:
    """Delete a folder and all below it; no error when it is not there."""
    if not exists(location):
        return
    fs, path = filesystem(location)
    fs.delete_dir(path)


def replace_folder(temporary: str, final: str) -> None:
    """Put a finished local folder in its place by renaming; the old one goes afterwards."""
    old = Path(f"{final}.old")
    shutil.rmtree(old, ignore_errors=True)
    if Path(final).exists():
        Path(final).rename(old)
    Path(temporary).rename(final)
    shutil.rmtree(old, ignore_errors=True)
