"""Numbers and hardware: mixed precision, threads, and whether a GPU repeats itself."""

from contextlib import AbstractContextManager
from typing import Any

import cv2
import torch

from emailimg import fast_encoder
from emailimg.config import EncoderConfig

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TENSOR_CORES_OF_FLOAT16 = (7, 0)  # CUDA's compute capability of V100; T4 has 7.5


def prepare(settings: EncoderConfig) -> None:
    """Set this worker process up: threads, seed, and the GPU's arithmetic."""
    torch.set_num_threads(settings.threads_per_worker)
    cv2.setNumThreads(1)  # its threads would fight the ones of torch
    torch.manual_seed(settings.seed)
    torch.backends.cudnn.deterministic = settings.deterministic
    torch.backends.cudnn.benchmark = not settings.deterministic
    if choose(settings, torch.device("cuda" if settings.use_gpu else "cpu")) != torch.float32:
        # What is left in float32 may use the tensor cores as well.
        torch.set_float32_matmul_precision("high")


def choose(settings: EncoderConfig, device: torch.device) -> torch.dtype:
    """The dtype that `encoder.precision` means on this hardware."""
    if settings.precision != "auto":
        return _DTYPES[settings.precision]
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.bfloat16
        capable = torch.cuda.get_device_capability(device) >= _TENSOR_CORES_OF_FLOAT16
        return torch.float16 if capable else torch.float32
    # On CPUs with bfloat16 instructions an epoch takes three fifths of the time.
    return torch.bfloat16 if fast_encoder.has_bfloat16() else torch.float32


def autocast(settings: EncoderConfig, device: torch.device) -> AbstractContextManager[Any]:
    """The forward pass in the chosen dtype."""
    dtype = choose(settings, device)
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def gradient_scaler(settings: EncoderConfig, device: torch.device) -> torch.amp.GradScaler:
    """Keeps small gradients above zero in float16; does nothing in other dtypes."""
    scales = choose(settings, device) == torch.float16
    return torch.amp.GradScaler(device.type, enabled=scales)
