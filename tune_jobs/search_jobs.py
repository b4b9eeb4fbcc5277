"""What both searches do: the stages before, the search with its table, and the files of results."""

import argparse
from collections.abc import Callable

from emailimg import cli, pipeline, ray_session, storage
from emailimg.config import Config
from emailimg.stages import Workspace
from emailimg.tuning import results, runs, trials
from emailimg.tuning.runs import Plan
from emailimg.tuning.table import Table
from tune_jobs import exit_status

# Given the config, the workspace and the fingerprints of the stages on which the trials work.
MakePlan = Callable[[Config, Workspace, list[str]], Plan]


def run(name: str, options: argparse.Namespace, make_plan: MakePlan, until: str) -> int:
    """Run the stages up to `until`, then the search; returns the exit status.

    0 when it has found something, 1 on an error of the user's, 130 when interrupted.
    """

    def work() -> int:
        config = cli.load_config(options)
        with ray_session.session(options.address):
            workspace = pipeline.run(
                config, options.workspace, until=until, on_stage=cli.print_stage
            )
            _search(make_plan(config, workspace, _fingerprints(workspace, until)), options.preset)
        return 0

    return exit_status.of(name, work, "the same command continues where it was")


def _search(plan: Plan, preset: str) -> None:
    print(f"\n{plan.strategy} search, {plan.trials} trials: {plan.objective.name}", flush=True)
    record = runs.run(plan, Table(plan.space))
    where = results.write(plan, record, preset)
    best = trials.best(record.ended)
    assert best is not None, "a search without a result raises"
    print(f"\nbest: trial {best.number} with {best.value:.5f}")
    print(f"  settings  {where}")
    print(f"  plots     {storage.join(plan.folder, 'index.html')}")


def _fingerprints(workspace: Workspace, stage: str) -> list[str]:
    done = workspace.finished(stage)
    assert done is not None, "the stage has just run"
    return [done.fingerprint]
