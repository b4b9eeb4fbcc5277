"""The files of a shard: its rejects, then its scores, with a summary in the footer.

A file of scores appears whole, by rename or as a complete S3 object, after everything else of its
shard; one whose footer cannot be read is as good as none.
"""

import io
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import storage
from emailimg.parquet import write_table
from emailimg.score_catalogue.pictures import Reject

_KEY = b"emailimg.summary"
_READERS = 16
_NAME = re.compile(r"shard-(\d{5,})\.parquet")


def write(
    out: str, number: int, scores: pa.Table, rejects: Sequence[Reject], summary: dict[str, Any]
) -> None:
    """Write a shard; another attempt at it is overwritten."""
    beside = _path(out, "rejects", number)
    if rejects:
        write_table(beside, pa.Table.from_pylist([asdict(reject) for reject in rejects]))
    else:
        storage.delete_file(beside)  # of an attempt at which more was unreadable
    footer = {_KEY: json.dumps(summary, allow_nan=False).encode()}
    buffer = io.BytesIO()
    pq.write_table(scores.replace_schema_metadata(footer), buffer, compression="zstd")
    storage.write_bytes(_path(out, "scores", number), buffer.getvalue())


def is_finished(out: str, number: int) -> bool:
    location = _path(out, "scores", number)
    return storage.exists(location) and _summary(location) is not None


def finished(out: str) -> dict[int, dict[str, Any]]:
    """Number and summary of every shard that is whole."""
    locations = {}
    for location in storage.list_files(storage.join(out, "scores")):
        matched = _NAME.fullmatch(location.rpartition("/")[2])
        if matched:
            locations[int(matched[1])] = location
    with ThreadPoolExecutor(_READERS) as pool:
        summaries = pool.map(_summary, locations.values())
        found = dict(zip(locations, summaries, strict=True))
    return {number: summary for number, summary in found.items() if summary is not None}


def _path(out: str, part: str, number: int) -> str:
    return storage.join(out, part, f"shard-{number:05d}.parquet")


def _summary(location: str) -> dict[str, Any] | None:
    fs, path = storage.filesystem(location)
    try:
        with fs.open_input_file(path) as file:
            metadata = pq.read_schema(file).metadata or {}
    except pa.ArrowInvalid:  # no Parquet, or the end is missing
        return None
    return json.loads(metadata[_KEY]) if _KEY in metadata else None
