"""The record of a search: written, read again, and kept apart from another search's."""

from dataclasses import replace

import pytest

from emailimg.errors import ConfigError
from emailimg.tuning import trials
from emailimg.tuning.trials import Head, Trial

HEAD = Head(
    "error", {"encoder.epochs": {"type": "integer", "min": 1, "max": 3}}, "bayesian", 0, "a"
)
WHOLE = Trial(1, {"encoder.epochs": 2}, "finished", 0.25, ((1, 0.5), (2, 0.25)), 3.5)
FAILED = Trial(2, {"encoder.epochs": 3}, "failed", failure="out of memory")
RUNNING = Trial(3, {"encoder.epochs": 1})


def test_a_search_continues_from_its_record(base: str) -> None:
    record = trials.open_for(base, HEAD)
    assert record.all == []
    for trial in (RUNNING, WHOLE, FAILED):
        record.keep(trial)
    again = trials.open_for(base, HEAD)
    assert again.all == [WHOLE, FAILED, RUNNING]
    assert again.ended == [WHOLE, FAILED]
    assert trials.read_head(base) == HEAD


@pytest.mark.parametrize(
    "other",
    [{"objective": "loss"}, {"space": {}}, {"strategy": "grid"}, {"seed": 1}, {"data": "b"}],
)
def test_another_search_does_not_mix_with_it(base: str, other: dict[str, object]) -> None:
    trials.open_for(base, HEAD)
    [name] = other
    with pytest.raises(ConfigError, match=f"holds another search: other {name}"):
        trials.open_for(base, replace(HEAD, **other))


def test_a_folder_without_a_search_is_named(base: str) -> None:
    with pytest.raises(ConfigError, match="holds no search"):
        trials.read_head(base)


def test_the_best_is_the_smallest_and_the_earlier_of_equals() -> None:
    worse, same = Trial(0, {}, value=0.5), replace(WHOLE, number=5)
    assert trials.best([worse, same, FAILED, RUNNING, WHOLE]) == same
    assert trials.best([FAILED, RUNNING]) is None
