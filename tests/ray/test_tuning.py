"""Searches on a real Ray: they find, fail in part, stop early, and continue where they were."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray import tune

from emailimg import config, storage
from emailimg.config import Config
from emailimg.errors import ConfigError, EmailimgError
from emailimg.tuning import runs, trials
from emailimg.tuning.objective import Objective, progress
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Integer
from emailimg.tuning.trials import Record, Trial

pytestmark = pytest.mark.usefixtures("ray_cluster")

SPACE = {"classifiers.max_depth": Integer(min=1, max=16)}
STEPS = 9


def distance(refused: int | None = None, deadly: int | None = None) -> Objective:
    """The distance of the depth from 5; a trial writes a file in every step, and continues."""

    def work(settings: Config, folder: str) -> float:  # travels by value: workers lack this module
        depth = settings.classifiers.max_depth
        if depth == refused:
            raise EmailimgError(f"{depth} is refused")
        if depth == deadly:
            os._exit(1)
        for step in range(len(storage.list_files(folder)) + 1, STEPS + 1):
            assert len(storage.list_files(folder)) == step - 1, "somebody else writes here"
            storage.write_bytes(f"{folder}/{step}", b"")
            value = abs(depth - 5) + 1 / step
            tune.report(progress(step, value, value))
        return abs(depth - 5) + 1 / STEPS

    return Objective("distance", work, [{"CPU": 1}], [{"CPU": 1}], STEPS, first_check=3)


OBJECTIVE = distance()


class Seen:
    """Watches, and interrupts after so many trials."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.earlier: list[Trial] = []
        self.trials: list[Trial] = []
        self._interrupt_after = interrupt_after

    def begin(self, record: Record) -> None:
        self.earlier = record.ended

    def reached(self, number: int, step: int, checked: float) -> None:
        assert checked >= 0
        assert step > 0
        if self._interrupt_after == len(self.trials) and step > 1:
            os.kill(os.getpid(), signal.SIGINT)

    def ended(self, trial: Trial) -> None:
        self.trials.append(trial)


def plan(folder: Path, **other: Any) -> Plan:
    whole = {"trials": 6, "data": "d", "concurrent": 1, "early_stopping": False} | other
    return Plan(OBJECTIVE, config.load("tiny"), SPACE, str(folder), **whole)


def test_a_search_finds_and_outlives_failed_trials(tmp_path: Path) -> None:
    """One raises, the process of another dies."""
    searched = replace(
        plan(tmp_path, concurrent=2, strategy="grid"),
        space={"classifiers.max_depth": Integer(min=4, max=14)},
        objective=distance(refused=14, deadly=9),
    )
    seen = Seen()
    record = runs.run(searched, seen)
    assert len(seen.trials) == len(record.ended) == 3  # the grid is at its end before the trials
    by_depth = {trial.params["classifiers.max_depth"]: trial for trial in record.ended}
    assert [by_depth[depth].state for depth in (4, 9, 14)] == ["finished", "failed", "failed"]
    assert by_depth[14].failure == "14 is refused"
    assert "died" in str(by_depth[9].failure)
    assert by_depth[14].value is by_depth[9].value is None
    assert by_depth[4].value == pytest.approx(1 + 1 / STEPS)
    assert [step for step, _ in by_depth[4].curve] == [*range(1, STEPS + 1), STEPS]
    assert trials.read(str(tmp_path)).all == record.all


def test_an_interrupted_search_proposes_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    whole = runs.run(plan(tmp_path / "whole", trials=5), Seen())
    with pytest.raises(KeyboardInterrupt):
        runs.run(plan(tmp_path / "cut", trials=5), Seen(interrupt_after=3))
    left = trials.read(str(tmp_path / "cut"))
    assert [trial.state for trial in left.all] == ["finished"] * 3 + ["running"]
    seen = Seen()
    continued = runs.run(plan(tmp_path / "cut", trials=5), seen)
    assert (len(seen.earlier), len(seen.trials)) == (3, 2)
    assert [t.params for t in continued.all] == [t.params for t in whole.all]
    assert continued.all[3].curve[0][0] > 1  # it went on where it was
    nothing_left = runs.run(plan(tmp_path / "cut", trials=5), Seen())
    assert nothing_left.all == continued.all


def test_trials_that_are_behind_are_stopped_early(tmp_path: Path) -> None:
    record = runs.run(plan(tmp_path, strategy="random", early_stopping=True, seed=2), Seen())
    stopped = [trial for trial in record.ended if trial.state == "stopped early"]
    whole = [trial for trial in record.ended if trial.state == "finished"]
    assert stopped
    assert whole
    assert min(t.value for t in whole if t.value) < min(t.value for t in stopped if t.value)
    assert all(trial.curve[-1][0] in (3, 9) for trial in stopped)


def test_an_earlier_search_is_learnt_from(tmp_path: Path) -> None:
    first = runs.run(plan(tmp_path / "first", trials=3), Seen())
    warm = plan(tmp_path / "second", trials=1, warm_start=str(tmp_path / "first"))
    same = runs.run(warm, Seen())
    assert same.all[0].params not in [trial.params for trial in first.all]
    other_data = replace(warm, folder=str(tmp_path / "third"), data="other", trials=2)
    tried = [trial.params for trial in runs.run(other_data, Seen()).all]
    best = trials.best(first.all)
    assert best is not None
    assert best.params in tried  # the config's own settings and the earlier search's best


@pytest.mark.parametrize(
    ("needs", "more", "fitting"),
    [
        ([{"CPU": 1}], [], 2),
        ([{"CPU": 0.5}, {"CPU": 0.5}], [], 2),
        ([{"CPU": 0.5}], [{"CPU": 1}], 1),
        ([{"CPU": 2}], [{"CPU": 1}], 1),  # one always runs
    ],
)
def test_as_many_trials_run_at_once_as_the_cluster_holds(
    needs: list[dict[str, float]], more: list[dict[str, float]], fitting: int
) -> None:
    assert runs.fitting(replace(OBJECTIVE, needs=needs, more=more)) == fitting


def test_what_cannot_work_is_said_before_anything_starts(tmp_path: Path) -> None:
    impossible = replace(plan(tmp_path), space={"classifiers.max_depth": Integer(min=0, max=3)})
    with pytest.raises(ConfigError, match="max_depth = 0"):
        runs.run(impossible, Seen())
    with pytest.raises(ConfigError, match="holds no search"):
        runs.run(plan(tmp_path, warm_start=str(tmp_path)), Seen())
    assert storage.list_files(str(tmp_path)) == []


def test_a_search_of_which_every_trial_failed_says_why(tmp_path: Path) -> None:
    def fail(settings: Config, folder: str) -> float:
        raise EmailimgError("no such thing")

    hopeless = replace(plan(tmp_path, trials=2), objective=replace(OBJECTIVE, work=fail))
    with pytest.raises(EmailimgError, match="the first said: no such thing"):
        runs.run(hopeless, Seen())
