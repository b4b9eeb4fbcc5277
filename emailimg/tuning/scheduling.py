"""Which trials are stopped early: asynchronous successive halving (ASHA), by Ray Tune.

Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020. At its checks (after
`first_check` steps, three times as many, nine times, ...) a trial that is not among the better
third of those that have come as far is stopped.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from emailimg.tuning.objective import CHECKED, STEP, Objective
from emailimg.tuning.trials import Trial

REDUCTION = 3


def checks(first_check: int, steps: int) -> Iterator[int]:
    """The steps at which trials are compared; after the last step there is nothing to stop."""
    step = first_check
    while step < steps:
        yield step
        step *= REDUCTION


def scheduler(objective: Objective, earlier: list[Trial], early_stopping: bool) -> TrialScheduler:
    """Ray Tune's scheduler, which knows how far earlier trials of the same search came."""
    if not early_stopping or objective.first_check >= objective.steps:
        return FIFOScheduler()
    asha = AsyncHyperBandScheduler(
        time_attr=STEP,
        metric=CHECKED,
        mode="min",
        grace_period=objective.first_check,
        max_t=objective.steps - 1,  # the last check, not an end: that comes by itself
        stop_last_trials=False,
        reduction_factor=REDUCTION,
    )
    for trial in earlier:
        _replay(asha, trial)
    return asha


def _replay(asha: AsyncHyperBandScheduler, trial: Trial) -> None:
    """Ray's own state of a scheduler is pickled; the record of the trials says as much."""
    stand_in: Any = SimpleNamespace(trial_id=f"earlier-{trial.number}")
    controller: Any = None  # which ASHA does not ask
    asha.on_trial_add(controller, stand_in)
    for step, checked in trial.curve:
        asha.on_trial_result(controller, stand_in, {STEP: step, CHECKED: checked})
