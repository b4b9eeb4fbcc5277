"""The options of the comparison, and the settings that they ask for."""

import argparse
import importlib.util
import os
from collections.abc import Sequence
from typing import Any

from emailimg.argument_types import at_least
from emailimg.errors import ConfigError
from tune_jobs import job_options
from tune_jobs.comparison import data
from tune_jobs.comparison.models import MODELS, Recipe

_FEWEST_ROWS = 100


def parse(arguments: Sequence[str] | None, text: str | None) -> argparse.Namespace:
    """Parse the command line; text: what `--help` begins with."""
    parser = job_options.parser("compare_classifiers", text)
    add = parser.add_argument
    add(
        "--rows",
        type=_row_counts,
        default=[1_000, 10_000, 100_000, 1_000_000],
        metavar="N,N,...",
        help="row counts, up to 1,000,000 (default: 1000,10000,100000,1000000)",
    )
    add("--features", type=at_least(4), default=20, metavar="N", help="default: the report's 20")
    add("--folds", type=at_least(2), default=5, metavar="N", help="default: the report's 5")
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
    job_options.add_results_folder(parser, "comparison", "write DIR's table anew")
    return parser.parse_args(arguments)


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    cores = len(os.sched_getaffinity(0))
    add = group.add_argument
    add("--threads", type=at_least(1), default=cores, metavar="N", help="of every model; all cores")
    add("--actors", type=at_least(1), default=1, metavar="N", help="that share the threads (1)")
    add("--trees", type=at_least(1), default=100, metavar="N", help="of all ensembles (100)")
    add("--depth", type=at_least(1), default=3, metavar="N", help="of boosted trees (3)")
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
