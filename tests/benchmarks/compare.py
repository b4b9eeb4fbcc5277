"""Running the contenders in turn, and what comes out of it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads

from . import measure, tables
from .job import Job
from .measure import Phase
from .tables import Line

_TITLES = {
    "ours": "OURS",
    "pool_with_catalogue": "POOL with catalogue",
    "pool": "POOL",
    "floor": "FLOOR",
}
_YARDSTICKS = ("POOL with catalogue", "POOL", "FLOOR")
_NOTES = """\
Medians of {repeat} runs (with the lowest and highest); {count} JPEG files, {working} px working
size, {model} px examples, {workers} workers. Time runs from where the imports are done to the last
byte written, with the start of the worker processes; OURS without the start of the Ray session.
*POOL with catalogue* makes what ours makes, in two passes; *POOL* makes the examples alone, in one.
*Whole command* is from launch to exit, with interpreter, imports and Ray's start and end.
Memory is the peak of the PSS of all processes, Ray's daemons included."""


@dataclass(frozen=True)
class Run:
    """One run of one contender."""

    phases: dict[str, Phase]
    summaries: dict[str, str]
    written: dict[str, int]  # bytes, by folder of the output
    rows: int  # examples


def side_by_side(job: Job, repeat: int) -> dict[str, Any]:
    """All contenders in turn, `repeat` times."""
    runs: dict[str, list[Run]] = {name: [] for name in _TITLES}
    for _ in range(repeat):
        for name, done in runs.items():
            done.append(run_once(name, job))
    for name in ("ours", "pool_with_catalogue", "pool"):
        _check_rows(name, job, runs[name])
    lines = _lines(job, runs)
    yardsticks = {title: lines[title] for title in _YARDSTICKS}
    text = tables.comparison(list(lines.values()), yardsticks)
    return {"text": f"{text}\n\n{_notes(job, repeat)}", "runs": runs}


def scaling(job: Job, repeat: int) -> dict[str, Any]:
    """OURS with 1, 2, 4, ... workers, up to the job's."""
    numbers = [2**power for power in range(job.workers.bit_length())]
    numbers = sorted({*(number for number in numbers if number <= job.workers), job.workers})
    runs: dict[int, list[Run]] = {workers: [] for workers in numbers}
    for _ in range(repeat):
        for workers, done in runs.items():
            done.append(run_once("ours", replace(job, workers=workers)))
    lines = {workers: _line("ours", "work", job, done) for workers, done in runs.items()}
    return {"text": f"{tables.scaling(lines)}\n\n{_notes(job, repeat)}", "runs": runs}


def showroom(job: Job) -> dict[str, Any]:
    """OURS on the rendered showroom, and how many images each class has."""
    run = run_once("ours", job, keep=True)
    classes = _classes(Path(job.output))
    lines = [_line("ours", phase, job, [run]) for phase in ("work", "catalogue", "examples")]
    lines.append(_line("ours", "whole", job, [run]))
    counts = sorted(classes.values())
    told = {
        "classes": f"{len(counts)}, of {counts[0]} to {counts[-1]} images each",
        **run.summaries,
    }
    text = f"{tables.comparison(lines, {})}\n\n{tables.facts(told)}"
    return {"text": text, "runs": [run], "classes": classes}


def run_once(contender: str, job: Job, keep: bool = False) -> Run:
    """Run a contender into an empty folder, which is deleted afterwards unless it is kept."""
    with emptied(job, keep) as output:
        phases, summaries = measure.run(contender, job)
        run = Run(phases, summaries, _written(output), _examples(output))
    print(f"{_TITLES[contender]}: {phases['work'].seconds:.1f} s", file=sys.stderr)
    return run


@contextmanager
def emptied(job: Job, keep: bool = False) -> Iterator[Path]:
    """The job's output folder, empty; deleted afterwards unless it is kept."""
    output = Path(job.output)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    yield output
    if not keep:
        shutil.rmtree(output)


def _lines(job: Job, runs: dict[str, list[Run]]) -> dict[str, Line]:
    parts = [("ours", "work"), ("ours", "catalogue"), ("ours", "examples")]
    parts += [(name, "work") for name in _TITLES if name != "ours"]
    parts += [(name, "whole") for name in _TITLES]
    lines = [_line(name, phase, job, runs[name]) for name, phase in parts]
    return {line.title: line for line in lines}


def _line(contender: str, phase: str, job: Job, runs: list[Run]) -> Line:
    ending = {"work": "", "whole": ", whole command"}.get(phase, f": {phase}")
    phases = [run.phases[phase] for run in runs]
    written = runs[0].written
    in_part = written.get(phase) if phase in written else sum(written.values())
    return Line(_TITLES[contender] + ending, job.count, phases, in_part)


def _check_rows(contender: str, job: Job, runs: list[Run]) -> None:
    """An original and one version of every picture, or the contenders did different work."""
    for run in runs:
        if run.rows != 2 * job.count:
            raise SystemExit(f"{contender} wrote {run.rows} examples of {job.count} images")


def _written(output: Path) -> dict[str, int]:
    """Bytes of the files in each of the output's folders."""
    sizes: Counter[str] = Counter()
    for file in output.rglob("*"):
        if file.is_file():
            sizes[file.relative_to(output).parts[0]] += file.stat().st_size
    return dict(sizes)


def _examples(output: Path) -> int:
    """Rows of the files below `split=...`, wherever these are."""
    files = [str(file) for file in output.rglob("split=*/*.parquet")]
    return pads.dataset(files, format="parquet").count_rows() if files else 0


def _classes(output: Path) -> dict[str, int]:
    """Images by class name."""
    catalogue = pads.dataset(output / "catalogue" / "catalogue.parquet", format="parquet")
    return dict(Counter(catalogue.to_table(columns=["class_name"])["class_name"].to_pylist()))


def _notes(job: Job, repeat: int) -> str:
    return _NOTES.format(
        repeat=repeat,
        count=job.count,
        working=job.working_size_px,
        model=job.model_size_px,
        workers=job.workers,
    )
