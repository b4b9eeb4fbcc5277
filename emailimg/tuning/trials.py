"""The record of a search: a JSON file per trial, from which a stopped search continues.

    plan.json          what is searched, how, and on which data
    trials/0007.json   settings, state, what it reached and when, why it failed

Ray Tune keeps a state of its own, which is pickled; it is not read. The driver writes a trial's
file when its settings are chosen and again when it has ended, so what is found is whole.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from emailimg import storage
from emailimg.errors import ConfigError
from emailimg.tuning.space import Params

State = Literal["running", "finished", "stopped early", "failed"]

_PLAN, _TRIALS = "plan.json", "trials"
_IN_WORDS = {"data": "data or settings that are not searched"}


@dataclass(frozen=True)
class Trial:
    """One trial.

    value: the objective, None while it runs, where it failed, and where it was stopped before it
    had one; curve: (step, what early stopping compares) as it was reported; seconds: from start to
    end.
    """

    number: int
    params: Params
    state: State = "running"
    value: float | None = None
    curve: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    failure: str | None = None


@dataclass(frozen=True)
class Head:
    """What a search is; one that continues must be the same.

    objective: its name; space: plain data; data: fingerprint of what the trials train on and of
    the settings that are not searched.
    """

    objective: str
    space: dict[str, Any]
    strategy: str
    seed: int
    data: str


@dataclass
class Record:
    """The files of a search in a folder, local or s3://."""

    folder: str
    trials: dict[int, Trial] = field(default_factory=dict)

    def keep(self, trial: Trial) -> None:
        """Remember a trial, in its file as well."""
        self.trials[trial.number] = trial
        location = storage.join(self.folder, _TRIALS, f"{trial.number:04d}.json")
        storage.write_json(location, asdict(trial))

    @property
    def ended(self) -> list[Trial]:
        return [trial for trial in self.all if trial.state != "running"]

    @property
    def all(self) -> list[Trial]:
        return [self.trials[number] for number in sorted(self.trials)]


def open_for(folder: str, head: Head) -> Record:
    """The record of a folder, to continue it or begin it.

    Raises ConfigError where the folder holds another search.
    """
    location = storage.join(folder, _PLAN)
    if storage.exists(location):
        found = storage.read_json(location)
        wanted = json.loads(json.dumps(asdict(head)))
        differing = [name for name, value in wanted.items() if found.get(name) != value]
        if differing:
            words = [_IN_WORDS.get(name, name) for name in differing]
            raise ConfigError(
                f"{folder!r} holds another search: other {', '.join(words)}; give this one a "
                "folder of its own, and it may learn from the other (--warm-start)"
            )
    else:
        storage.write_json(location, asdict(head))
    return read(folder)


def read(folder: str) -> Record:
    """The trials of a folder; none where there is no search."""
    record = Record(folder)
    for location in storage.list_files(storage.join(folder, _TRIALS), ".json"):
        trial = _trial(storage.read_json(location))
        record.trials[trial.number] = trial
    return record


def read_head(folder: str) -> Head:
    """What the search of a folder was; raises ConfigError where there is none."""
    location = storage.join(folder, _PLAN)
    if not storage.exists(location):
        raise ConfigError(f"{folder!r} holds no search: {_PLAN} is missing")
    return Head(**storage.read_json(location))


def best(trials: list[Trial]) -> Trial | None:
    """The one with the smallest value, the earlier of equals; None where none has one."""
    known = [trial for trial in trials if trial.value is not None]
    return min(known, key=lambda trial: trial.value or 0.0, default=None)


def _trial(content: dict[str, Any]) -> Trial:
    curve = tuple((step, value) for step, value in content["curve"])
    return Trial(**content | {"curve": curve})
