"""`python -m tests.benchmarks`: the Ray Data stages beside a plain Pool, on the same images.

Four contenders take turns: OURS, the stages catalogue and examples; POOL with catalogue, a plain
`multiprocessing.Pool` that makes the same; POOL, the examples alone by
`multiprocessing.Pool` and plain Albumentations; FLOOR, the same Pool that only decodes. Other
modes: `--training` (the encoder stage beside plain PyTorch loops), `--classifiers` (xgboost-ray
beside plain XGBoost), `--encoder` (ways to run it on a CPU), `--search` (Bayesian beside random
search, and what a trial costs), `--service BUNDLE` (the service beside the bare model and other
servers), `--scaling`, `--showroom N` and `--profile`.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emailimg import config

from . import boosting, compare, machine, photographs, step_times, tables, training
from .job import Job

# Options of one mode, and their defaults.
_OF_TRAINING = {"arch": None, "weights": "scratch", "epochs": 3, "gpu": False}
_OF_SEARCH = {"trials": 20, "known_trials": 30, "seeds": 5, "targets": None, "plot": None}
_ASKED = ("score", "recommend", "alternates")
_OF_SERVICE = {
    "seconds": 8.0,
    "asked": _ASKED,
    "servers": None,
    "catalogue": None,
    "requests": None,
}
_OF_ENCODER = {"archs": ["resnet18", "resnet34"], "rounds_of_each": 9, "compile": False}
_OF_BOOSTING = {"rows": [100_000, 1_000_000], "rounds": 100, "alone": False}


def main() -> None:
    options = _parse()
    if not machine.is_quiet():
        print("others use this machine: it will seem slower than it is", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="emailimg-bench-", dir=options.folder) as folder:
        result = _run(options, Path(folder))
    print(f"{tables.facts(machine.describe())}\n\n{result.pop('text')}")
    if options.json:
        measured = {"machine": machine.describe(), "options": vars(options)} | result
        options.json.write_text(json.dumps(measured, indent=2, default=_plain))


def _run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The mode that was asked for; `text` is for people, the rest for --json."""
    if options.classifiers:
        jobs = boosting.jobs(folder, options.rows, options.rounds, options.workers)
        return boosting.side_by_side(jobs, options.repeat, options.alone)
    if options.service:
        return _service(options, folder)
    if options.encoder:
        return _encoder(options)
    job = _job(options, folder)
    if options.training:
        return training.side_by_side(job, options.repeat)
    if options.search:
        return _search(job, options)
    if options.showroom:
        return compare.showroom(job)
    print(f"making {job.count} pictures", file=sys.stderr)
    photographs.make(Path(str(job.images)), job.count, options.long_side, machine.cores())
    if options.profile:
        return step_times.profile(job)
    if options.scaling:
        return compare.scaling(job, options.repeat)
    return compare.side_by_side(job, options.repeat)


def _encoder(options: argparse.Namespace) -> dict[str, Any]:
    from . import encoder_speed  # which imports torch

    threads = sorted({1, options.workers})
    return encoder_speed.side_by_side(
        options.archs, threads, options.rounds_of_each, options.compile
    )


def _search(job: Job, options: argparse.Namespace) -> dict[str, Any]:
    from . import searches  # which imports Ray; the other modes measure without it

    result = searches.side_by_side(
        job, options.trials, options.known_trials, options.seeds, options.repeat
    )
    if options.plot:
        searches.draw(result["showroom"], options.plot)
    return result


def _service(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from .serving import memory, side_by_side

    if options.requests:
        return memory.watch(options.service, folder / "pictures", options.requests)
    return side_by_side.compare(
        options.service,
        folder / "pictures",
        options.seconds,
        options.asked,
        options.catalogue,
        options.servers,
    )


def _job(options: argparse.Namespace, folder: Path) -> Job:
    sizes = config.load(options.preset).images
    model_size = options.model_size or sizes.model_size_px
    rendered = options.showroom or options.training or options.search
    return Job(
        images=None if rendered else str(folder / "images"),
        count=options.showroom or options.images or _usual_count(options),
        output=str(folder / "output"),
        preset=options.preset,
        working_size_px=options.working_size or max(sizes.working_size_px, model_size),
        model_size_px=model_size,
        workers=options.workers,
        data=str(folder / "data") if options.training else None,
        settings=_settings(options),
    )


def _usual_count(options: argparse.Namespace) -> int:
    if options.training or options.search:
        return 1500
    return 500 if options.profile else 4000


def _settings(options: argparse.Namespace) -> tuple[str, ...]:
    """What is set on top of the preset."""
    if options.training:
        return _training_settings(options)
    if options.search and options.targets:
        others = sorted(set(config.load(options.preset).targets) - set(options.targets))
        chosen = f"search.targets={json.dumps(options.targets)}"
        return (*(f"labels.rules.{name}=null" for name in others), chosen)
    return ()


def _training_settings(options: argparse.Namespace) -> tuple[str, ...]:
    if options.gpu:
        training.refuse_without_gpu()
    chosen = {name: getattr(options, name) for name in _OF_TRAINING}
    return training.settings(threads=options.workers, **chosen)


def _parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--images", type=int, help="how many; 4000, 1500 to train or search, 500 to profile")
    add("--long-side", type=int, default=640, help="of the JPEG files, pixels")
    add("--preset", choices=config.PRESETS, help="whose sizes; quickstart, paper with --showroom")
    add("--working-size", type=int, help="instead of the preset's, pixels")
    add("--model-size", type=int, help="instead of the preset's, pixels")
    add("--workers", type=int, default=machine.cores(), help="processes, or threads; all cores")
    add("--repeat", type=int, default=2, help="how often each contender runs")
    add("--json", type=Path, help="also write the measurements to this file")
    add("--folder", help="where images and outputs go for the time being; the system's choice")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--training", action="store_true", help="Ray Train beside plain PyTorch")
    mode.add_argument("--classifiers", action="store_true", help="xgboost-ray beside XGBoost")
    mode.add_argument("--encoder", action="store_true", help="ways to run it on a CPU")
    mode.add_argument("--search", action="store_true", help="Bayesian beside random search")
    mode.add_argument("--service", metavar="BUNDLE", help="the service beside other servers")
    mode.add_argument("--scaling", action="store_true", help="OURS with 1, 2, 4, ... workers")
    mode.add_argument("--showroom", type=int, metavar="N", help="OURS with N rendered scenes")
    mode.add_argument("--profile", action="store_true", help="milliseconds per step, without Ray")
    _add_training_options(parser)
    _add_boosting_options(parser)
    _add_search_options(parser)
    _add_service_options(parser)
    _add_encoder_options(parser)
    options = parser.parse_args(arguments)
    options.preset = options.preset or ("paper" if options.showroom else "quickstart")
    _check_options(parser, options, "training", _OF_TRAINING)
    _check_options(parser, options, "classifiers", _OF_BOOSTING)
    _check_options(parser, options, "search", _OF_SEARCH)
    _check_options(parser, options, "service", _OF_SERVICE)
    _check_options(parser, options, "encoder", _OF_ENCODER)
    if options.epochs < 2:
        parser.error("--epochs: at least 2, of which the first does not count")
    return options


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("with --training").add_argument
    add("--arch", help="instead of the preset's, e.g. resnet34")
    add("--weights", help="scratch, imagenet, or a file; scratch")
    add("--epochs", type=int, help="3; the first is for warming up and does not count")
    add("--gpu", action="store_true", default=None, help="train on a GPU")


def _add_search_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("with --search").add_argument
    add("--trials", type=int, help="of every search on the showroom; 20")
    add("--known-trials", type=int, help="of every search of a known function; 30")
    add("--targets", nargs="+", help="whose classifiers are searched; the preset's")
    add("--seeds", type=int, help="searches of each kind; 5")
    add("--plot", type=Path, metavar="FILE.svg", help="also draw the best-so-far curves")


def _add_service_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("with --service").add_argument
    add("--seconds", type=float, help="of every load; 8")
    add("--asked", nargs="+", choices=_ASKED, help="all of these")
    add("--servers", metavar="TEXT", help="those with this in their title, and no kills; all")
    add("--catalogue", type=int, metavar="N", help="as many images in place of the bundle's own")
    add("--requests", type=int, metavar="N", help="instead: memory while as many are answered")


def _add_encoder_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("with --encoder").add_argument
    add("--archs", nargs="+", choices=("resnet18", "resnet34"), help="at 64 and 224 pixels; both")
    add("--rounds-of-each", type=int, metavar="N", help="timed calls of every contender; 9")
    add("--compile", action="store_true", default=None, help="torch.compile too; takes minutes")


def _check_options(
    parser: argparse.ArgumentParser, options: argparse.Namespace, mode: str, own: dict[str, Any]
) -> None:
    """Fill in the defaults of a mode's own options; refuse those that would have no effect."""
    for name, default in own.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
        elif not getattr(options, mode):
            parser.error(f"--{name.replace('_', '-')} is for --{mode}")


def _add_boosting_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("with --classifiers").add_argument
    add("--rows", type=int, nargs="+", metavar="N", help="training rows; 100000 1000000")
    add("--rounds", type=int, help="of boosting; 100")
    add("--alone", action="store_true", default=None, help="xgboost-ray with two actors, no others")


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else str(value)


if __name__ == "__main__":
    main()
