"""The search stage without Ray: what of a search its output tells."""

from emailimg import search
from emailimg.tuning.trials import Trial


def test_trials_are_told_without_the_section_which_is_the_same_for_all() -> None:
    trial = Trial(3, {"classifiers.max_depth": 4}, "failed", None, seconds=1.5, failure="no")
    assert search._describe(trial) == {
        "number": 3,
        "objective": None,
        "seconds": 1.5,
        "params": {"max_depth": 4},
    }
