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
from collections.abc import Sequence

from emailimg import pipeline, ray_session, storage
from emailimg.config import Config
from emailimg.errors import ConfigError, EmailimgError
from emailimg.stages import StageResult
from tune_jobs.instances import kinds, measurement, measuring, nodes, options, prices, results
from tune_jobs.instances.costs import Job
from tune_jobs.instances.measurement import Measurements
from tune_jobs.instances.prices import PriceTable


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when something was measured, 1 when nothing was or on an error of the user's."""
    chosen = options.parse(arguments, __doc__)
    try:
        return _run(chosen)
    except (EmailimgError, OSError) as error:
        print(f"benchmark_instances: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmark_instances: interrupted; what was measured is kept", file=sys.stderr)
        return 130


def _run(chosen: argparse.Namespace) -> int:
    price_table = prices.load(chosen.prices)
    job = Job(chosen.dataset_images, chosen.dataset_epochs)
    folder = storage.absolute(chosen.out)
    if chosen.table_only:
        found = measurement.read(folder)
        if found is None:
            raise ConfigError(f"{folder!r} holds no measurements; run without --table-only first")
        print(results.write(folder, found, job, price_table, chosen.under_hours))
        return 0
    training = options.training(chosen)
    found = measurement.open_for(folder, training)
    with ray_session.session(chosen.address):
        return _measure(chosen, training, found, price_table, job, folder)


def _measure(
    chosen: argparse.Namespace,
    training: Config,
    found: Measurements,
    price_table: PriceTable,
    job: Job,
    folder: str,
) -> int:
    machines = kinds.group(nodes.alive(), price_table, chosen.instance)
    where = pipeline.run(
        training, storage.join(folder, "data"), until="examples", on_stage=_print_stage
    ).folder
    inputs = (where("catalogue"), where("examples"))
    scratch = storage.join(folder, "training")
    done = 0
    for row in measuring.measure(machines, training, *inputs, scratch, chosen.workers):
        done += row.failure is None
        found = found.with_row(row)
        text = results.write(folder, found, job, price_table, chosen.under_hours)
    print(f"\n{text}\n{folder}/instances.md")
    return 0 if done else 1


def _print_stage(result: StageResult) -> None:
    took = "there" if result.skipped else f"{result.seconds:.1f} s"
    print(f"{result.name:<12} {took:>8}  {result.summary}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
