"""The pictures of a shard, a few at a time: decoded, or as the catalogue stage left them.

Both are the pixels that `Predictor` would work on: a file is read by `predict.read_upload`, and a
catalogue holds what the same decoding made of it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads

from emailimg import catalogue, predict, sources, storage
from emailimg.config import ImageConfig, SourceConfig
from emailimg.errors import ConfigError, ImageError, SourceError
from emailimg.parquet import read_batches
from emailimg.score_catalogue import listing
from emailimg.score_catalogue.request import Request

# A request to S3 waits more than it works.
_REMOTE_READERS = 4


@dataclass(frozen=True)
class Picture:
    """A decoded image, pixels uint8 (H, W, 3) RGB at working size; vehicle_type: where told."""

    source_uri: str
    image_id: str
    vehicle_type: str | None
    pixels: np.ndarray


@dataclass(frozen=True)
class Reject:
    """An image that cannot be scored, and why; `reason` is ImageError's, or `unreadable`."""

    source_uri: str
    reason: str
    message: str


class Pictures(Protocol):
    """Where a shard's pictures come from."""

    def batches(self, shard: int, size: int) -> Iterator[list[Picture | Reject]]:
        """All of a shard, at most `size` at a time."""


def of(request: Request, threads: int) -> Pictures:
    """The pictures that a request asks for, decoded by so many threads."""
    limits = request.config.images
    if request.catalogue is not None:
        return _Catalogue(request.catalogue, request.list_location, limits)
    assert request.source is not None, "a request has a source or a catalogue"
    return _Files(request.source, request.list_location, limits, threads)


class _Files:
    def __init__(
        self, source: SourceConfig, list_location: str, limits: ImageConfig, threads: int
    ) -> None:
        self._source = source
        self._list = list_location
        self._limits = limits
        remote = storage.is_remote(source.images or source.stanford_cars or "")
        self._pool = ThreadPoolExecutor(threads * (_REMOTE_READERS if remote else 1))

    def batches(self, shard: int, size: int) -> Iterator[list[Picture | Reject]]:
        # Text that is not there is None in Arrow and may be NaN in pandas.
        rows = pa.Table.from_pandas(listing.read_shard(self._list, shard)).to_pylist()
        cut = [rows[start : start + size] for start in range(0, len(rows), size)]
        return _ahead(self._pool, self._read, cut)

    def _read(self, row: dict[str, Any]) -> Picture | Reject:
        uri = row["source_uri"]
        try:
            data = sources.load(row, self._source, self._limits)
            upload = predict.read_upload(data, self._limits)
        except ImageError as error:
            return Reject(uri, error.reason, str(error))
        except OSError as error:
            if _is_outage(uri, error):
                raise SourceError(
                    f"{uri!r} cannot be read: {error}; the same command continues where it was"
                ) from None
            return Reject(uri, "unreadable", f"cannot be read: {error.strerror or error}")
        return Picture(uri, upload.image_id, row["vehicle_type"], upload.pixels)


def _is_outage(uri: str, error: OSError) -> bool:
    """Whether other images are as hard to reach: a catalogue's worth of rejects helps nobody."""
    # pyarrow tells by words what S3 answered.
    refused = isinstance(error, FileNotFoundError) or "ACCESS_DENIED" in str(error)
    return storage.is_remote(uri) and not refused


def _ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[dict[str, Any]], Picture | Reject],
    batches: Sequence[Sequence[dict[str, Any]]],
) -> Iterator[list[Picture | Reject]]:
    """`work` over batches in order, one batch ahead of the caller."""
    begun: deque[list[Future[Picture | Reject]]] = deque()
    try:
        for batch in batches:
            begun.append([pool.submit(work, row) for row in batch])
            if len(begun) == 2:
                yield [future.result() for future in begun.popleft()]
        while begun:
            yield [future.result() for future in begun.popleft()]
    finally:  # after an error
        for future in (future for batch in begun for future in batch):
            future.cancel()


class _Catalogue:
    def __init__(self, folder: str, list_location: str, limits: ImageConfig) -> None:
        self._list = list_location
        self._side = limits.working_size_px
        self._rejected = catalogue.rejected_uris(folder)

    def batches(self, shard: int, size: int) -> Iterator[list[Picture | Reject]]:
        [file] = listing.read_shard(self._list, shard)["file"]
        good = ~pads.field("source_uri").isin(self._rejected)
        columns = ["source_uri", "image_id", "vehicle_type", "width", "height"]
        columns += ["pixels_height", "pixels_width", "pixels"]
        for batch in read_batches(file, columns, good, size):
            yield [self._picture(row) for row in catalogue.iterate(pa.table(batch))]

    def _picture(self, row: dict[str, Any]) -> Picture:
        pixels = row["pixels"]
        if max(pixels.shape) != min(self._side, max(row["width"], row["height"])):
            raise ConfigError(
                f"the catalogue's pictures are not at the working size of {self._side} pixels that "
                "the bundle was trained with; score the image files, or run the catalogue stage "
                f"with images.working_size_px={self._side}"
            )
        return Picture(row["source_uri"], row["image_id"], row["vehicle_type"], pixels)
