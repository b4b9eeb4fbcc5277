"""What stopped a training, in a user's words."""

import errno

import ray.exceptions
import torch

from emailimg.config import EncoderConfig
from emailimg.errors import EmailimgError, TrainingError, parts_of

_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")


def in_words(error: BaseException, settings: EncoderConfig) -> EmailimgError | None:
    """The error to show instead of this one; None where the error itself says the most.

    Looks into what Ray wraps around an error of a worker or of its controller.
    """
    parts = list(parts_of(error))
    known = next((part for part in parts if isinstance(part, EmailimgError)), None)
    if known is not None:
        return known
    messages = (_message(part, settings) for part in parts)
    found = next((message for message in messages if message is not None), None)
    return None if found is None else TrainingError(found)


def loss_is_not_finite(epoch: int, step: int, settings: EncoderConfig) -> str:
    """What to say of a training that has gone astray."""
    return (
        f"the loss became infinite or NaN in epoch {epoch}, by step {step}: training has diverged; "
        f"lower encoder.learning_rate (now {settings.learning_rate:g}), raise "
        "encoder.warmup_share, or set encoder.precision=float32"
    )


def _message(error: BaseException, settings: EncoderConfig) -> str | None:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space is left where the checkpoints are written ({error.strerror}); make room and "
            "give the same command again"
        )
    if _is_out_of_memory(error):
        return (
            "a worker ran out of memory; lower encoder.batch_size (now "
            f"{settings.batch_size} over {settings.num_workers} workers) or images.model_size_px, "
            "or take more or larger machines"
        )
    if isinstance(error, ray.exceptions.RayActorError):
        return (
            "a worker process ended and was replaced encoder.max_failures = "
            f"{settings.max_failures} times; Ray says: {str(error).partition(chr(10))[0]}"
        )
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError, ray.exceptions.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _NO_MEMORY)
