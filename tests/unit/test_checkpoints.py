"""Checkpoints: all of the state comes back, and only what is whole counts."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from emailimg import storage
from emailimg.config import EncoderConfig
from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec
from emailimg.train_encoder import checkpoints, optimisation
from emailimg.train_encoder.checkpoints import Checkpoint, Training

SPEC = EncoderSpec("resnet18", 32, {"augmentation_class": ("a", "b", "c")})
STEPS = 2


@dataclass
class Run:
    """A training of a few steps on noise, without Ray."""

    settings: EncoderConfig
    training: Training
    seed: int = 0

    def step(self) -> None:
        model, optimizer = self.training.model, self.training.optimizer
        pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            model(pixels)["augmentation_class"], torch.tensor([0, 2])
        )
        loss.backward()
        optimizer.step()
        self.training.schedule.after_step()

    def epoch(self, accuracy: float = 0.5) -> None:
        for _ in range(STEPS):
            self.step()
        self.training.schedule.after_epoch(accuracy)

    def weights(self) -> dict[str, torch.Tensor]:
        return {name: value.clone() for name, value in self.training.model.state_dict().items()}


def begin(**settings: object) -> Run:
    config = EncoderConfig.model_validate({"epochs": 4, "learning_rate": 0.01} | settings)
    torch.manual_seed(3)
    model = Encoder(SPEC)
    optimizer = optimisation.optimizer(config, model)
    schedule = optimisation.Schedule(config, optimizer, STEPS)
    scaler = torch.amp.GradScaler("cpu", enabled=config.precision == "float16")
    return Run(config, Training(model, optimizer, schedule, scaler))


def history(epochs: int) -> checkpoints.History:
    return [{"epoch": number} for number in range(1, epochs + 1)]


@pytest.fixture
def runs(base: str) -> str:
    return f"{base}/runs"


@pytest.fixture(scope="module")
def run() -> Run:
    return begin()


def write(run: Run, runs: str, epoch: int, score: float, attempt: str = "attempt-0001") -> str:
    return checkpoints.write(runs, attempt, run.training, history(epoch), score).location


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "schedule": "plateau", "patience_epochs": 0},
        {"optimizer": "sgd", "momentum": 0.0},
        {"optimizer": "adamw", "schedule": "cosine"},
        {"optimizer": "adamw", "precision": "float16"},
    ],
)
def test_a_continued_training_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    undisturbed = begin(**settings)
    undisturbed.epoch(0.5)
    undisturbed.epoch(0.4)  # lowers the rate of `plateau`
    location = write(undisturbed, str(tmp_path), 2, 0.5)
    undisturbed.epoch()
    continued = begin(**settings)
    continued.step()  # whatever state it had before
    assert checkpoints.load(location, continued.training) == history(2)
    continued.epoch()
    for name, value in undisturbed.weights().items():
        assert torch.equal(value, continued.weights()[name]), name
    rates = [one.training.schedule.learning_rate for one in (undisturbed, continued)]
    assert rates[0] == rates[1] > 0


def test_the_state_keeps_the_memory_layout_of_the_weights(tmp_path: Path) -> None:
    first = begin(optimizer="adamw")
    first.epoch()
    second = begin(optimizer="adamw")
    checkpoints.load(write(first, str(tmp_path), 1, 0.5), second.training)
    for weights, values in second.training.optimizer.state.items():
        assert values["exp_avg"].stride() == weights.stride()


def test_nothing_in_a_checkpoint_is_a_pickle(run: Run, tmp_path: Path) -> None:
    folder = Path(write(run, str(tmp_path), 1, 0.5))
    assert {file.suffix for file in folder.iterdir()} == {".safetensors", ".json"}
    for file in folder.glob("*.json"):
        json.loads(file.read_text())


def test_the_newest_and_the_best_are_found_among_all_attempts(run: Run, runs: str) -> None:
    assert checkpoints.newest(runs) is None
    assert checkpoints.best(runs) is None
    best = write(run, runs, 1, 0.9)
    write(run, runs, 2, 0.7)
    newest = write(run, runs, 3, 0.8, attempt="attempt-0002")
    assert checkpoints.newest(runs) == Checkpoint(newest, 3, 0.8)
    assert checkpoints.best(runs) == Checkpoint(best, 1, 0.9)
    assert checkpoints.next_attempt(runs) == "attempt-0003"


def test_of_equal_scores_the_earlier_epoch_is_the_best(run: Run, tmp_path: Path) -> None:
    runs = str(tmp_path)
    first = write(run, runs, 1, 0.8)
    write(run, runs, 2, 0.8)
    found = checkpoints.best(runs)
    assert found is not None
    assert found.location == first


@pytest.mark.parametrize("damage", ["unfinished", "truncated", "flipped", "missing", "all"])
def test_a_damaged_checkpoint_does_not_count(run: Run, tmp_path: Path, damage: str) -> None:
    runs = str(tmp_path)
    good = write(run, runs, 1, 0.5)
    newest = write(run, runs, 2, 0.9)
    weights = f"{newest}/encoder.safetensors"
    content = storage.read_bytes(weights)
    if damage == "unfinished":
        storage.delete_file(f"{newest}/complete.json")
    elif damage == "truncated":
        storage.write_bytes(weights, content[: len(content) // 2])
    elif damage == "flipped":
        storage.write_bytes(weights, content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "missing":
        storage.delete_file(weights)
    else:
        storage.delete_folder(newest)
    for found in (checkpoints.newest(runs), checkpoints.best(runs)):
        assert found is not None
        assert found.location == good


def test_a_list_of_files_that_was_cut_off_does_not_count(run: Run, tmp_path: Path) -> None:
    runs = str(tmp_path)
    good = write(run, runs, 1, 0.5)
    newest = write(run, runs, 2, 0.9)
    storage.write_bytes(f"{newest}/complete.json", b'{"epoch": 2, "sco')
    found = checkpoints.newest(runs)
    assert found is not None
    assert found.location == good


def test_sweeping_leaves_the_newest_and_the_best(run: Run, runs: str) -> None:
    best = write(run, runs, 1, 0.9)
    forgotten = write(run, runs, 2, 0.3)
    unfinished = write(run, runs, 3, 0.95)
    storage.delete_file(f"{unfinished}/complete.json")
    newest = write(run, runs, 3, 0.8, attempt="attempt-0002")
    storage.write_bytes(f"{runs}/attempt-0003/checkpoint_manager_snapshot.json", b"{")
    gone = checkpoints.sweep(runs)
    assert gone == sorted([forgotten, unfinished, f"{runs}/attempt-0003"])
    left = {file.rpartition("/")[0] for file in storage.list_files(runs)}
    assert left == {best, newest}
    assert checkpoints.sweep(runs) == []


def test_a_full_disk_is_an_error_and_leaves_the_one_before(run: Run, tmp_path: Path) -> None:
    runs = str(tmp_path / "runs")
    good = write(run, runs, 1, 0.5)
    full = tmp_path / "runs/attempt-0001/epoch-0002/.state.safetensors.partial"
    full.parent.mkdir()
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write(run, runs, 2, 0.9)
    found = checkpoints.newest(runs)
    assert found is not None
    assert found.location == good
