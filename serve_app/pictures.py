"""Images that a request names instead of sending: objects on S3 below an allowed prefix.

A service that fetches what a stranger names can be made to read what the stranger cannot. So
nothing but `s3://` is fetched, and only below the prefixes in the service's settings, of which
there are none unless somebody adds them.
"""

import pyarrow.fs as pafs

from emailimg import storage
from emailimg.errors import ConfigError
from serve_app.failures import ApiError


def check_prefixes(prefixes: tuple[str, ...]) -> None:
    """Raises ConfigError for a prefix that is no `s3://bucket/...`."""
    for prefix in prefixes:
        if not prefix.startswith("s3://") or not prefix.removeprefix("s3://").strip("/"):
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
    except (OSError, ValueError, ConfigError):
        # What storage answers may name internals; the log of the storage has it.
        message = "image_uri: the object cannot be read"
        raise ApiError(502, "storage_failed", message) from None


def _allowed(uri: str, prefixes: tuple[str, ...]) -> bool:
    """Below a prefix by whole path segments; a segment that could lead out of it is refused."""
    if not uri.startswith("s3://") or {".", ".."} & set(uri.split("/")):
        return False
    return any(uri.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)
