"""The files of a shard: its rejects and its summary, then its scores.

The scores appear whole, by rename or as a complete S3 object, after everything else of their shard;
a file of scores whose footer cannot be read is as good as none. While a shard is at work, a file
tells how often it was begun.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import storage
from emailimg.errors import ResourceError
from emailimg.parquet import write_table
from emailimg.score_catalogue.pictures import Reject

_READERS = 16
_NAME = re.compile(r"shard-(\d{5,})\.\w+")
# A shard at which its process has died so often has something in it that kills processes.
_MOST_ATTEMPTS = 5


def begin(out: str, number: int) -> None:
    """Count an attempt at a shard; raises ResourceError where there were too many already."""
    marker = _path(out, "begun", number, "json")
    before = storage.read_json(marker)["attempts"] if storage.exists(marker) else 0
    if before >= _MOST_ATTEMPTS:
        raise ResourceError(
            f"the process that scores shard {number} has died {before} times, most likely for want "
            "of memory; lower embed.batch_size or embed.num_actors, and give the command again"
        )
    storage.write_json(marker, {"attempts": before + 1})


def forget_attempts(out: str) -> None:
    """Of an earlier run, which may have been stopped for any reason."""
    storage.delete_folder(storage.join(out, "begun"))


def write(
    out: str, number: int, scores: pa.Table, rejects: Sequence[Reject], summary: dict[str, Any]
) -> None:
    """Write a shard; another attempt at it is overwritten."""
    beside = _path(out, "rejects", number)
    if rejects:
        write_table(beside, pa.Table.from_pylist([asdict(reject) for reject in rejects]))
    else:
        storage.delete_file(beside)  # of an attempt at which more was unreadable
    storage.write_json(_path(out, "summaries", number, "json"), summary)
    write_table(_path(out, "scores", number), scores)
    storage.delete_file(_path(out, "begun", number, "json"))


def is_finished(out: str, number: int) -> bool:
    files = _path(out, "summaries", number, "json"), _path(out, "scores", number)
    return all(map(storage.exists, files)) and _is_whole(files[-1])


def finished(out: str) -> list[int]:
    """The numbers of the shards that are whole, in order."""
    scored = _numbered(storage.join(out, "scores"))
    summed_up = _numbered(storage.join(out, "summaries"))
    numbers = sorted(scored.keys() & summed_up.keys())
    with ThreadPoolExecutor(_READERS) as pool:
        whole = pool.map(_is_whole, [scored[number] for number in numbers])
        return [number for number, is_whole in zip(numbers, whole, strict=True) if is_whole]


def summaries(out: str, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The summaries of finished shards, a few at a time."""
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(numbers), _READERS):
            some = numbers[start : start + _READERS]
            yield from pool.map(
                storage.read_json, [_path(out, "summaries", n, "json") for n in some]
            )


def _numbered(folder: str) -> dict[int, str]:
    """Locations of a folder's shards by their numbers; half-written files have other names."""
    located = {}
    for location in storage.list_files(folder):
        matched = _NAME.fullmatch(location.rpartition("/")[2])
        if matched:
            located[int(matched[1])] = location
    return located


def _path(out: str, part: str, number: int, ending: str = "parquet") -> str:
    return storage.join(out, part, f"shard-{number:05d}.{ending}")


@storage.patient
def _is_whole(location: str) -> bool:
    fs, path = storage.filesystem(location)
    try:
        with fs.open_input_file(path) as file:
            pq.read_metadata(file)
    except pa.ArrowInvalid:  # no Parquet, or the end is missing
        return False
    return True
