"""`python -m tests.benchmarks`: the Ray Data stages beside a plain Pool, on the same images.

Four contenders take turns: OURS, the stages catalogue and examples; POOL with catalogue, a plain
`multiprocessing.Pool` that makes the same; POOL, the examples alone by
`multiprocessing.Pool` and plain Albumentations; FLOOR, the same Pool that only decodes. Other
modes: `--scaling`, `--showroom N` and `--profile`.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from emailimg import config

from . import compare, machine, photographs, step_times, tables
from .job import Job


def main() -> None:
    options = _parse()
    if not machine.is_quiet():
        print("others use this machine: the figures will be too high", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="emailimg-bench-", dir=options.folder) as folder:
        result = _run(options, Path(folder))
    print(f"{tables.facts(machine.describe())}\n\n{result.pop('text')}")
    if options.json:
        measured = {"machine": machine.describe(), "options": vars(options)} | result
        options.json.write_text(json.dumps(measured, indent=2, default=_plain))


def _run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The mode that was asked for; `text` is for people, the rest for --json."""
    job = _job(options, folder)
    if options.showroom:
        return compare.showroom(job)
    print(f"making {job.count} pictures", file=sys.stderr)
    photographs.make(Path(str(job.images)), job.count, options.long_side, machine.cores())
    if options.profile:
        return step_times.profile(job)
    if options.scaling:
        return compare.scaling(job, options.repeat)
    return compare.side_by_side(job, options.repeat)


def _job(options: argparse.Namespace, folder: Path) -> Job:
    sizes = config.load(options.preset).images
    count = options.showroom or options.images or (500 if options.profile else 4000)
    return Job(
        images=None if options.showroom else str(folder / "images"),
        count=count,
        output=str(folder / "output"),
        preset=options.preset,
        working_size_px=options.working_size or sizes.working_size_px,
        model_size_px=options.model_size or sizes.model_size_px,
        workers=options.workers,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--images", type=int, help="how many pictures; 4000, and 500 with --profile")
    add("--long-side", type=int, default=640, help="of the JPEG files, pixels")
    add("--preset", choices=config.PRESETS, help="whose sizes; quickstart, paper with --showroom")
    add("--working-size", type=int, help="instead of the preset's, pixels")
    add("--model-size", type=int, help="instead of the preset's, pixels")
    add("--workers", type=int, default=machine.cores(), help="processes; all cores")
    add("--repeat", type=int, default=2, help="how often each contender runs")
    add("--json", type=Path, help="also write the measurements to this file")
    add("--folder", help="where images and outputs go for the time being; the system's choice")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--scaling", action="store_true", help="OURS with 1, 2, 4, ... workers")
    mode.add_argument("--showroom", type=int, metavar="N", help="OURS with N rendered scenes")
    mode.add_argument("--profile", action="store_true", help="milliseconds per step, without Ray")
    options = parser.parse_args()
    options.preset = options.preset or ("paper" if options.showroom else "quickstart")
    return options


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else str(value)


if __name__ == "__main__":
    main()
