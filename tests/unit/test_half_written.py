"""What is cut off in the middle on S3 is never taken for whole, and is no obstacle afterwards."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from bundle_factory import bundle_config
from s3_server import BUCKET

from emailimg import bundle, storage
from emailimg.errors import BundleError
from emailimg.stages import Workspace

_WRITER = """
import os, signal, sys
from emailimg import storage
fs, path = storage.filesystem(sys.argv[1])
stream = fs.open_output_stream(path)
stream.write(b"new" * 4_000_000)  # more than a part of an upload, which is sent meanwhile
stream.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


class PowerCutError(Exception):
    """Not an OSError, which code may handle."""


class Writes:
    """Cuts the power at the write of a certain number, from 1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.last = 0, 10**9
        self._write = storage.write_bytes
        monkeypatch.setattr(storage, "write_bytes", self)

    def __call__(self, location: str, data: bytes) -> None:
        self.count += 1
        if self.count >= self.last:
            raise PowerCutError
        self._write(location, data)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    return Writes(monkeypatch)


@pytest.fixture
def build(bundle_location: str, tmp_path: Path) -> Callable[[str], str]:
    """Writes a bundle to a folder, of the parts that the factory left beside its own."""
    source = Path(bundle_location).parent
    small = tmp_path / "encoder"  # the loopback server takes long over 45 MB
    shutil.copytree(source / "encoder", small, ignore=shutil.ignore_patterns("*.safetensors"))
    (small / "encoder.safetensors").write_bytes(b"{}")

    def work(folder: str) -> str:
        return bundle.build(
            bundle_config(),
            catalogue_folder=str(source / "catalogue"),
            embeddings_folder=str(source / "embeddings"),
            encoder_folder=str(small),
            classifiers_folder=str(source / "boosters"),
            metrics={},
            folder=folder,
        )

    return work


def test_a_bundle_is_none_until_its_last_write_and_is_made_again_by_the_same_command(
    bucket: str, build: Callable[[str], str], writes: Writes
) -> None:
    workspace = Workspace(f"{bucket}/cut")
    workspace.run("bundle", "f0", build, replaces=True)
    whole = bundle.load(workspace.folder("bundle"))
    needed = writes.count
    assert needed > 7
    # The first says what is begun, the last two that the bundle and the stage are whole.
    for last in (2, 3, needed // 2, needed - 1, needed):
        writes.count, writes.last = 0, last
        with pytest.raises(PowerCutError):
            workspace.run("bundle", f"f{last}", build, replaces=True)
        assert workspace.finished("bundle") is None
        if last < needed:
            with pytest.raises(BundleError, match="half-written"):
                bundle.load(workspace.folder("bundle"))
    writes.last = 10**9
    workspace.run("bundle", "f0", build, replaces=True)
    assert bundle.load(workspace.folder("bundle")).checksums == whole.checksums


def test_a_deletion_that_was_cut_off_goes_on(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the folder is still known for a stage's, not for a user's own files."""
    workspace = Workspace(f"{bucket}/deleting")

    def work(folder: str) -> str:
        for name in ("one/1", "two/2", "three"):
            storage.write_bytes(storage.join(folder, name), b"x")
        return "done"

    workspace.run("a", "f1", work)
    kept = storage.read_bytes(workspace.path("a", "two", "2"))
    with monkeypatch.context() as patch:
        patch.setattr(storage, "empty_folder", _cut_off_after_the_first)
        with pytest.raises(PowerCutError):
            workspace.run("a", "f2", work)
    assert storage.read_bytes(workspace.path("a", "two", "2")) == kept
    assert not storage.exists(workspace.path("a", "one", "1"))
    workspace.run("a", "f2", lambda _: "nothing")
    names = [file.rpartition("/")[2] for file in storage.list_files(workspace.folder("a"))]
    assert names == ["_stage.json", "_started.json"]


def _cut_off_after_the_first(folder: str) -> None:
    storage.delete_folder(f"{folder}/one")
    raise PowerCutError


def test_an_upload_of_a_killed_process_is_no_object(bucket: str) -> None:
    for name, before in (("new", None), ("old", b"as it was")):
        location = f"{bucket}/killed/{name}"
        if before is not None:
            storage.write_bytes(location, before)
        done = subprocess.run([sys.executable, "-c", _WRITER, location], check=False)
        assert done.returncode == -9
        assert storage.exists(location) == (before is not None)
        assert before is None or storage.read_bytes(location) == before
    begun = boto3.client("s3").list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert len(begun) == 2, "it had begun"
