"""Images that a request names instead of sending: objects on S3 below an allowed prefix.

A service that fetches what a stranger names can be made to read what the stranger cannot. So
nothing but `s3://` is fetched, and only below the prefixes in the service's settings, of which
there are none unless somebody adds them.
"""

import logging
import re

import pyarrow.fs as pafs

from emailimg import storage
from emailimg.errors import ConfigError, SourceError
from serve_app.failures import ApiError

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name


def check_prefixes(prefixes: tuple[str, ...]) -> None:
    """Raises ConfigError for a prefix that is no `s3://bucket/...`, or that nothing can match."""
    for prefix in prefixes:
        try:
            storage.bucket_and_key(prefix)
        except SourceError as error:
            raise ConfigError(f"image_uri_prefixes: {error}") from None
        if not _plain(prefix.rstrip("/")):
            raise ConfigError(f"image_uri_prefixes: expected s3://bucket or below, got {prefix!r}")


def fetch(uri: str, prefixes: tuple[str, ...], max_bytes: int) -> bytes:
    """The object's bytes, at most one more than accepted; raises ApiError."""
    if not _allowed(uri, prefixes):
        message = "image_uri: not below a prefix that this service may read"
        raise ApiError(422, "uri_not_allowed", message, prefixes)
    try:
        fs, path = storage.filesystem(uri)
        if fs.get_file_info(path).type != pafs.FileType.File:
            raise ApiError(404, "not_found", "image_uri: there is no such object")
        with fs.open_input_file(path) as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError, SourceError) as error:
        # What storage says may name internals, or repeat a signature that a URI came with.
        logger.warning("image_uri cannot be read: %s %s", type(error).__name__, _aws_code(error))
        message = "image_uri: the object cannot be read"
        raise ApiError(502, "storage_failed", message) from None


def _allowed(uri: str, prefixes: tuple[str, ...]) -> bool:
    """Below a prefix by whole path segments; a segment that could lead out of it is refused."""
    return _plain(uri) and any(uri.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)


def _plain(uri: str) -> bool:
    """Whether storage takes the URI as it is written: without segments that it drops or follows."""
    path = uri.removeprefix("s3://")
    return path != uri and path.isprintable() and not {"", ".", ".."} & set(path.split("/"))


def _aws_code(error: Exception) -> str:
    found = re.search(r"AWS Error [A-Z_]+", str(error))
    return found.group() if found else ""
