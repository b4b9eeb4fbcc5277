"""The options that both searches have in common, and the plan that they ask for."""

import argparse
from collections.abc import Sequence

from emailimg import cli, storage
from emailimg.argument_types import whole_number
from emailimg.config import Config
from emailimg.tuning import space
from emailimg.tuning.objective import Objective
from emailimg.tuning.proposals import STRATEGIES
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Space
from tune_jobs import job_options


def parser(program: str, text: str | None) -> argparse.ArgumentParser:
    """Options of `emailimg run`, and of a search; text: what `--help` begins with."""
    parser = job_options.parser(program, text)
    cli.add_run_options(parser)
    add = parser.add_argument_group("the search").add_argument
    whole = whole_number(1, 100_000)
    add("--trials", type=whole, metavar="N", help="in all (default: search.trials)")
    add("--strategy", choices=STRATEGIES, default="bayesian", help="default: bayesian")
    add("--space", metavar="FILE", help="YAML: what is searched, instead of the usual")
    add(
        "--concurrent",
        type=whole,
        metavar="N",
        help="trials at the same time (default: as many as the cluster holds)",
    )
    add("--seed", type=whole_number(0, 2**31), metavar="N", help="default: search.seed")
    add("--no-early-stopping", action="store_true", help="run every trial to its end")
    add("--warm-start", metavar="DIR", help="learn from an earlier search's folder")
    add("--out", metavar="DIR", help="folder of the search (default: in the workspace)")
    return parser


def searched(options: argparse.Namespace, usual: Space) -> Space:
    """The space of the file that was given, else the usual one; raises ConfigError."""
    return usual if options.space is None else space.read(options.space)


def folder(options: argparse.Namespace, name: str) -> str:
    """Where the search is kept."""
    workspace = storage.absolute(options.workspace)
    return storage.absolute(options.out or storage.join(workspace, "tuning", name))


def plan(
    options: argparse.Namespace,
    config: Config,
    objective: Objective,
    space: Space,
    where: str,
    inputs: Sequence[str],
) -> Plan:
    """inputs: fingerprints of the stages on whose output the trials work."""
    return Plan(
        objective=objective,
        config=config,
        space=space,
        folder=where,
        trials=options.trials or config.search.trials,
        data=" ".join(inputs),
        strategy=options.strategy,
        concurrent=options.concurrent,
        seed=config.search.seed if options.seed is None else options.seed,
        early_stopping=not options.no_early_stopping,
        warm_start=options.warm_start and storage.absolute(options.warm_start),
    )
