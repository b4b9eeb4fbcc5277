"""The options of the benchmark, and the short training that they ask for."""

import argparse
from collections.abc import Sequence

from emailimg import config
from emailimg.argument_types import at_least, positive
from emailimg.config import Config
from tune_jobs import job_options
from tune_jobs.instances import prices

# The report's data set: 16,185 photographs, and an augmented version of each.
_REPORT_IMAGES, _REPORT_EPOCHS = 32_370, 10


def parse(arguments: Sequence[str] | None, text: str | None) -> argparse.Namespace:
    """Parse the command line; text: what `--help` begins with."""
    parser = job_options.parser("benchmark_instances", text)
    _add_training(parser)
    _add_job(parser)
    job_options.add_results_folder(parser, "instances", "price what DIR holds anew")
    return parser.parse_args(arguments)


def training(chosen: argparse.Namespace) -> Config:
    """The short training of the chosen settings.

    Random weights, which train as fast as others and need no download; and no restarts: what fails
    once is a row that failed. Raises ConfigError.
    """
    own = [f"source.showroom_images={chosen.images}", f"encoder.epochs={chosen.epochs}"]
    own += ["encoder.weights=scratch", "encoder.max_failures=0"]
    return config.load(chosen.preset, chosen.config, [*chosen.assignments, *own])


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the short training")
    presets = " | ".join(config.PRESETS)
    group.add_argument("--preset", default="paper", help=f"{presets} (default: paper)")
    group.add_argument("--config", metavar="FILE", help="YAML laid over the preset")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=C",
        dest="assignments",
        help="one setting, e.g. encoder.batch_size=512; may be repeated",
    )
    group.add_argument(
        "--images",
        type=at_least(1),
        default=2048,
        metavar="N",
        help="source images that are rendered for it (default: 2048); more for fast GPUs",
    )
    group.add_argument(
        "--epochs",
        type=at_least(2),
        default=3,
        metavar="N",
        help="the first warms up, the others are measured (default: 3)",
    )
    group.add_argument(
        "--workers",
        type=at_least(1),
        nargs="+",
        default=(),
        metavar="N",
        help="numbers of workers (default: 1, 2, 4, ... and as many as fit)",
    )


def _add_job(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it would cost")
    group.add_argument(
        "--dataset-images",
        type=at_least(1),
        default=_REPORT_IMAGES,
        metavar="N",
        help="images in an epoch of the whole training (default: the report's 32370)",
    )
    group.add_argument(
        "--dataset-epochs",
        type=at_least(1),
        default=_REPORT_EPOCHS,
        metavar="N",
        help="its epochs (default: 10)",
    )
    group.add_argument(
        "--instance",
        metavar="NAME",
        help="which instance of the price table this is (default: found by label, by the machine's "
        "own word, or by CPUs, memory and GPUs)",
    )
    group.add_argument("--prices", default=prices.DEFAULT_FILE, metavar="FILE")
    group.add_argument(
        "--under-hours",
        type=positive,
        default=1.0,
        metavar="H",
        help="recommend the cheapest that takes less (default: 1)",
    )
