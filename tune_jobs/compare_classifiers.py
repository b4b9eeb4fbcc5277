"""The report's Figure 3, measured: is XGBoost as accurate as others, and how much faster?

    ray job submit --working-dir . -- \
        python tune_jobs/compare_classifiers.py --rows 1000,10000,100000 --out DIR

Cross-validates XGBoost (alone and through xgboost-ray) and scikit-learn's gradient boosting,
histogram boosting, random forest and logistic regression on the same rows with the same threads,
and writes accuracies and training times: comparison.md, .csv, .json, .png and .svg. DIR may be
s3://. Given again with the same DIR it measures what is missing there; `--table-only` draws anew.
Without a cluster it runs on this machine.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial

from emailimg import ray_session, storage
from tune_jobs import exit_status
from tune_jobs.comparison import machine, measurement, measuring, models, options, results
from tune_jobs.comparison.measurement import Measurements


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is measured, 1 on an error of the user's."""
    chosen = options.parse(arguments, __doc__)
    work = partial(_run, chosen)
    return exit_status.of("compare_classifiers", work, "what was measured is kept")


def _run(chosen: argparse.Namespace) -> int:
    folder = storage.absolute(chosen.out)
    found = measurement.read(folder) if chosen.table_only else _measure(chosen, folder)
    print(f"\n{results.write(folder, found)}\n{storage.join(folder, 'comparison.md')}")
    return 0


def _measure(chosen: argparse.Namespace, folder: str) -> Measurements:
    options.require_scikit_learn()
    recipe = options.recipe(chosen)
    known = measurement.open_for(folder, options.setup(chosen, machine.describe()))
    with_ray = any(models.MODELS[name].needs_ray for name in chosen.models)
    session = ray_session.session(chosen.address, recipe.threads) if with_ray else nullcontext()
    with session:
        if with_ray:
            models.require_ray(recipe)
        return measuring.measure(
            known,
            recipe,
            chosen.models,
            chosen.rows,
            chosen.folds,
            chosen.limit_s,
            partial(measurement.write, folder),
        )


if __name__ == "__main__":
    sys.exit(main())
