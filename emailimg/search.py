"""The search stage: Ray Tune looks for better classifier settings by Bayesian optimisation.

Optuna's Gaussian-process sampler proposes settings, a trial trains the boosters of the searched
targets with xgboost-ray, and the objective is their mean log-loss on the validation rows. The
first trial is the config's own settings, where the space holds them. The best settings then train
every searched target once more, and each keeps the better of its two models; targets that were not
searched keep theirs.

Output folder: search.json (trials and the best settings), and the chosen classifiers in the format
of the classifiers stage.
"""

import warnings
from typing import Any

import numpy as np
from ray import tune
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

from emailimg import boosters, classifiers, resources, storage
from emailimg.config import ClassifierConfig, Config
from emailimg.errors import EmailimgError
from emailimg.progress import Reporter, track

OBJECTIVE = "validation_log_loss"


def space() -> dict[str, Any]:
    """What is searched, and on which scale."""
    return {
        "max_depth": tune.randint(2, 8),
        "learning_rate": tune.loguniform(0.02, 0.3),
        "min_child_weight": tune.loguniform(1.0, 50.0),
        "subsample": tune.uniform(0.5, 1.0),
        "colsample_bytree": tune.uniform(0.3, 1.0),
        "reg_lambda": tune.loguniform(0.1, 20.0),
    }


def build(config: Config, embeddings_folder: str, classifiers_folder: str, folder: str) -> str:
    """Search, retrain with the best settings, keep the better models; returns a summary line."""
    resources.require("search", needs(config), config.cluster)
    targets = config.search.targets or config.targets
    baseline = boosters.load_trained(classifiers_folder)
    trials = _run_trials(config, embeddings_folder, targets, storage.join(folder, "runs"))
    succeeded = [trial for trial in trials if trial["objective"] is not None]
    if not succeeded:
        raise EmailimgError("every trial of the search failed; see Ray's logs of this session")
    best = min(succeeded, key=lambda trial: trial["objective"])
    tuned = _retrain(config, embeddings_folder, best["params"], {t: baseline[t] for t in targets})
    chosen = baseline | tuned
    width = classifiers.embedding_width(embeddings_folder)
    boosters.save(chosen, width, folder)
    start = float(np.mean([baseline[target].log_loss for target in targets]))
    record = {
        "objective": "mean validation log-loss of " + ", ".join(targets),
        "baseline": start,
        "best": best["objective"],
        "best_params": best["params"],
        "trials": trials,
    }
    storage.write_json(storage.join(folder, "search.json"), record)
    return f"{len(trials)} trials, validation log-loss {start:.4f} -> {best['objective']:.4f}"


def needs(config: Config) -> list[resources.Bundle]:
    """xgboost-ray's actors of the trials, or of the training that follows them."""
    at_once = max(config.search.concurrent_trials, config.classifiers.concurrent_targets)
    return classifiers.needs(config, at_once)


def _run_trials(
    config: Config, embeddings_folder: str, targets: tuple[str, ...], runs: str
) -> list[dict[str, Any]]:
    settings = config.search
    storage.make_folder(runs)
    fs, path = storage.filesystem(runs)
    with track("search", settings.trials, "trials") as reporter:
        tuner = tune.Tuner(
            _trial_with_resources(config, embeddings_folder, targets, reporter),
            param_space=space(),
            tune_config=tune.TuneConfig(
                metric=OBJECTIVE,
                mode="min",
                num_samples=settings.trials,
                search_alg=ConcurrencyLimiter(_searcher(config), settings.concurrent_trials),
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=path,
                storage_filesystem=fs,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),
            ),
        )
        results = tuner.fit()
    return [_describe(number, results[number]) for number in range(len(results))]


def _searcher(config: Config) -> OptunaSearch:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.GPSampler(
            seed=config.search.seed, n_startup_trials=max(2, min(10, config.search.trials // 3))
        )
    return OptunaSearch(
        metric=OBJECTIVE,
        mode="min",
        sampler=sampler,
        points_to_evaluate=start_points(config.classifiers),
    )


def start_points(settings: ClassifierConfig) -> list[dict[str, Any]]:
    """The config's own settings, where the space holds them: Optuna drops points outside it."""
    point = {name: getattr(settings, name) for name in space()}
    inside = all(domain.is_valid(point[name]) for name, domain in space().items())
    return [point] if inside else []


def _trial_with_resources(
    config: Config, embeddings_folder: str, targets: tuple[str, ...], reporter: Reporter
) -> Any:
    """A trial that reserves its boosters' actors; its own process waits for them without a CPU."""

    def trial(params: dict[str, Any]) -> None:
        settings = with_params(config.classifiers, params)
        models = [classifiers.train(settings, embeddings_folder, target) for target in targets]
        tune.report({OBJECTIVE: float(np.mean([model.log_loss for model in models]))})
        reporter.add(1)

    shares = config.classifiers
    actors = resources.cpu_bundles(shares.num_actors, shares.cpus_per_actor)
    return tune.with_resources(trial, tune.PlacementGroupFactory([{}, *actors]))


def with_params(settings: ClassifierConfig, params: dict[str, Any]) -> ClassifierConfig:
    """The settings with a trial's parameters in place, checked like any config."""
    return ClassifierConfig.model_validate(settings.model_dump() | params)


def _retrain(
    config: Config,
    embeddings_folder: str,
    params: dict[str, Any],
    baseline: dict[str, boosters.Trained],
) -> dict[str, boosters.Trained]:
    """Each target's better model, of its baseline and a new one with the best settings."""
    settings = with_params(config.classifiers, params)
    if settings == config.classifiers:
        return baseline
    tuned = classifiers.train_all(settings, embeddings_folder, list(baseline))
    return {
        target: min(model, tuned[target], key=lambda candidate: candidate.log_loss)
        for target, model in baseline.items()
    }


def _describe(number: int, result: Any) -> dict[str, Any]:
    metrics = result.metrics or {}
    return {
        "number": number,
        "objective": metrics.get(OBJECTIVE),
        "seconds": round(metrics.get("time_total_s", 0.0), 2),
        "params": {name: result.config[name] for name in space()},
    }
