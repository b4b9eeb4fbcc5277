"""The search stage: a Bayesian search for better settings of the classifiers (Ray Tune).

The objective is the mean log-loss of the searched targets on the validation rows; the first trial
is the config's own settings, where the space holds them. The best settings then train every
searched target once more, and each keeps the better of its two models; targets that were not
searched keep theirs. The machinery is that of `emailimg.tuning`.

Output folder: search.json (trials and the best settings), the chosen classifiers in the format of
the classifiers stage; runs/ holds the record from which an interrupted search continues.
"""

from typing import Any

import numpy as np

from emailimg import boosters, classifiers, features, resources, storage
from emailimg.config import ClassifierConfig, Config
from emailimg.progress import Reporter, track
from emailimg.tuning import classifiers_objective, defaults, runs, space, trials
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Params
from emailimg.tuning.trials import Record, Trial

_PREFIX = "classifiers."


def build(config: Config, embeddings_folder: str, classifiers_folder: str, folder: str) -> str:
    """Search, retrain with the best settings, keep the better models; returns a summary line."""
    targets = config.search.targets or config.targets
    baseline = boosters.load_trained(classifiers_folder)
    found = _search(config, embeddings_folder, targets, storage.join(folder, "runs"))
    best = trials.best(found)
    assert best is not None, "a search without a result raises"
    tuned = _retrain(config, embeddings_folder, best.params, {t: baseline[t] for t in targets})
    chosen = baseline | tuned
    boosters.save(chosen, features.embedding_width(embeddings_folder), folder)
    start = float(np.mean([baseline[target].log_loss for target in targets]))
    record = {
        "objective": classifiers_objective.name(targets),
        "baseline": start,
        "best": best.value,
        "best_params": _plain(best.params),
        "trials": [_describe(trial) for trial in found],
    }
    storage.write_json(storage.join(folder, "search.json"), record)
    return f"{len(found)} trials, validation log-loss {start:.4f} -> {best.value:.4f}"


def needs(config: Config) -> list[resources.Bundle]:
    """xgboost-ray's actors of the trials, or of the training that follows them."""
    at_once = max(config.search.concurrent_trials or 1, config.classifiers.concurrent_targets)
    return classifiers.needs(config, at_once)


def _search(
    config: Config, embeddings_folder: str, targets: tuple[str, ...], folder: str
) -> list[Trial]:
    settings = config.search
    searched = defaults.of_classifiers(config)
    plan = Plan(
        objective=classifiers_objective.create(config, searched, embeddings_folder, targets),
        config=config,
        space=searched,
        folder=folder,
        trials=settings.trials,
        data="",  # the stage's folder is that of its inputs
        concurrent=settings.concurrent_trials,
        seed=settings.seed,
        early_stopping=settings.early_stopping,
    )
    with track("search", settings.trials, "trials") as reporter:
        return runs.run(plan, _Count(reporter)).all


class _Count:
    """Watches a search for the progress bar."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def begin(self, record: Record) -> None:
        self._reporter.begin_at(len(record.ended))

    def reached(self, number: int, step: int, checked: float) -> None:
        """Nothing to count yet."""

    def ended(self, trial: Trial) -> None:  # noqa: ARG002
        self._reporter.add(1)


def _retrain(
    config: Config,
    embeddings_folder: str,
    params: Params,
    baseline: dict[str, boosters.Trained],
) -> dict[str, boosters.Trained]:
    """Each target's better model, of its baseline and a new one with the best settings."""
    settings: ClassifierConfig = space.apply(config, params).classifiers
    if settings == config.classifiers:
        return baseline
    tuned = classifiers.train_all(settings, embeddings_folder, list(baseline))
    return {
        target: min(model, tuned[target], key=lambda candidate: candidate.log_loss)
        for target, model in baseline.items()
    }


def _describe(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "objective": trial.value,
        "seconds": trial.seconds,
        "params": _plain(trial.params),
    }


def _plain(params: Params) -> dict[str, Any]:
    """Without the section, which is the same for all."""
    return {name.removeprefix(_PREFIX): value for name, value in params.items()}
