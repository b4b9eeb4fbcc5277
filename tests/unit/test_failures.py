"""What stopped a training, in words: real errors, wrapped as Ray wraps them."""

import errno
import os

import pytest
import ray.exceptions
import ray.train
import torch

from emailimg.config import EncoderConfig
from emailimg.errors import ConfigError, TrainingError
from emailimg.train_encoder import failures

SETTINGS = EncoderConfig(batch_size=48, num_workers=2, max_failures=1)


def out_of_memory() -> BaseException:
    try:
        torch.empty(10**15)
    except RuntimeError as error:
        return error
    raise AssertionError("a petabyte")


def wrapped(error: Exception) -> Exception:
    return ray.train.WorkerGroupError("a worker failed", {1: error})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (out_of_memory(), ["out of memory", "encoder.batch_size (now 48 over 2 workers)"]),
        (MemoryError(), ["out of memory"]),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), ["images.model_size_px"]),
        (ray.exceptions.OutOfMemoryError("killed"), ["out of memory"]),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), ["no space is left", "make room"]),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), ["no space is left"]),
        (ray.exceptions.ActorDiedError(), ["encoder.max_failures = 1"]),
        (ConfigError("encoder.weights do not fit"), ["encoder.weights do not fit"]),
    ],
)
def test_it_names_the_cause_and_what_helps(error: Exception, words: list[str]) -> None:
    for one in (error, wrapped(error), ray.train.ControllerError(error)):
        message = failures.in_words(one, SETTINGS)
        assert message is not None
        for text in words:
            assert text in str(message)


def test_a_users_error_keeps_its_kind() -> None:
    assert isinstance(failures.in_words(wrapped(ConfigError("x")), SETTINGS), ConfigError)
    assert isinstance(failures.in_words(wrapped(MemoryError()), SETTINGS), TrainingError)


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), RuntimeError("size mismatch")])
def test_a_bug_is_left_as_it_is(error: Exception) -> None:
    assert failures.in_words(wrapped(error), SETTINGS) is None
