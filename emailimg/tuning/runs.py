"""A search on Ray Tune: several trials at once, failed ones kept apart, continued where it was."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import ray
from ray import tune
from ray.tune.execution import class_cache
from ray.tune.search import ConcurrencyLimiter

from emailimg import resources, stages, storage
from emailimg.config import Config
from emailimg.errors import ConfigError, EmailimgError
from emailimg.tuning import proposals, scheduling, space, trials
from emailimg.tuning.objective import CHECKED, FAILURE, FINISHED, STEP, VALUE, Objective, trainable
from emailimg.tuning.proposals import Strategy
from emailimg.tuning.space import Params, Space
from emailimg.tuning.trials import Head, Record, Trial


class Watch(Protocol):
    """Who is told how the search goes."""

    def begin(self, record: Record) -> None:
        """It begins, or continues after the trials in the record that have ended."""

    def reached(self, number: int, step: int, checked: float) -> None:
        """A running trial has reported."""

    def ended(self, trial: Trial) -> None:
        """A trial has ended, in whatever way."""


@dataclass(frozen=True)
class Plan:
    """A search. trials: in all, those of an interrupted run included; concurrent: trials at the
    same time, None: as many as the cluster holds; data: what they train on, as a fingerprint.
    """

    objective: Objective
    config: Config
    space: Space
    folder: str
    trials: int
    data: str
    strategy: Strategy = "bayesian"
    concurrent: int | None = None
    seed: int = 0
    early_stopping: bool = True
    warm_start: str | None = None

    @property
    def head(self) -> Head:
        fixed = {
            f"{name}.{key}": value
            for name in space.SECTIONS
            for key, value in stages.deciding(getattr(self.config, name)).items()
            if f"{name}.{key}" not in self.space
        }
        data = stages.fingerprint("search", fixed, [self.data])
        plain = space.to_plain(self.space)
        return Head(self.objective.name, plain, self.strategy, self.seed, data)


def run(plan: Plan, watch: Watch) -> Record:
    """Run the trials that are not in the plan's folder yet; needs a Ray session.

    Raises ConfigError before anything starts where space and config do not fit or the folder holds
    another search; ResourceError where the cluster cannot hold a trial; EmailimgError when every
    trial has failed; KeyboardInterrupt when it was stopped before the last.
    """
    space.check(plan.space, plan.config)
    propose = _propose(plan)
    resources.require("search", plan.objective.needs, plan.config.cluster)
    record = trials.open_for(plan.folder, plan.head)
    watch.begin(record)
    if len(record.ended) < plan.trials:
        _run_missing(plan, record, propose, watch)
    if trials.best(record.ended) is None:
        reasons = [trial.failure for trial in record.ended if trial.failure]
        first = f"; the first said: {reasons[0]}" if reasons else ""
        raise EmailimgError(f"every trial of the search failed{first}")
    return record


def fitting(objective: Objective) -> int:
    """How many trials the cluster holds at the same time without slowing each other down."""
    total = ray.cluster_resources()
    wanted: dict[str, float] = {}
    for bundle in [*objective.needs, *objective.more]:
        for name, amount in bundle.items():
            wanted[name] = wanted.get(name, 0) + amount
    return max(1, min(int(total.get(name, 0) / amount) for name, amount in wanted.items()))


def _propose(plan: Plan) -> proposals.Propose:
    known, first = _warm_start(plan)
    if plan.strategy == "random":
        return proposals.RandomSearch(plan.space, plan.seed)
    if plan.strategy == "grid":
        return proposals.GridSearch(plan.space, plan.seed)
    if known:
        return proposals.BayesianSearch(plan.space, plan.seed, start=0, known=known)
    own = space.current(plan.space, plan.config)
    first = [*([] if own is None else [own]), *first]
    return proposals.BayesianSearch(
        plan.space, plan.seed, first, proposals.starting_points(plan.trials)
    )


def _warm_start(plan: Plan) -> tuple[list[tuple[Params, float]], list[Params]]:
    """What an earlier search has found: results, or settings worth trying first.

    On the same data its results count as this search's. On other data they are no measure here,
    but its best settings are tried first.
    """
    if plan.warm_start is None:
        return [], []
    if plan.strategy != "bayesian":
        raise ConfigError(f"{plan.strategy} search cannot learn from an earlier one; bayesian can")
    head = trials.read_head(plan.warm_start)
    ended = trials.read(plan.warm_start).ended
    found = [(t.params, t.value) for t in ended if t.value is not None]
    usable = [(p, value) for p, value in found if space.inside(plan.space, p)]
    if not usable:
        raise ConfigError(
            f"none of the {len(found)} results in {plan.warm_start!r} is inside this search's "
            f"space; it has {', '.join(head.space)}, this one has {', '.join(plan.space)}"
        )
    if (head.data, head.objective) == (plan.head.data, plan.objective.name):
        return usable, []
    usable.sort(key=lambda pair: pair[1])
    return [], [params for params, _ in usable[:3]]


def _run_missing(plan: Plan, record: Record, propose: proposals.Propose, watch: Watch) -> None:
    objective = plan.objective
    at_once = plan.concurrent or fitting(objective)
    _keep_credentials_out()
    tuned = storage.join(plan.folder, "tune")
    storage.make_folder(tuned)
    fs, path = storage.filesystem(tuned)
    work = storage.join(plan.folder, "work")
    tune.Tuner(
        trainable(objective, plan.config, work),
        tune_config=tune.TuneConfig(
            num_samples=plan.trials - len(record.ended),
            search_alg=ConcurrencyLimiter(proposals.Proposals(record, propose), at_once),
            scheduler=scheduling.scheduler(objective, record.ended, plan.early_stopping),
            trial_dirname_creator=_folder_name,
        ),
        run_config=tune.RunConfig(
            name=f"from-{len(record.ended):04d}-{int(time.time())}",
            storage_path=path,
            storage_filesystem=fs,
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=0),
            callbacks=[_Recorder(record, watch)],
        ),
    ).fit()
    if len(record.ended) < len(record.all):  # Ray Tune stops at Ctrl-C, and says nothing
        raise KeyboardInterrupt
    storage.delete_folder(work)


def _keep_credentials_out() -> None:
    """Ray Tune hands AWS credentials of the driver's environment on to its trials.

    By their runtime environment, which Ray writes into its logs and shows in its dashboard. Trials
    find their credentials as all other tasks do.
    """
    handed_on = class_cache.ENV_VARS_TO_PROPAGATE
    handed_on -= {name for name in handed_on if name.startswith("AWS_")}


def _folder_name(trial: Any) -> str:
    return f"trial-{trial.config['number']:04d}"


class _Recorder(tune.Callback):
    """Writes every trial's end into the record; Ray Tune calls it by keyword."""

    def __init__(self, record: Record, watch: Watch) -> None:
        self._record = record
        self._watch = watch
        self._curves: dict[int, list[tuple[int, float]]] = {}

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        number, checked = trial.config["number"], result.get(CHECKED, math.nan)
        if math.isfinite(checked):
            self._curves.setdefault(number, []).append((result[STEP], checked))
            self._watch.reached(number, result[STEP], checked)

    def on_trial_complete(self, *, trial: Any, **_: Any) -> None:  # type: ignore[override]
        result = trial.last_result
        value = result.get(VALUE, math.nan)
        failure = result.get(FAILURE)
        whole = "finished" if result.get(FINISHED) else "stopped early"
        self._end(
            trial,
            state="failed" if failure else whole,
            value=value if math.isfinite(value) and not failure else None,
            failure=failure,
        )

    def on_trial_error(self, *, trial: Any, **_: Any) -> None:  # type: ignore[override]
        """Its process died; what it raises itself is a result."""
        self._end(trial, state="failed", failure=_died(trial))

    def _end(self, trial: Any, **outcome: Any) -> None:
        number = trial.config["number"]
        ended = replace(
            self._record.trials[number],
            curve=tuple(self._curves.get(number, ())),
            seconds=round(float((trial.last_result or {}).get("time_total_s", 0.0)), 2),
            **outcome,
        )
        self._record.keep(ended)
        self._watch.ended(ended)


def _died(trial: Any) -> str:
    text = Path(trial.error_file).read_text() if trial.error_file else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # Ray Tune's own heading comes first.
    return lines[1] if len(lines) > 1 else "its process ended unexpectedly"
