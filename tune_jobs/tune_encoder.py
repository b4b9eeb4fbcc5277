"""A search for a better encoder as a Ray job: learning rate, batch size, depth and so on.

    ray job submit --working-dir . -- \
        python tune_jobs/tune_encoder.py --preset quickstart --workspace DIR --trials 20

Runs the stages up to the examples, where they are not there, and trains an encoder per trial. With
`--joint` it searches the encoder, the kind of embedding and the classifiers together, by what the
classifiers make of it. Writes best.yaml, a table and plots; the same command continues a search
that was stopped. DIR must be a place that every node sees: s3://, or a shared folder.
"""

import sys
from collections.abc import Sequence

from emailimg.config import Config
from emailimg.stages import Workspace
from emailimg.tuning import defaults, encoder_objective, joint_objective
from emailimg.tuning.runs import Plan
from tune_jobs import search_jobs, search_options


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it has found something, 1 on an error of the user's, 130 when interrupted."""
    parser = search_options.parser("tune_encoder", __doc__)
    parser.add_argument(
        "--joint", action="store_true", help="search encoder, embedding and classifiers together"
    )
    options = parser.parse_args(arguments)

    def plan(config: Config, workspace: Workspace, inputs: list[str]) -> Plan:
        folders = workspace.folder("catalogue"), workspace.folder("examples")
        if options.joint:
            space = search_options.searched(options, defaults.of_both(config))
            targets = config.search.targets or config.targets
            objective = joint_objective.create(config, *folders, targets)
        else:
            space = search_options.searched(options, defaults.of_encoder(config))
            objective = encoder_objective.create(config, space, *folders)
        where = search_options.folder(options, "joint" if options.joint else "encoder")
        return search_options.plan(options, config, objective, space, where, inputs)

    return search_jobs.run("tune_encoder", options, plan, until="examples")


if __name__ == "__main__":
    sys.exit(main())
