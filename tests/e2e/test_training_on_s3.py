"""A workspace on S3: training writes its checkpoints there, and continues from them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from s3_server import s3_server

from emailimg import encoder, storage

SETTINGS = ("source.showroom_images=64", "encoder.num_workers=1", "encoder.batch_size=32")


@pytest.fixture(scope="module")
def workspace() -> Iterator[str]:
    with s3_server() as bucket:
        yield f"{bucket}/run"


def train(workspace: str, epochs: int) -> str:
    """`emailimg encoder` in a Ray session of its own, which knows the server's address."""
    command = [sys.executable, "-m", "emailimg", "encoder", "--preset", "tiny"]
    command += ["--workspace", workspace, "--address", "local"]
    for assignment in (*SETTINGS, f"encoder.epochs={epochs}"):
        command += ["--set", assignment]
    done = subprocess.run(
        command, env=os.environ.copy(), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_checkpoints_are_on_s3_and_an_interrupted_stage_goes_on_from_them(workspace: str) -> None:
    assert re.search(r"^encoder .* 2 epochs", train(workspace, epochs=2), re.MULTILINE)
    folder = f"{workspace}/encoder"
    files = storage.list_files(folder)
    assert f"{folder}/runs/attempt-0001/epoch-0002/complete.json" in files
    assert len([file for file in files if "/tensorboard/" in file]) == 2
    assert encoder.load(folder).spec.arch == "resnet18"
    history = storage.read_bytes(f"{folder}/history.json")
    # As if the driver had died after the last checkpoint, before the encoder was written.
    for name in ("_stage.json", "encoder.safetensors", "history.json"):
        storage.delete_file(f"{folder}/{name}")
    again = train(workspace, epochs=2)
    assert again.count("there") == 2
    assert storage.read_bytes(f"{folder}/history.json") == history, "an epoch was trained again"
    assert encoder.load(folder).spec.arch == "resnet18"
