"""The benchmark of training: plain loops learn, all have the same data, the ratios are right."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from benchmarks import __main__ as command
from benchmarks import machine, plain_training, tables, training, training_data_sets
from benchmarks.job import Job
from benchmarks.measure import Phase
from benchmarks.tables import Pace
from benchmarks.training import Run

from emailimg import taxonomy
from emailimg.config import EncoderConfig
from emailimg.train_encoder import objective

CLASSES = ("original", "brighter")
SIDE = 32


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Training rows whose class is plain to see: dark originals, bright others."""
    folder = tmp_path_factory.mktemp("bench")
    train = folder / "data/workspace/examples/split=train"
    train.mkdir(parents=True)
    pq.write_table(rows(), train / "0.parquet")
    settings = training.settings(arch=None, weights="scratch", epochs=4, gpu=False, threads=1)
    more = ("encoder.batch_size=8", "encoder.learning_rate=0.003")
    made = Job(
        None, 20, str(folder / "output"), "tiny", SIDE, SIDE, 1, str(folder / "data"),
        (*settings, *more),
    )  # fmt: skip
    training_data_sets.write_image_folder(made)
    return made


def rows() -> pa.Table:
    rng = np.random.default_rng(0)
    classes = [CLASSES[number % 2] for number in range(40)]
    pictures = [
        rng.integers(0, 80, (SIDE, SIDE, 3), np.uint8) + (150 if name == "brighter" else 0)
        for name in classes
    ]
    return pa.table(
        {
            "example_id": [f"example-{number}" for number in range(40)],
            "augmentation_class": classes,
            "vehicle_type": [
                None if number % 3 == 2 else ("Coupe", "SUV")[number % 2] for number in range(40)
            ],
            "pixels": pa.array([p.astype(np.uint8).tobytes() for p in pictures], pa.large_binary()),
        }
    )


@pytest.mark.parametrize("loop", [plain_training.tensors, plain_training.image_folder])
def test_the_plain_loops_learn(loop: object, job: Job, tmp_path: Path) -> None:
    assert callable(loop)
    threads = torch.get_num_threads()
    try:
        loop(replace(job, output=str(tmp_path)))
    finally:
        torch.set_num_threads(threads)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [record["epoch"] for record in history] == [1, 2, 3, 4]
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    for record in history:
        assert record["images_per_s"] * record["seconds"] == pytest.approx(40)
        assert 0 <= record["data_wait_s"] <= record["seconds"]


def test_the_image_folder_holds_the_training_rows_with_their_classes(job: Job) -> None:
    files = list(training_data_sets.image_folder(job).rglob("*.jpg"))
    expected = rows().to_pylist()
    named = Counter((file.parent.name, file.stem) for file in files)
    assert named == Counter(
        (f"{row['augmentation_class']}--{row['vehicle_type'] or 'unknown'}", row["example_id"])
        for row in expected
    )
    for file in files:
        bright = cv2.imread(str(file)).mean() > 120
        assert bright == file.parent.name.startswith("brighter")


def test_tensors_hold_the_same_rows(job: Job) -> None:
    spec = training_data_sets.spec(job, "resnet18")
    assert spec.heads["augmentation_class"] == taxonomy.AUGMENTATION_CLASSES
    assert set(spec.heads["vehicle_type"]) == {"SUV", "Coupe"}
    pixels, targets = training_data_sets.tensors(job, spec)
    assert pixels.shape == (40, SIDE, SIDE, 3)
    bright = pixels.float().mean((1, 2, 3)) > 120
    brighter = targets["augmentation_class"] == taxonomy.AUGMENTATION_CLASSES.index("brighter")
    assert torch.equal(bright, brighter)
    assert (targets["vehicle_type"] == -1).sum() == 13


def test_its_loss_is_the_stages() -> None:
    torch.manual_seed(0)
    logits = {"augmentation_class": torch.randn(6, 3), "vehicle_type": torch.randn(6, 2)}
    targets = {
        "augmentation_class": torch.tensor([0, 1, 2, 0, 1, 2]),
        "vehicle_type": torch.tensor([0, 1, -1, 0, -1, 1]),
    }
    settings = EncoderConfig(label_smoothing=0.1, vehicle_type_weight=1.5)
    ours = objective.loss(settings, logits, targets, settings.label_smoothing)
    assert plain_training.loss_of(settings, logits, targets) == pytest.approx(float(ours))


def run_of(*images_per_s: float, images: int = 100) -> Run:
    history = [
        {"epoch": number, "images_per_s": pace, "seconds": images / pace, "data_wait_s": 0.1,
         "precision": "float32"}
        for number, pace in enumerate(images_per_s, start=1)
    ]  # fmt: skip
    return Run({"work": Phase(9.0, 1.0, 1)}, history)


def test_the_pace_is_that_of_the_epochs_after_the_first() -> None:
    run = run_of(1, 100, 50)
    assert run.images == 100
    assert run.images_per_s == pytest.approx(200 / 3)
    assert run.waited == pytest.approx(0.2 / 3)


def test_shares_of_the_ceiling_are_of_each_round() -> None:
    ours = Pace("ours", [90, 40], [5, 5], [0.1, 0.3])
    ceiling = Pace("ceiling", [100, 50], [4, 4], [0, 0])
    assert ours.times(ceiling) == [0.9, 0.8]
    table = tables.training([ours, ceiling], ceiling)
    line = next(line for line in table.splitlines() if "| ours" in line)
    assert "0.850 (0.800 to 0.900)" in line
    assert "20.0% (10.0% to 30.0%)" in line
    assert ours.hours(324_000) == [1.0, 2.25]


@pytest.mark.parametrize(
    ("cores", "names"),
    [
        (1, {"ray_train", "tensors", "image_folder", "ray_train_fresh"}),
        (2, {"ray_train", "tensors", "image_folder", "ray_train_fresh"}
         | {"ray_train_one_thread", "ray_train_two"}),
    ],
)  # fmt: skip
def test_two_workers_take_part_where_the_cores_are_there(
    job: Job, cores: int, names: set[str]
) -> None:
    assert set(training.contenders(job, cores)) == names


def test_other_work_is_no_comparison(job: Job) -> None:
    same = {name: [run_of(5, 10, images=40)] for name in ("tensors", "ray_train", "image_folder")}
    training.check_same_work(job, same)
    with pytest.raises(SystemExit, match="ray_train trained on 32 images, not on 40"):
        training.check_same_work(job, same | {"ray_train": [run_of(5, 10, images=32)]})


def test_without_a_gpu_that_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "gpus", lambda: [])
    with pytest.raises(SystemExit, match="torch finds no GPU on this machine"):
        training.refuse_without_gpu()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--arch", "resnet34"], "--arch is for --training"),
        (["--gpu"], "--gpu is for --training"),
        (["--trials", "3"], "--trials is for --search"),
        (["--training", "--epochs", "1"], "at least 2"),
        (["--training", "--showroom", "5"], "not allowed with"),
    ],
)
def test_options_without_an_effect_are_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command._parse(arguments)
    assert words in capsys.readouterr().err
