"""The table that grows while a search runs."""

import pytest

from emailimg.tuning import table
from emailimg.tuning.space import Continuous, Integer
from emailimg.tuning.table import Table
from emailimg.tuning.trials import Record, Trial

SPACE = {
    "encoder.learning_rate": Continuous(min=0.001, max=0.1, scale="log"),
    "classifiers.max_depth": Integer(min=2, max=7),
}


def trial(number: int, value: float | None, **other: object) -> Trial:
    params = {"encoder.learning_rate": 0.012345678, "classifiers.max_depth": 4}
    return Trial(number, params, value=value, **{"state": "finished"} | other)  # type: ignore[arg-type]


def test_it_lists_every_trial_with_the_best_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Table(SPACE)
    watch.begin(Record("", {0: trial(0, 0.5, seconds=12.0)}))
    watch.ended(trial(1, 0.75))
    watch.ended(trial(2, None, state="failed", failure="out of memory"))
    watch.ended(trial(3, 0.25))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["trial", "value", "best", "time", "state", "learning_rate", "max_depth"]
    assert lines[1] == ["0", "0.50000", "0.50000", "12.0", "s", "finished", "0.01235", "4"]
    assert lines[2][1:3] == ["0.75000", "0.50000"]
    assert lines[3][1:3] == ["–", "0.50000"]
    assert lines[4] == ["out", "of", "memory"]
    assert lines[5][2] == "0.25000"


def test_it_tells_who_is_at_work_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Table(SPACE)
    watch.reached(4, 1, 0.5)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(table, "_RUNNING_EVERY_S", 0.0)
    watch.reached(5, 2, 0.25)
    assert "trial 4 step 1: 0.5000, trial 5 step 2: 0.2500" in capsys.readouterr().out
