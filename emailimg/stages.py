"""A workspace: one folder per stage, each with a marker that says from what it was made.

A stage is skipped when its marker holds the fingerprint of the same config and inputs. The marker
is written last and removed first, so a half-written output is never taken for a whole one, on a
local disk and on S3 alike.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

import emailimg
from emailimg import storage
from emailimg.errors import ConfigError

# Settings that say where and when work runs, not what comes out.
_SCHEDULING = frozenset(
    {"concurrent_targets", "cpus_per_worker", "cpus_per_actor", "max_failures"}
    | {"concurrent_trials", "max_actor_restarts", "resize_check_s"}
)
_MARKER = "_stage.json"
_STARTED = "_started.json"


@dataclass(frozen=True)
class StageResult:
    """What the marker of a finished stage says."""

    name: str
    fingerprint: str
    seconds: float
    summary: str  # one line for people
    skipped: bool = False


class Workspace:
    """The folder of a run, local or s3://; owns the stages' folders and markers."""

    def __init__(self, location: str) -> None:
        self.location = storage.absolute(location)

    def folder(self, stage: str) -> str:
        return storage.join(self.location, stage)

    def path(self, stage: str, *names: str) -> str:
        return storage.join(self.location, stage, *names)

    def finished(self, stage: str) -> StageResult | None:
        """The stage's result when its output is complete, else None."""
        marker = self.path(stage, _MARKER)
        return StageResult(**storage.read_json(marker)) if storage.exists(marker) else None

    def run(
        self,
        stage: str,
        fingerprint: str,
        work: Callable[[str], str],
        *,
        check: Callable[[], None] = lambda: None,
        resume: bool = False,
        replaces: bool = False,
    ) -> StageResult:
        """Run `work(folder)`, which returns the summary, unless its output is already there.

        check: raises what stands in the way before anything is deleted.
        resume: keep what an interrupted run of the same fingerprint left in the folder.
        replaces: the work puts the new output in the old one's place itself, when it is whole.
        Raises ConfigError when the folder holds files that are not a stage's.
        """
        done = self.finished(stage)
        if done is not None and done.fingerprint == fingerprint:
            return StageResult(stage, fingerprint, done.seconds, done.summary, skipped=True)
        check()
        self._refuse_foreign(stage)
        storage.delete_file(self.path(stage, _MARKER))
        if not replaces and not (resume and self._interrupted(stage) == fingerprint):
            storage.empty_folder(self.folder(stage))
        storage.make_folder(self.folder(stage))
        storage.write_json(self.path(stage, _STARTED), {"fingerprint": fingerprint})
        started = time.monotonic()
        summary = work(self.folder(stage))
        result = StageResult(stage, fingerprint, round(time.monotonic() - started, 2), summary)
        record = {key: value for key, value in vars(result).items() if key != "skipped"}
        storage.write_json(self.path(stage, _MARKER), record)
        return result

    def _refuse_foreign(self, stage: str) -> None:
        """A stage empties its folder; it must not be a folder of the user's own."""
        ours = any(storage.exists(self.path(stage, name)) for name in (_MARKER, _STARTED))
        if not ours and storage.list_files(self.folder(stage)):
            raise ConfigError(
                f"{self.folder(stage)!r} holds files that no stage wrote; choose another "
                "workspace: every stage empties the folder of its name in it"
            )

    def _interrupted(self, stage: str) -> str | None:
        started = self.path(stage, _STARTED)
        return storage.read_json(started)["fingerprint"] if storage.exists(started) else None


def fingerprint(stage: str, settings: Any, inputs: list[str]) -> str:
    """Hash of what determines a stage's output: settings (JSON), inputs' fingerprints, version."""
    content = json.dumps([emailimg.__version__, stage, settings, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def deciding(section: BaseModel) -> dict[str, Any]:
    """The settings of a section that decide what comes out, as plain data."""
    settings = section.model_dump(mode="json")
    return {name: value for name, value in settings.items() if name not in _SCHEDULING}
