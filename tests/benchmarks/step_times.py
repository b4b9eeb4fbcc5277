"""Where the time goes: one pass over the files in one process, without Ray, step by step.

The stages' own functions do the work; the functions that they call are replaced by ones that do the
same and note the time. A step's time is its own, without the steps inside it; the rest of a stage
is what none of the steps took.
"""

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import pyarrow as pa
import pyarrow.parquet as pq

from emailimg import (
    augment,
    catalogue,
    dataset,
    images,
    labels,
    near_duplicates,
    pixel_columns,
    sources,
    splits,
    versions,
)
from emailimg.config import Config
from tune_jobs import markdown

from .contenders import ray_config
from .job import Job

_BATCH_ROWS = 32  # as the stages' own
_CATALOGUE, _EXAMPLES = "catalogue: ", "examples: "
_STEPS = (
    (sources, "load", "read"),
    (images, "probe", "header"),
    (images, "read_rgb", "decode"),
    (images, "image_id", "hash"),
    (images, "to_working_size", "shrink"),
    (near_duplicates, "perceptual_hash", "perceptual hash"),
    (images, "encode_jpeg", "thumbnail"),
    (versions, "draw", "draw the technique"),
    (augment, "replay", "augment"),
    (images, "to_model_pixels", "resize and pad"),
    (versions, "to_json", "record the technique"),
    (labels, "assign_context", "context"),
    (labels, "draw_labels", "labels"),
)


class Stopwatch:
    """Own seconds of named steps, which may contain each other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._inside = [0.0]  # of each step that is going on, the seconds of the steps in it

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._inside.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.seconds[name] += took - self._inside.pop()
            self.calls[name] += 1
            self._inside[-1] += took

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, as a step."""

        def run(*args: Any, **kwargs: Any) -> Any:
            with self.step(name):
                return function(*args, **kwargs)

        return run


def profile(job: Job) -> dict[str, Any]:
    """Milliseconds per image of every step, the dearest first in each stage."""
    cv2.setNumThreads(1)
    config = ray_config(job)
    listing = sources.list_images(config.source).rows
    listed = pa.Table.from_pandas(listing, preserve_index=False)
    # Once for nothing: first calls import and allocate.
    _pass(listed.slice(0, _BATCH_ROWS), config, Path(job.output, "warm"), Stopwatch())
    watch = Stopwatch()
    techniques = _pass(listed, config, Path(job.output, "profile"), watch)
    per_image = {name: 1000 * seconds / job.count for name, seconds in watch.seconds.items()}
    text = f"{_steps_table(per_image)}\n\n{_techniques_table(techniques)}"
    return {"text": text, "ms_per_image": per_image}


def _pass(listed: pa.Table, config: Config, folder: Path, watch: Stopwatch) -> Stopwatch:
    """Both stages over the listed files; returns the times of the techniques, per version."""
    folder.mkdir(parents=True)
    file = folder / "catalogue.parquet"
    techniques = Stopwatch()
    with _timed_steps(_CATALOGUE, watch), pq.ParquetWriter(file, _schema(listed)) as writer:
        for batch in listed.to_batches(_BATCH_ROWS):
            table = _catalogue_batch(batch, config, listed.schema, watch)
            with watch.step(f"{_CATALOGUE}write Parquet"):
                writer.write_table(table)
    with _timed_steps(_EXAMPLES, watch), _timed_techniques(techniques):
        _examples_of(file, config, folder, watch)
    return techniques


def _schema(listed: pa.Table) -> pa.Schema:
    return catalogue._schema(listed.schema)


def _catalogue_batch(
    batch: pa.RecordBatch, config: Config, listed: pa.Schema, watch: Stopwatch
) -> pa.Table:
    with watch.step(f"{_CATALOGUE}everything else"):
        rows = [catalogue._read_image(row, config) for row in batch.to_pylist()]
    with watch.step(f"{_CATALOGUE}rows to Arrow"):
        return pixel_columns.table(rows, catalogue._schema(listed))


def _examples_of(file: Path, config: Config, folder: Path, watch: Stopwatch) -> None:
    sides = splits.Sides(config.split)
    # One file per side would time no other work than one file does.
    with pq.ParquetWriter(folder / "examples.parquet", dataset._schema(config)) as writer:
        for batch in _read_back(file, watch):
            with watch.step(f"{_EXAMPLES}everything else"):
                examples = [
                    example
                    for row in catalogue.iterate(batch.drop_columns(["thumbnail"]))
                    for example in dataset.make_versions(config, sides, row)
                ]
            with watch.step(f"{_EXAMPLES}rows to Arrow"):
                table = pixel_columns.table(examples, dataset._schema(config))
            with watch.step(f"{_EXAMPLES}write Parquet"):
                writer.write_table(table)


def _read_back(file: Path, watch: Stopwatch) -> Iterator[pa.Table]:
    with watch.step(f"{_EXAMPLES}read Parquet"):
        table = pq.read_table(file)
    for start in range(0, len(table), _BATCH_ROWS):
        yield table.slice(start, _BATCH_ROWS)


@contextlib.contextmanager
def _timed_steps(stage: str, watch: Stopwatch) -> Iterator[None]:
    with contextlib.ExitStack() as patches:
        for module, name, title in _STEPS:
            timed = watch.timed(stage + title, getattr(module, name))
            patches.enter_context(mock.patch.object(module, name, timed))
        yield


@contextlib.contextmanager
def _timed_techniques(watch: Stopwatch) -> Iterator[None]:
    """Each technique as a step of a watch of its own."""
    apply = augment.apply

    def timed(technique: str, *args: Any) -> Any:
        with watch.step(technique):
            return apply(technique, *args)

    with mock.patch.object(augment, "apply", timed):
        yield


def _steps_table(per_image: dict[str, float]) -> str:
    ordered = sorted(per_image.items(), key=lambda item: (item[0].split(":")[0], -item[1]))
    rows = [[name, f"{value:.3f}"] for name, value in ordered]
    for stage in (_CATALOGUE, _EXAMPLES):
        total = sum(value for name, value in ordered if name.startswith(stage))
        rows.append([f"{stage}in all", f"{total:.3f}"])
    return markdown.table(["step", "ms per image"], rows)


def _techniques_table(watch: Stopwatch) -> str:
    each = {name: 1000 * seconds / watch.calls[name] for name, seconds in watch.seconds.items()}
    rows = [
        [name, f"{each[name]:.3f}", str(watch.calls[name])]
        for name in sorted(each, key=each.__getitem__, reverse=True)
    ]
    return markdown.table(["technique", "ms each", "times"], rows)
