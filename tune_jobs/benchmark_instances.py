"""The report's Table 2 for your machines: what does a training cost on this cluster?

    ray job submit --working-dir . -- \
        python tune_jobs/benchmark_instances.py --preset paper --out DIR

Runs the same short training on each kind of machine of the cluster, with 1, 2, 4, ... workers, and
writes hours and dollars of the whole training: instances.md, .json, .png and .svg. DIR must be a
place that every node sees: s3://, or a shared folder. Run it on one cluster after another with the
same DIR, and the table grows; `--table-only` writes it anew after an edit of the price table.
Without a cluster it measures this machine.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from emailimg import cli, pipeline, progress, ray_session, storage
from emailimg.config import Config
from tune_jobs import exit_status
from tune_jobs.instances import kinds, measurement, measuring, nodes, options, prices, results
from tune_jobs.instances.costs import Job
from tune_jobs.instances.kinds import Kind
from tune_jobs.instances.measurement import Measurements


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when something was measured, 1 when nothing was or on an error of the user's."""
    chosen = options.parse(arguments, __doc__)
    work = partial(_run, chosen)
    return exit_status.of("benchmark_instances", work, "what was measured is kept")


def _run(chosen: argparse.Namespace) -> int:
    folder = storage.absolute(chosen.out)
    price_table = prices.load(chosen.prices)
    write = partial(
        results.write,
        folder,
        job=Job(chosen.dataset_images, chosen.dataset_epochs),
        prices=price_table,
        under_hours=chosen.under_hours,
    )
    if chosen.table_only:
        print(write(measurement.read(folder)))
        return 0
    training = options.training(chosen)
    known = measurement.open_for(folder, training)
    with ray_session.session(chosen.address):
        found_nodes = nodes.alive()
        progress.announce(nodes.busy(found_nodes))
        machines = kinds.group(found_nodes, price_table, chosen.instance)
        return _measure(machines, training, folder, known, chosen.workers, write)


def _measure(
    machines: Sequence[Kind],
    training: Config,
    folder: str,
    known: Measurements,
    workers: Sequence[int],
    write: Callable[[Measurements], str],
) -> int:
    data = storage.join(folder, "data")
    where = pipeline.run(training, data, until="examples", on_stage=cli.print_stage).folder
    inputs = (where("catalogue"), where("examples"))
    done = 0
    scratch = storage.join(folder, "training")
    for row in measuring.measure(machines, training, *inputs, scratch, workers):
        done += row.failure is None
        known = known.with_row(row)
        text = write(known)  # after each: a run that is cut short has paid for them
    print(f"\n{text}\n{storage.join(folder, 'instances.md')}")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
