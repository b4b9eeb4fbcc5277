"""The list of the images to score, which is cut into shards once, when the work begins.

A row group per shard. Of image files a row has `source_uri`, `vehicle_type` and, of Stanford Cars,
the box; of a catalogue, whose files are the shards, it has `file` and `images`, their number. The
list stays as it is while the work goes on, so that a shard is always the same images, whatever
comes to the folder meanwhile.
"""

import io
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import sources, storage
from emailimg.errors import SourceError
from emailimg.progress import announce
from emailimg.score_catalogue.request import Request
from emailimg.sources.car_annotations import BOX_COLUMNS

_MOST_ROWS = 1_000_000  # of scores in a shard; an actor holds them until the shard is written
_SHARDS_PER_ACTOR = 4  # so that a slow one does not hold up the end


def write(request: Request) -> None:
    """List the images; raises SourceError when there are none."""
    if request.catalogue is not None:
        shards = list(_of_catalogue(request.catalogue))
    else:
        shards = list(_of_files(request))
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, shards[0].schema, compression="zstd") as writer:
        for shard in shards:
            writer.write_table(shard, row_group_size=shard.num_rows)
    storage.write_bytes(request.list_location, buffer.getvalue())


@storage.patient
def read_shard(location: str, number: int) -> pd.DataFrame:
    """The rows of one shard."""
    fs, path = storage.filesystem(location)
    with fs.open_input_file(path) as file:
        return pq.ParquetFile(file).read_row_group(number).to_pandas()


@storage.patient
def shard_sizes(location: str) -> list[int]:
    """The number of images in each shard; of a catalogue's, with those it left out."""
    fs, path = storage.filesystem(location)
    with fs.open_input_file(path) as file:
        listed = pq.ParquetFile(file)
        if "images" in listed.schema_arrow.names:
            return listed.read(["images"])["images"].to_pylist()
        groups = range(listed.num_row_groups)
        return [listed.metadata.row_group(group).num_rows for group in groups]


def _of_files(request: Request) -> Iterator[pa.Table]:
    assert request.source is not None, "a request has a source or a catalogue"
    listing = sources.list_images(request.source)
    announce(listing.notes)
    wanted = [n for n in ("source_uri", "vehicle_type", *BOX_COLUMNS) if n in listing.rows]
    rows = pa.Table.from_pandas(listing.rows[wanted], _schema(wanted), preserve_index=False)
    size = _shard_images(request, rows.num_rows)
    for start in range(0, rows.num_rows, size):
        yield rows.slice(start, size)


def _schema(names: list[str]) -> pa.Schema:
    return pa.schema([(n, pa.float64() if n in BOX_COLUMNS else pa.string()) for n in names])


def _shard_images(request: Request, images: int) -> int:
    fair = -(-images // (_SHARDS_PER_ACTOR * request.config.embed.num_actors))
    held = max(1, _MOST_ROWS // len(request.questions))
    return max(1, min(request.shard_images, fair, held))


def _of_catalogue(folder: str) -> Iterator[pa.Table]:
    pictures = storage.join(folder, "images")
    if not storage.exists(storage.join(folder, "rejects.parquet")):
        raise SourceError(
            f"{folder!r} holds no finished catalogue; give the folder `catalogue` of a workspace"
        )
    for file in storage.list_files(pictures, ".parquet"):
        fs, path = storage.filesystem(file)
        images = pq.read_metadata(path, filesystem=fs).num_rows
        yield pa.table({"file": [file], "images": [images]})
