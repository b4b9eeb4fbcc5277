"""The event files, read back as TensorBoard reads them."""

import struct
from collections.abc import Iterator

import torch
from tensorboardX.proto.event_pb2 import Event

from emailimg import storage
from emailimg.train_encoder import curves

RECORD = {
    "epoch": 3,
    "train_loss": 0.75,
    "validation_loss": 0.5,
    "train_accuracy": 0.8,
    "validation_accuracy": 0.9,
    "validation_accuracy_vehicle_type": 0.7,
    "learning_rate": 0.01,
    "images_per_s": 210.0,
    "precision": "bfloat16",
}


def events(data: bytes) -> Iterator[Event]:
    """Records of: length, checksum of that, content, checksum of that."""
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from("<Q", data, position)
        yield Event.FromString(data[position + 12 : position + 12 + length])
        position += 16 + length


def scalars(file: str) -> dict[tuple[str, int], float]:
    return {
        (value.tag, event.step): value.simple_value
        for event in events(storage.read_bytes(file))
        for value in event.summary.value
    }


def test_an_epoch_is_a_file_of_its_own_with_its_scalars(base: str) -> None:
    curves.write(base, RECORD, [(10, 2.0), (20, 1.0)], steps_per_epoch=20)
    [file] = storage.list_files(base)
    assert "tfevents" in file
    found = scalars(file)
    assert found["loss/train", 3] == 0.75
    assert found["accuracy/validation", 3] == torch.tensor(0.9).item()
    assert found["accuracy/validation_accuracy_vehicle_type", 3] == torch.tensor(0.7).item()
    assert found["loss/train_by_step", 50] == 2.0
    assert found["loss/train_by_step", 60] == 1.0


def test_an_epoch_that_is_trained_again_takes_its_own_place(base: str) -> None:
    for loss in (0.75, 0.25):
        curves.write(base, RECORD | {"train_loss": loss}, [], steps_per_epoch=20)
    curves.write(base, RECORD | {"epoch": 12}, [], steps_per_epoch=20)
    files = storage.list_files(base)
    assert [next(iter(scalars(file)))[1] for file in files] == [3, 12]
    assert scalars(files[0])["loss/train", 3] == 0.25


def test_many_steps_are_thinned_to_the_last_of_each_stretch() -> None:
    losses = [torch.tensor(float(step)) for step in range(1, 1001)]
    thinned = curves.thinned(losses)
    assert len(thinned) == 50
    assert thinned[0] == (20, 20.0)
    assert thinned[-1] == (1000, 1000.0)
    assert curves.thinned(losses[:2]) == [(1, 1.0), (2, 2.0)]
    assert curves.thinned([]) == []
