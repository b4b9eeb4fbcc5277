"""Early stopping: bad trials end at a check, and a search that continues remembers the others."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from emailimg.tuning import scheduling
from emailimg.tuning.objective import Objective, progress
from emailimg.tuning.trials import Trial

OBJECTIVE = Objective("loss", lambda _, __: 0.0, [{"CPU": 1}], [], steps=10, first_check=2)
GOOD = [Trial(n, {}, "finished", 0.1, ((1, 0.3), (2, 0.2), (6, 0.15), (10, 0.1))) for n in range(3)]


def decision(scheduler: Any, name: str, step: int, checked: float) -> str:
    trial = SimpleNamespace(trial_id=name)
    if step == 1:
        scheduler.on_trial_add(None, trial)
    return scheduler.on_trial_result(None, trial, progress(step, checked))


def test_checks_are_three_times_as_far_apart_every_time() -> None:
    assert list(scheduling.checks(2, 10)) == [2, 6]
    assert list(scheduling.checks(2, 6)) == [2]  # a trial that has ended cannot be stopped


def test_a_bad_trial_is_stopped_at_a_check_and_a_good_one_is_not() -> None:
    asha = scheduling.scheduler(OBJECTIVE, GOOD, early_stopping=True)
    assert decision(asha, "bad", 1, 0.9) == TrialScheduler.CONTINUE  # before the first check
    assert decision(asha, "bad", 2, 0.9) == TrialScheduler.STOP
    for step, checked in ((1, 0.9), (2, 0.1), (6, 0.1), (10, 0.05)):
        assert decision(asha, "good", step, checked) == TrialScheduler.CONTINUE


def test_a_trial_at_its_end_is_not_stopped() -> None:
    short = replace(OBJECTIVE, steps=3, first_check=1)
    good = [Trial(n, {}, "finished", 0.1, ((1, 0.3), (2, 0.2), (3, 0.1))) for n in range(3)]
    asha = scheduling.scheduler(short, good, early_stopping=True)
    for step, checked in ((1, 0.2), (2, 0.9), (3, 0.9)):
        assert decision(asha, "late", step, checked) == TrialScheduler.CONTINUE


def test_without_earlier_trials_nothing_is_known_to_be_bad() -> None:
    asha = scheduling.scheduler(OBJECTIVE, [], early_stopping=True)
    assert decision(asha, "bad", 1, 0.9) == TrialScheduler.CONTINUE
    assert decision(asha, "bad", 2, 0.9) == TrialScheduler.CONTINUE


def test_nothing_is_stopped_unless_asked_for() -> None:
    assert isinstance(scheduling.scheduler(OBJECTIVE, GOOD, False), FIFOScheduler)
