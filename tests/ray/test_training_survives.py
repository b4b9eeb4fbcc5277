"""Nothing that is trained is lost: killed workers and drivers, full disks, damaged folders.

What a disturbed training ends with is compared, byte for byte, with an undisturbed one's end.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import ray
from ray_processes import doing

from emailimg import config, encoder, storage, train_encoder
from emailimg.errors import TrainingError
from emailimg.stages import Workspace

EPOCHS = 3
# Small batches, so that an epoch takes long enough to be interrupted.
SETTINGS = (
    f"encoder.epochs={EPOCHS}",
    "encoder.batch_size=8",
    "encoder.optimizer=adamw",
    "encoder.learning_rate=0.001",
)
# Where their number does not matter: a process less to start, and no tasks of Ray Data.
ONE_WORKER = ("encoder.num_workers=1", "encoder.fresh_versions=false")
TIMES = {"seconds", "images_per_s", "data_wait_s", "validation_seconds"}


@pytest.fixture(scope="module")
def inputs(interrupted_run: str) -> tuple[str, str]:
    workspace = Workspace(interrupted_run)
    return workspace.folder("catalogue"), workspace.folder("examples")


@pytest.fixture(scope="module")
def undisturbed(inputs: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nobody interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed")
    train_encoder.build(settings(*SETTINGS), *inputs, str(folder))
    return folder


def settings(*assignments: str) -> config.Config:
    return config.load("tiny", assignments=assignments)


def last_state(folder: Path) -> dict[str, bytes]:
    """Weights, optimiser, schedule and random state after the last epoch."""
    [checkpoint] = folder.glob(f"runs/*/epoch-{EPOCHS:04d}")
    names = ("encoder.safetensors", "state.safetensors", "state.json")
    return {name: (checkpoint / name).read_bytes() for name in names}


def what_was_learnt(folder: Path) -> list[dict[str, object]]:
    """The history without its times."""
    history = storage.read_json(f"{folder}/history.json")
    return [{k: v for k, v in record.items() if k not in TIMES} for record in history]


def assert_same_end(disturbed: Path, undisturbed: Path) -> None:
    assert what_was_learnt(disturbed) == what_was_learnt(undisturbed)
    ends = last_state(disturbed), last_state(undisturbed)
    assert [name for name in ends[1] if ends[0][name] != ends[1][name]] == []
    bests = [(folder / "encoder.safetensors").read_bytes() for folder in (disturbed, undisturbed)]
    assert bests[0] == bests[1]


def in_second_epoch(folder: Path) -> None:
    """Wait until the first epoch's checkpoint is known to Ray Train, and the second runs."""
    deadline = time.monotonic() + 240
    attempt = folder / "runs" / "attempt-0001"
    while not (attempt / "checkpoint_manager_snapshot.json").exists():
        assert time.monotonic() < deadline, "no first epoch"
        time.sleep(0.02)
    assert not (attempt / f"epoch-{EPOCHS:04d}").exists(), "too late to disturb it"


def test_a_killed_worker_is_replaced_and_nothing_changes(
    inputs: tuple[str, str], undisturbed: Path, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_one() -> None:
        in_second_epoch(tmp_path)
        killed.append(doing(b"ray::RayTrainWorker")[-1])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    train_encoder.build(settings(*SETTINGS), *inputs, str(tmp_path))
    killer.join()
    assert len(killed) == 1
    assert_same_end(tmp_path, undisturbed)


def test_a_killed_driver_continues_with_the_same_command(
    interrupted_run: str, undisturbed: Path, tmp_path: Path
) -> None:
    shutil.copytree(interrupted_run, tmp_path / "run", ignore=shutil.ignore_patterns("encoder"))
    folder = tmp_path / "run" / "encoder"
    command = [sys.executable, "-m", "emailimg", "encoder", "--preset", "tiny"]
    command += ["--workspace", str(tmp_path / "run")]
    for assignment in SETTINGS:
        command += ["--set", assignment]
    environment = os.environ | {
        "RAY_ADDRESS": ray.get_runtime_context().gcs_address,
        "RAY_AUTH_MODE": "token",
    }
    driver = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    in_second_epoch(folder)
    driver.kill()
    driver.wait()
    first = (folder / "runs/attempt-0001/epoch-0001/complete.json").stat().st_mtime
    subprocess.run(command, env=environment, check=True, timeout=400)
    [record, *_] = storage.read_json(f"{folder}/history.json")
    assert record["epoch"] == 1
    kept = folder / "runs/attempt-0001/epoch-0001/complete.json"
    assert not kept.exists() or kept.stat().st_mtime == first, "the first epoch was trained again"
    assert_same_end(folder, undisturbed)


@pytest.fixture(scope="module")
def one_epoch(inputs: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training of one epoch, of which tests take copies."""
    folder = tmp_path_factory.mktemp("one-epoch")
    train_encoder.build(settings("encoder.epochs=1", *ONE_WORKER), *inputs, str(folder))
    return folder


def test_a_damaged_folder_of_runs_is_no_obstacle(
    inputs: tuple[str, str], one_epoch: Path, tmp_path: Path
) -> None:
    """A list of Ray's cut off, another's checkpoint gone, an orphan: it goes on from what is whole.

    Each of the three would keep a run of Ray Train that has the attempt's name from starting.
    """
    folder = Path(shutil.copytree(one_epoch, tmp_path / "encoder"))
    first, second = folder / "runs/attempt-0001", folder / "runs/attempt-0002"
    shutil.copytree(first, second)
    shutil.rmtree(second / "epoch-0001")
    snapshot = first / "checkpoint_manager_snapshot.json"
    snapshot.write_bytes(snapshot.read_bytes()[:40])
    orphan = second / "epoch-0007"
    shutil.copytree(first / "epoch-0001", orphan)
    (orphan / "complete.json").unlink()
    before = storage.read_json(f"{folder}/history.json")
    train_encoder.build(settings("encoder.epochs=2", *ONE_WORKER), *inputs, str(folder))
    history = storage.read_json(f"{folder}/history.json")
    assert history[:1] == before, "not trained again"
    assert [record["epoch"] for record in history] == [1, 2]
    assert not orphan.exists()


def test_a_full_disk_and_a_diverged_loss_leave_the_last_good_checkpoint(
    inputs: tuple[str, str], one_epoch: Path, tmp_path: Path
) -> None:
    """Each says what went wrong, and afterwards training goes on as if nothing had happened."""

    def build(*assignments: str) -> None:
        train_encoder.build(settings(*assignments, *ONE_WORKER), *inputs, str(folder))

    folder = Path(shutil.copytree(one_epoch, tmp_path / "encoder"))
    good = storage.read_json(f"{folder}/history.json")
    # Where the weights are written before they are whole.
    full = folder / "runs/attempt-0002/epoch-0002/.encoder.safetensors.partial"
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    with pytest.raises(TrainingError, match="No space left on device") as caught:
        build("encoder.epochs=2", "encoder.max_failures=0")
    assert "the last good checkpoint is that of epoch 1" in str(caught.value)
    full.unlink()

    with pytest.raises(TrainingError, match=r"infinite or NaN in epoch [23], ") as caught:
        build("encoder.epochs=3", "encoder.learning_rate=1e30", "encoder.precision=float32")
    assert "encoder.learning_rate" in str(caught.value)
    assert "the last good checkpoint is that of epoch 1" in str(caught.value)
    assert len(list(folder.glob("runs/*/epoch-*/complete.json"))) == 1
    # Not from a failed run of Ray Train, which would have tried the same again.
    assert caught.value.__cause__ is None

    build("encoder.epochs=2")
    first, second = storage.read_json(f"{folder}/history.json")
    assert [first] == good
    assert second["epoch"] == 2


def test_an_elastic_training_continues_with_fewer_workers(
    inputs: tuple[str, str], tmp_path: Path
) -> None:
    folder = str(tmp_path)
    elastic = ("encoder.min_workers=1", "encoder.schedule=plateau")
    train_encoder.build(settings("encoder.epochs=1", *elastic), *inputs, folder)
    [first] = storage.read_json(f"{folder}/history.json")
    fewer = settings("encoder.epochs=2", "encoder.num_workers=1", "encoder.schedule=plateau")
    train_encoder.build(fewer, *inputs, folder)
    history = storage.read_json(f"{folder}/history.json")
    assert history[0] == first, "not trained again"
    assert [record["epoch"] for record in history] == [1, 2]
    assert [record["workers"] for record in history] == [2, 1]
    assert [record["batch_per_worker"] for record in history] == [32, 64]
    assert list(encoder.load(folder).spec.heads) == ["augmentation_class", "vehicle_type"]
