"""The options of the comparison, and the settings that they ask for."""

import argparse
import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import Any

from emailimg.errors import ConfigError
from tune_jobs.comparison import data
from tune_jobs.comparison.models import MODELS, Recipe

_FEWEST_ROWS = 100


def parse(arguments: Sequence[str] | None, text: str | None) -> argparse.Namespace:
    """Parse the command line; text: what `--help` begins with."""
    parser = argparse.ArgumentParser(
        prog="compare_classifiers",
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--rows",
        type=_row_counts,
        default=[1_000, 10_000, 100_000, 1_000_000],
        metavar="N,N,...",
        help="row counts, up to 1,000,000 (default: 1000,10000,100000,1000000)",
    )
    add("--features", type=_whole(4), default=20, metavar="N", help="default: the report's 20")
    add("--folds", type=_whole(2), default=5, metavar="N", help="default: the report's 5")
    add(
        "--models",
        type=_models,
        default=list(MODELS),
        metavar="A,B,...",
        help=f"some of {', '.join(MODELS)} (default: all)",
    )
    add(
        "--limit-s",
        type=float,
        default=300.0,
        metavar="S",
        help="leave out what is expected to take a model longer per fold (default: 300)",
    )
    _add_recipe(parser)
    add("--out", default="comparison", metavar="DIR", help="local folder or s3://")
    add("--table-only", action="store_true", help="measure nothing; write DIR's table anew")
    add("--address", help="Ray cluster: `auto` or HOST:PORT (default: RAY_ADDRESS)")
    return parser.parse_args(arguments)


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    cores = len(os.sched_getaffinity(0))
    add = group.add_argument
    add("--threads", type=_whole(1), default=cores, metavar="N", help="of every model; all cores")
    add("--actors", type=_whole(1), default=1, metavar="N", help="that share the threads (1)")
    add("--trees", type=_whole(1), default=100, metavar="N", help="of all ensembles (100)")
    add("--depth", type=_whole(1), default=3, metavar="N", help="of boosted trees (3)")
    add("--learning-rate", type=float, default=0.1, metavar="X", help="of boosters (0.1)")
    add("--seed", type=int, default=0, metavar="N", help="of rows, folds and models (0)")


def recipe(chosen: argparse.Namespace) -> Recipe:
    """Raises ConfigError when the actors cannot share the threads evenly."""
    if chosen.threads % chosen.actors:
        raise ConfigError(
            f"--threads {chosen.threads} is no multiple of --actors {chosen.actors}; "
            "every actor has as many threads as the others"
        )
    names = ("trees", "depth", "learning_rate", "threads", "actors", "seed")
    return Recipe(**{name: getattr(chosen, name) for name in names})


def setup(chosen: argparse.Namespace, machine: dict[str, str]) -> dict[str, Any]:
    """All that makes two measurements comparable."""
    names = ("features", "folds", "trees", "depth", "learning_rate", "threads", "actors", "seed")
    return {name: getattr(chosen, name) for name in names} | machine


def require_scikit_learn() -> None:
    """Raise ConfigError where it is not installed: the library itself does without."""
    if importlib.util.find_spec("sklearn") is None:
        raise ConfigError("scikit-learn is not installed; pip install 'emailimg[compare]' does it")


def _row_counts(text: str) -> list[int]:
    counts = [int(part) for part in text.split(",")]
    for count in counts:
        if not _FEWEST_ROWS <= count <= data.MOST_ROWS:
            raise argparse.ArgumentTypeError(
                f"{count} is not from {_FEWEST_ROWS} to {data.MOST_ROWS} rows"
            )
    return sorted(set(counts))


def _models(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in MODELS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(MODELS)}")
    return [name for name in MODELS if name in names]


def _whole(low: int) -> Callable[[str], int]:
    """An argparse type: a whole number of at least `low`."""

    def parse_whole(text: str) -> int:
        number = int(text)
        if number < low:
            raise argparse.ArgumentTypeError(f"{number} is less than {low}")
        return number

    parse_whole.__name__ = "whole number"  # what argparse calls it when the text is no number
    return parse_whole
