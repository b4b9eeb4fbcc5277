"""Checkpoints of a training: each is whole or does not count.

    runs/attempt-0002/epoch-0003/   encoder.safetensors, encoder.json   the model
                                    state.safetensors, state.json       optimiser, schedule, RNG
                                    history.json                        every epoch so far
                                    complete.json                       sizes and checksums, last

Ray Train gets to know them too, but its own list is not relied on to continue: it is written in
place, so a crash can truncate it and then no later run of that name starts; a folder that somebody
deleted has the same effect; and a checkpoint that was written just before a worker died is not in
it. Instead every attempt is a Ray Train run with a name of its own, and training continues from
the newest checkpoint of any attempt that is whole.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from ray.train import Checkpoint as RayCheckpoint
from safetensors import torch as safetensors_torch
from torch import Tensor
from torch.optim import Optimizer

from emailimg import encoder, storage
from emailimg.encoder import Encoder
from emailimg.train_encoder import optimisation
from emailimg.train_encoder.optimisation import Schedule

History = list[dict[str, Any]]

_COMPLETE = "complete.json"
_TENSORS = "state.safetensors"
_VALUES = "state.json"
_HISTORY = "history.json"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint. score: mean validation accuracy of the heads, in [0, 1]."""

    location: str
    epoch: int
    score: float

    @property
    def for_ray(self) -> RayCheckpoint:
        fs, path = storage.filesystem(self.location)
        return RayCheckpoint(path, fs)


@dataclass(frozen=True)
class Training:
    """Everything that changes while a model is trained, besides its history."""

    model: Encoder
    optimizer: Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler


def next_attempt(runs: str) -> str:
    """A name that no attempt in the folder has yet."""
    names = [file[len(runs) :].strip("/").partition("/")[0] for file in storage.list_files(runs)]
    numbers = [int(name.removeprefix("attempt-")) for name in names if name.startswith("attempt-")]
    return f"attempt-{max(numbers, default=0) + 1:04d}"


def write(
    runs: str, attempt: str, training: Training, history: History, score: float
) -> Checkpoint:
    """Write the state after the history's last epoch; raises OSError when there is no room."""
    epoch = history[-1]["epoch"]
    location = storage.join(runs, attempt, f"epoch-{epoch:04d}")
    files = encoder.files(training.model) | _state_files(training)
    files[_HISTORY] = json.dumps(history).encode()
    for name, data in files.items():
        storage.write_bytes(storage.join(location, name), data)
    listed = {name: {"bytes": len(data), "sha256": _sha256(data)} for name, data in files.items()}
    complete = {"epoch": epoch, "score": score, "files": listed}
    storage.write_json(storage.join(location, _COMPLETE), complete)
    return Checkpoint(location, epoch, score)


def load(location: str, training: Training) -> History:
    """Put the state of a checkpoint into the model, optimiser and schedule; returns the history."""
    history = read_history(location)
    training.model.load_state_dict(encoder.load(location).state_dict())
    tensors = safetensors_torch.load(storage.read_bytes(storage.join(location, _TENSORS)))
    values = storage.read_json(storage.join(location, _VALUES))
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, number, *name = key.split(".", 2)
        if kind == "optimizer":
            state.setdefault(int(number), {})[name[0]] = tensor
    optimisation.restore(training.optimizer, {"state": state, "param_groups": values["groups"]})
    training.schedule.load_state_dict(values["schedule"], len(history))
    training.scaler.load_state_dict(values["scaler"])
    torch.set_rng_state(tensors["rng.cpu"])
    if "rng.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["rng.cuda"])
    return history


def read_history(location: str) -> History:
    return storage.read_json(storage.join(location, _HISTORY))


def newest(runs: str) -> Checkpoint | None:
    """The checkpoint with the most epochs whose every byte is as it was written."""
    return _first_intact(runs, lambda checkpoint: (checkpoint.epoch, checkpoint.location))


def best(runs: str) -> Checkpoint | None:
    """The one with the highest score, the earlier of equals, whose every byte is as written."""
    return _first_intact(runs, lambda checkpoint: (checkpoint.score, -checkpoint.epoch))


def sweep(runs: str) -> list[str]:
    """Delete what no training continues from: all but the newest and the best checkpoint.

    That is half-written checkpoints, damaged ones, those of which Ray Train has lost sight, and
    what Ray Train keeps of attempts that left nothing. Not while a training runs. Returns the
    folders deleted.
    """
    kept = {found.location for found in (newest(runs), best(runs)) if found is not None}
    folders = {file.rpartition("/")[0] for file in storage.list_files(runs)}
    attempts = {storage.join(runs, folder[len(runs) + 1 :].partition("/")[0]) for folder in folders}
    attempts.discard(storage.join(runs, ""))
    gone = [a for a in attempts if not any(one.startswith(f"{a}/") for one in kept)]
    orphans = [f for f in folders if f.rpartition("/")[2].startswith("epoch-") and f not in kept]
    gone += [f for f in orphans if f.rpartition("/")[0] not in gone]
    for folder in gone:
        storage.delete_folder(folder)
    return sorted(gone)


def _first_intact(runs: str, rank: Callable[[Checkpoint], Any]) -> Checkpoint | None:
    found = sorted(_whole(runs), key=rank, reverse=True)
    return next((checkpoint for checkpoint in found if _is_intact(checkpoint)), None)


def _whole(runs: str) -> list[Checkpoint]:
    """Those that have been written to the end."""
    found = []
    for file in storage.list_files(runs, f"/{_COMPLETE}"):
        location = file.rpartition("/")[0]
        complete = _read_complete(location)
        if complete is not None:
            found.append(Checkpoint(location, complete["epoch"], complete["score"]))
    return found


def _read_complete(location: str) -> dict[str, Any] | None:
    try:
        return storage.read_json(storage.join(location, _COMPLETE))
    except (OSError, ValueError):  # deleted in the meantime, or cut off
        return None


def _is_intact(checkpoint: Checkpoint) -> bool:
    complete = _read_complete(checkpoint.location)
    if complete is None:
        return False
    try:
        return all(
            _sha256(storage.read_bytes(storage.join(checkpoint.location, name))) == file["sha256"]
            for name, file in complete["files"].items()
        )
    except OSError:
        return False


def _state_files(training: Training) -> dict[str, bytes]:
    state = training.optimizer.state_dict()
    tensors = {
        f"optimizer.{number}.{name}": value.contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
        if value is not None  # SGD without momentum has no buffer
    }
    tensors["rng.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["rng.cuda"] = torch.cuda.get_rng_state()
    values = {
        "groups": state["param_groups"],
        "schedule": training.schedule.state_dict(),
        "scaler": training.scaler.state_dict(),
    }
    return {_TENSORS: safetensors_torch.save(tensors), _VALUES: json.dumps(values).encode()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
