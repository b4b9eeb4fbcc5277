"""How many images make a step and how many steps an epoch; batches made ahead."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from emailimg import config, fresh_versions
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import EmailimgError
from emailimg.train_encoder import batches
from emailimg.train_encoder.batches import TrainingData


def data(examples: int, workers: int | None = None, **settings: Any) -> TrainingData:
    assignments = [f"encoder.{name}={value}" for name, value in settings.items()]
    chosen = config.load("tiny", assignments=["encoder.num_workers=2", *assignments])
    return TrainingData(chosen, EncoderSpec("resnet18", 32, {}), "", "", examples, workers)


@pytest.mark.parametrize(
    ("examples", "settings", "workers", "batch", "step", "steps"),
    [
        (200, {"batch_size": 64, "fresh_versions": False}, None, 32, 64, 3),
        (200, {"batch_size": 64, "fresh_versions": True}, None, 32, 64, 3),
        (201, {"batch_size": 10, "fresh_versions": False}, None, 5, 10, 20),
        # Two versions of a source image stay in one batch: an odd share is rounded down.
        (200, {"batch_size": 10, "fresh_versions": True}, None, 4, 8, 25),
        # Four pictures of each of the 100 source images.
        (200, {"batch_size": 64, "fresh_copies": 3}, None, 32, 64, 6),
        # An elastic run keeps the batch over all workers, as far as it can be divided.
        (200, {"batch_size": 64, "fresh_versions": False}, 1, 64, 64, 3),
        (200, {"batch_size": 64, "fresh_versions": False}, 3, 21, 63, 3),
    ],
)
def test_steps_and_batches_add_up(
    examples: int, settings: dict[str, Any], workers: int | None, batch: int, step: int, steps: int
) -> None:
    planned = data(examples, workers, **settings)
    assert planned.batch_per_worker == batch
    assert planned.images_per_step == step
    assert planned.steps_per_epoch == steps


def test_too_few_examples_for_a_batch_are_refused() -> None:
    with pytest.raises(EmailimgError, match=r"63 training examples do not fill .* = 64"):
        _ = data(63, batch_size=64, fresh_versions=False).steps_per_epoch


def test_no_two_epochs_share_a_version_nor_any_a_written_one() -> None:
    chosen = config.load("tiny", assignments=["augment.copies=2", "encoder.fresh_copies=3"])
    written = [0, 1, 2]
    first, second = (fresh_versions.numbers(chosen, epoch) for epoch in (1, 2))
    assert first[0] == second[0] == 0, "the original is in every epoch"
    drawn = [*first[1:], *second[1:]]
    assert len(set(drawn)) == len(drawn) == 6
    assert not set(drawn) & set(written)


def test_batches_made_ahead_come_in_order_and_stop() -> None:
    assert list(batches._made_ahead(iter(range(20)))) == list(range(20))  # type: ignore[arg-type]


def test_an_error_in_making_a_batch_is_raised_where_it_is_taken() -> None:
    def make() -> Iterator[Any]:
        yield 1
        raise ValueError("damaged")

    ahead = batches._made_ahead(make())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(ahead)


def test_nobody_waits_for_ever_when_no_more_batches_are_wanted() -> None:
    before = set(threading.enumerate())
    ahead = batches._made_ahead(iter(range(100)))  # type: ignore[arg-type]
    next(ahead)
    ahead.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()
