"""The fast forward pass: the eager one's numbers, whatever the network, the batch or the CPU."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from pictures import picture
from torch import nn

from emailimg import encoder, fast_encoder, images
from emailimg.config import Precision
from emailimg.embed import Embedder
from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec

ARCHITECTURES = ("resnet18", "resnet34", "resnet50")
HEADS = {"augmentation_class": ("a", "b", "c"), "vehicle_type": ("x", "y")}
BFLOAT16 = pytest.mark.skipif(
    not fast_encoder.has_bfloat16(), reason="this CPU has no bfloat16 instructions"
)


def encoder_of(arch: str, side_px: int) -> Encoder:
    """Random weights, and normalisations that differ from channel to channel as trained ones do."""
    torch.manual_seed(4)
    model = Encoder(EncoderSpec(arch, side_px, HEADS)).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return model


def squares(count: int, side_px: int) -> np.ndarray:
    values = np.random.default_rng(count).integers(0, 256, (count, side_px, side_px, 3), np.uint8)
    values[0] = images.to_model_pixels(picture(), side_px)
    return values


@torch.inference_mode()
def eager(model: Encoder, pixels: np.ndarray) -> np.ndarray:
    return model.features(torch.from_numpy(pixels)).numpy()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """More of them would wait for each other where other tests use the cores as well."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(("count", "side_px"), [(1, 32), (5, 65), (1, 224)])
def test_pooled_features_equal_the_eager_ones(arch: str, count: int, side_px: int) -> None:
    model, pixels = encoder_of(arch, side_px), squares(count, side_px)
    expected = eager(model, pixels)
    embedder = Embedder(model, "pooled")
    assert embedder._features != model.features, "the eager pass was not replaced"
    found, _ = embedder.embed_pixels(pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())
    again, _ = embedder.embed_pixels(pixels)  # nothing that was added to in place is kept
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_logits_and_the_classes_seen_equal_the_eager_ones(arch: str) -> None:
    model, pixels = encoder_of(arch, 64), squares(9, 64)
    with torch.inference_mode():
        expected = model(torch.from_numpy(pixels))
    look = Embedder(model, "logits").look(pixels)
    together = torch.cat(list(expected.values()), dim=1).numpy()
    np.testing.assert_allclose(look.embeddings, together, rtol=1e-4, atol=1e-4)
    assert look.seen == encoder.classes_seen(model.spec, expected)
    np.testing.assert_allclose(look.pooled, eager(model, pixels), rtol=1e-4, atol=1e-4)


def test_an_image_has_the_same_features_in_any_company() -> None:
    embedder = Embedder(encoder_of("resnet18", 64), "pooled")
    pixels = squares(27, 64)
    together, _ = embedder.embed_pixels(pixels)
    for start, end in ((0, 1), (1, 3), (3, 10), (10, 27)):
        alone, _ = embedder.embed_pixels(pixels[start:end])
        np.testing.assert_allclose(alone, together[start:end], rtol=1e-4, atol=1e-5)


def test_where_the_operators_are_missing_or_wrong_the_eager_pass_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, pixels = encoder_of("resnet18", 32), squares(2, 32)
    monkeypatch.setattr(fast_encoder, "_NEEDED", ("_no_such_operator",))
    assert fast_encoder.features(model) == model.features
    monkeypatch.undo()
    monkeypatch.setattr(fast_encoder._Features, "__call__", lambda _, x: torch.zeros(len(x), 512))
    embedder = Embedder(model, "pooled")
    assert "using eager ones" in caplog.text
    np.testing.assert_array_equal(embedder.embed_pixels(pixels)[0], eager(model, pixels))


def test_the_model_is_left_as_it_was_and_explains_itself() -> None:
    model, pixels = encoder_of("resnet18", 64), squares(1, 64)
    before, direction = eager(model, pixels), np.ones(512, np.float32)
    embedder = Embedder(model, "logits")
    embedder.look(pixels)
    np.testing.assert_array_equal(eager(model, pixels), before)
    assert embedder.heat_map(pixels[0], direction, 48, 64).shape == (48, 64)
    assert embedder.class_direction("vehicle_type", "y").shape == (512,)


@BFLOAT16
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_bfloat16_is_near_and_does_not_depend_on_company(arch: str) -> None:
    model, pixels = encoder_of(arch, 64), squares(3, 64)
    expected = eager(model, pixels)
    embedder = Embedder(model, "pooled", precision="bfloat16")
    found, _ = embedder.embed_pixels(pixels)
    assert found.dtype == np.float32
    assert 1e-5 < np.abs(found - expected).max() / expected.max() < 0.05
    alone = np.concatenate([embedder.embed_pixels(pixels[i : i + 1])[0] for i in range(3)])
    np.testing.assert_allclose(alone, found, atol=0.02 * expected.max())


def test_a_cpu_without_bfloat16_uses_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    model, pixels = encoder_of("resnet18", 32), squares(3, 32)
    found, _ = Embedder(model, "pooled", precision="bfloat16").embed_pixels(pixels)
    np.testing.assert_allclose(found, eager(model, pixels), rtol=1e-4, atol=1e-4)


_COUNT_THREADS = """
import os, sys
import numpy as np
from emailimg import encoder
from emailimg.embed import Embedder
embedder = Embedder(encoder.load(sys.argv[1]), "logits", threads=int(sys.argv[2]))
pixels = np.zeros((8, 64, 64, 3), np.uint8)
before = len(os.listdir("/proc/self/task"))
for _ in range(20):
    embedder.look(pixels)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads in /proc")
def test_one_thread_is_one_thread(tmp_path: Path) -> None:
    """No pool is started behind torch's back: none of the passes adds a thread."""
    encoder.save(encoder_of("resnet18", 64), str(tmp_path))
    command = [sys.executable, "-c", _COUNT_THREADS, str(tmp_path), "1"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(result.stdout) == 0


@BFLOAT16
def test_bfloat16_names_the_classes_that_float32_names() -> None:
    """Of a small encoder that was trained: no more than one answer in a thousand differs."""
    model, pixels, classes = trained_on_colours()
    found = {
        precision: Embedder(model, "logits", precision=precision).look(pixels).seen["colour"]
        for precision in get_args(Precision)
    }
    right = {name: np.mean(np.array(seen) == classes) for name, seen in found.items()}
    assert right["float32"] > 0.9
    assert abs(right["bfloat16"] - right["float32"]) <= 0.001


def trained_on_colours() -> tuple[Encoder, np.ndarray, np.ndarray]:
    """An encoder of which channel is the brightest, and 1,000 squares it has not seen."""
    torch.manual_seed(0)
    names = ("red", "green", "blue")
    model = Encoder(EncoderSpec("resnet18", 32, {"colour": names}))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for seed in range(25):
        pixels, channel = _tinted(64, seed)
        loss = nn.functional.cross_entropy(model(pixels)["colour"], channel)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pixels, channel = _tinted(1000, 1_000_000)
    return model.eval(), pixels.numpy(), np.array(names)[channel.numpy()]


def _tinted(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 200, (count, 32, 32, 3), generator=generator)
    channel = torch.randint(0, 3, (count,), generator=generator)
    pixels[torch.arange(count), :, :, channel] += 40
    return pixels.to(torch.uint8), channel
