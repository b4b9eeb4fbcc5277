"""Stages: skipped when done, redone for another fingerprint or when half-written, resumed."""

from pathlib import Path

import pytest

from emailimg import stages, storage
from emailimg.errors import ConfigError, ResourceError
from emailimg.stages import Workspace


@pytest.fixture(params=["local", "s3"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    if request.param == "local":
        return Workspace(str(tmp_path / "workspace"))
    return Workspace(f"{request.getfixturevalue('bucket')}/{tmp_path.name}")


class Work:
    """Writes a numbered file; fails after it where told to."""

    def __init__(self, *, fail: bool = False) -> None:
        self.runs = 0
        self.fail = fail
        self.found: list[list[str]] = []

    def __call__(self, folder: str) -> str:
        self.runs += 1
        names = [file.removeprefix(f"{folder}/") for file in storage.list_files(folder)]
        self.found.append([name for name in names if not name.startswith("_")])
        storage.write_bytes(storage.join(folder, f"output-{self.runs}"), b"x")
        if self.fail:
            raise RuntimeError("power cut")
        return f"run {self.runs}"


def outputs(workspace: Workspace) -> list[str]:
    files = storage.list_files(workspace.folder("a"))
    names = [file.rsplit("/", 1)[1] for file in files]
    return [name for name in names if not name.startswith("_")]


def test_a_finished_stage_is_skipped(workspace: Workspace) -> None:
    work = Work()
    first = workspace.run("a", "f1", work)
    second = workspace.run("a", "f1", work)
    assert work.runs == 1
    assert (first.skipped, second.skipped) == (False, True)
    assert first.summary == second.summary == "run 1"
    assert first.seconds == second.seconds
    assert workspace.finished("a") == first
    assert workspace.finished("b") is None


def test_a_stage_is_redone_from_nothing_for_another_fingerprint(workspace: Workspace) -> None:
    work = Work()
    workspace.run("a", "f1", work)
    result = workspace.run("a", "f2", work)
    assert work.found == [[], []]
    assert not result.skipped
    assert outputs(workspace) == ["output-2"]
    workspace.run("a", "f1", work)
    assert work.runs == 3, "the first output is gone"


@pytest.mark.parametrize("resume", [False, True])
def test_a_half_written_output_is_not_taken_for_a_whole_one(
    workspace: Workspace, resume: bool
) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        workspace.run("a", "f1", Work(fail=True), resume=resume)
    assert workspace.finished("a") is None
    work = Work()
    workspace.run("a", "f1", work, resume=resume)
    assert work.found == [["output-1"] if resume else []]
    assert workspace.finished("a") is not None


def test_nothing_is_resumed_for_another_fingerprint(workspace: Workspace) -> None:
    with pytest.raises(RuntimeError):
        workspace.run("a", "f1", Work(fail=True), resume=True)
    work = Work()
    workspace.run("a", "f2", work, resume=True)
    assert work.found == [[]]


def test_a_failed_redo_leaves_no_old_marker(workspace: Workspace) -> None:
    workspace.run("a", "f1", Work())
    with pytest.raises(RuntimeError):
        workspace.run("a", "f2", Work(fail=True))
    work = Work()
    assert not workspace.run("a", "f1", work).skipped


def test_an_interrupted_deletion_leaves_no_marker(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the half-deleted output of f1 would be taken for a whole one, on going back to f1."""
    workspace.run("a", "f1", Work())

    def power_cut(location: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storage, "empty_folder", power_cut)
        with pytest.raises(KeyboardInterrupt):
            workspace.run("a", "f2", Work())
    work = Work()
    assert not workspace.run("a", "f1", work).skipped
    assert work.found == [[]]


def test_stages_do_not_touch_each_other(workspace: Workspace) -> None:
    workspace.run("a", "f1", Work())
    workspace.run("b", "f1", Work())
    assert workspace.run("a", "f1", Work()).skipped
    assert workspace.path("a", "x", "y.json") == f"{workspace.folder('a')}/x/y.json"


def test_a_fingerprint_follows_every_part() -> None:
    base = stages.fingerprint("a", {"x": 1, "y": [2]}, ["i"])
    assert base == stages.fingerprint("a", {"y": [2], "x": 1}, ["i"])
    others = [
        stages.fingerprint("b", {"x": 1, "y": [2]}, ["i"]),
        stages.fingerprint("a", {"x": 1, "y": [3]}, ["i"]),
        stages.fingerprint("a", {"x": 1, "y": [2]}, ["j"]),
        stages.fingerprint("a", {"x": 1, "y": [2]}, []),
    ]
    assert len({base, *others}) == 5


def test_a_new_version_redoes_every_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    before = stages.fingerprint("a", {}, [])
    monkeypatch.setattr("emailimg.__version__", "99")
    assert stages.fingerprint("a", {}, []) != before


def test_what_stands_in_the_way_is_found_before_anything_is_deleted(workspace: Workspace) -> None:
    workspace.run("a", "f1", Work())

    def too_small() -> None:
        raise ResourceError("needs 9 CPU")

    with pytest.raises(ResourceError):
        workspace.run("a", "f2", Work(), check=too_small)
    assert outputs(workspace) == ["output-1"]
    assert workspace.run("a", "f1", Work()).skipped


def test_a_folder_of_the_users_own_is_never_emptied(workspace: Workspace) -> None:
    storage.write_bytes(workspace.path("a", "thesis.txt"), b"years of work")
    with pytest.raises(ConfigError, match="holds files that no stage wrote"):
        workspace.run("a", "f1", Work())
    assert outputs(workspace) == ["thesis.txt"]


def test_an_output_that_is_replaced_whole_stays_until_then(workspace: Workspace) -> None:
    workspace.run("a", "f1", Work(), replaces=True)
    again = Work(fail=True)
    with pytest.raises(RuntimeError):
        workspace.run("a", "f2", again, replaces=True)
    assert again.found == [["output-1"]]
    assert workspace.finished("a") is None  # and is not taken for the new one
