"""What a search makes smaller, and how a trial tells Ray Tune of it.

A trial is a process of Ray Tune's. It reports now and then what it has reached, so that a bad one
can be stopped early, and in the end its result or why it failed: a failed trial is a result, too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ray import tune

from emailimg import ray_session, storage
from emailimg.config import Config
from emailimg.errors import EmailimgError, parts_of
from emailimg.resources import Bundle
from emailimg.tuning import space

# What a trial reports to Ray Tune.
VALUE, CHECKED, STEP = "objective", "checked", "step"
FINISHED, FAILURE = "finished", "failure"
_UNKNOWN = float("nan")
_REASON_CHARACTERS = 300


@dataclass(frozen=True)
class Objective:
    """What a search makes smaller.

    name: for people; `work(config, folder)` runs a trial in a folder of its own, reports its
    `progress` to Ray Tune and returns the result; needs: what a trial holds of the cluster at the
    same time; reserved: the part of it that Ray Tune reserves for the trial, the rest is reserved
    by the trial itself; steps: of a trial that runs to its end; first_check: the step before which
    none is stopped; more: what it takes besides while there is room, such as Ray Data's tasks.
    """

    name: str
    work: Callable[[Config, str], float]
    needs: list[Bundle]
    reserved: list[Bundle]
    steps: int
    first_check: int
    more: list[Bundle] = field(default_factory=list)


def progress(step: int, checked: float, value: float = _UNKNOWN) -> dict[str, Any]:
    """A report before the end.

    checked: what early stopping compares with other trials at this step, less is better; value:
    the objective, where it is known by now.
    """
    return {STEP: step, CHECKED: checked, VALUE: value}


def trainable(objective: Objective, config: Config, folder: str) -> Any:
    """The function that Ray Tune runs for every trial, with the resources that it reserves.

    Every trial works in a folder of its own below `folder`.
    """

    def trial(assignment: dict[str, Any]) -> None:
        ray_session.configure_data()
        try:
            settings = space.apply(config, assignment["params"])
            value = objective.work(settings, storage.join(folder, f"{assignment['number']:04d}"))
        except Exception as error:  # the next trial may work
            tune.report(progress(0, _UNKNOWN) | {FAILURE: reason(error)})
            return
        tune.report(progress(objective.steps, value, value) | {FINISHED: True})

    # A trial's own process only waits: with a CPU of its own, the work would lack one. But Tune
    # wants something to reserve, so where the work reserves its own, a byte of memory stands in.
    alone: Bundle = {"memory": 1}
    bundles = [{}, *objective.reserved] if objective.reserved else [alone]
    return tune.with_resources(trial, tune.PlacementGroupFactory(bundles))


def reason(error: BaseException) -> str:
    """Why a trial failed, in a line: the user's error inside it, else the last line of its text."""
    known = next((part for part in parts_of(error) if isinstance(part, EmailimgError)), None)
    if known is not None:
        return _in_a_line(str(known))
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    return _in_a_line(f"{type(error).__name__}: {last}")


def _in_a_line(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    long = len(text) > _REASON_CHARACTERS
    return f"{text[: _REASON_CHARACTERS - 1]}…" if long else text
