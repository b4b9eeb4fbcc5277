"""Which numbers a training computes with, by hardware."""

import pytest
import torch

from emailimg.config import EncoderConfig
from emailimg.train_encoder import precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("capability", "bfloat16", "expected"),
    [
        ((9, 0), True, torch.bfloat16),  # H100
        ((7, 5), False, torch.float16),  # T4
        ((7, 0), False, torch.float16),  # V100
        ((6, 1), False, torch.float32),  # no tensor cores
    ],
)
def test_auto_takes_what_the_gpu_multiplies_fast(
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    bfloat16: bool,
    expected: torch.dtype,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bfloat16)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert precision.choose(EncoderConfig(), GPU) == expected


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_f": True}, torch.float32),
    ],
)
def test_auto_takes_what_the_cpu_multiplies_fast(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert precision.choose(EncoderConfig(), CPU) == expected


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
def test_a_precision_by_name_is_taken_and_only_float16_is_scaled(name: str) -> None:
    settings = EncoderConfig.model_validate({"precision": name})
    product = torch.nn.Linear(2, 2)
    with precision.autocast(settings, CPU):
        assert product(torch.ones(1, 2)).dtype == getattr(torch, name)
    assert precision.gradient_scaler(settings, CPU).is_enabled() == (name == "float16")


def test_the_seed_and_the_threads_are_the_configs() -> None:
    threads = torch.get_num_threads()
    try:
        precision.prepare(EncoderConfig(seed=5, threads_per_worker=1))
        first = torch.rand(3)
        assert torch.get_num_threads() == 1
        precision.prepare(EncoderConfig(seed=5, threads_per_worker=1))
        assert torch.equal(torch.rand(3), first)
    finally:
        torch.set_num_threads(threads)
