"""The curves of a training for TensorBoard: `tensorboard --logdir WORKSPACE/encoder/tensorboard`.

Every epoch is an event file of its own, named by its number, so that one that is trained again
after an interruption takes its own place, and an s3:// folder, where nothing can be appended to,
works as a local one does.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tensorboardX import SummaryWriter
from torch import Tensor

from emailimg import storage

_LOSSES_PER_EPOCH = 50
_TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "training/learning_rate",
    "images_per_s": "training/images_per_s",
    "data_wait_s": "training/data_wait_s",
    "workers": "training/workers",
}


def thinned(losses: Sequence[Tensor]) -> list[tuple[int, float]]:
    """At most 50 (step, loss) of an epoch; reads them from the device in one go."""
    every = max(1, len(losses) // _LOSSES_PER_EPOCH)
    chosen = list(range(every - 1, len(losses), every))
    if not chosen:
        return []
    values = torch.stack([losses[index] for index in chosen]).tolist()
    return [(index + 1, value) for index, value in zip(chosen, values, strict=True)]


def write(
    folder: str, record: dict[str, Any], losses: list[tuple[int, float]], steps_per_epoch: int
) -> None:
    """Write one epoch's event file into the stage's folder, local or s3://.

    record: of the history. losses: (step of the epoch, loss of one worker's batch).
    """
    epoch = record["epoch"]
    with tempfile.TemporaryDirectory() as temporary:
        with SummaryWriter(temporary, write_to_disk=True) as writer:
            for key, value in record.items():
                if key.startswith("validation_accuracy_"):
                    writer.add_scalar(f"accuracy/{key}", value, epoch)
                elif key in _TAGS:
                    writer.add_scalar(_TAGS[key], value, epoch)
            for step, loss in losses:
                total = (epoch - 1) * steps_per_epoch + step
                writer.add_scalar("loss/train_by_step", loss, total)
        [events] = Path(temporary).iterdir()
        # TensorBoard reads a folder's event files in the order of their names.
        name = f"events.out.tfevents.{epoch:010d}.encoder"
        storage.write_bytes(storage.join(folder, "tensorboard", name), events.read_bytes())
