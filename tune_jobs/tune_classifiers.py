"""A search for better classifiers as a Ray job: boosters' depth, learning rate, rounds and so on.

    ray job submit --working-dir . -- \
        python tune_jobs/tune_classifiers.py --preset tiny --workspace DIR --trials 20

Runs the stages up to the embeddings, where they are not there, and searches the settings of the
classifiers on them. Writes best.yaml, a table and plots; the same command continues a search that
was stopped. DIR must be a place that every node sees: s3://, or a shared folder.
"""

import sys
from collections.abc import Sequence

from emailimg.config import Config
from emailimg.stages import Workspace
from emailimg.tuning import classifiers_objective, defaults
from emailimg.tuning.runs import Plan
from tune_jobs import search_jobs, search_options


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it has found something, 1 on an error of the user's, 130 when interrupted."""
    options = search_options.parser("tune_classifiers", __doc__).parse_args(arguments)

    def plan(config: Config, workspace: Workspace, inputs: list[str]) -> Plan:
        space = search_options.searched(options, defaults.of_classifiers(config))
        targets = config.search.targets or config.targets
        objective = classifiers_objective.create(
            config, space, workspace.folder("embeddings"), targets
        )
        where = search_options.folder(options, "classifiers")
        return search_options.plan(options, config, objective, space, where, inputs)

    return search_jobs.run("tune_classifiers", options, plan, until="embeddings")


if __name__ == "__main__":
    sys.exit(main())
