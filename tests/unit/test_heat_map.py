"""Heat maps: of an encoder that sees red and nothing else, they lie where the picture is red."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from pictures import picture

from emailimg import heat_map, images
from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec

BLOCKS = ("layer1", "layer2", "layer3", "layer4")
TOWARDS_RED = np.eye(1, 512, dtype=np.float32)[0]


def sees_red(side_px: int) -> Encoder:
    """The first channel of every block is how red the picture is there; all others are 0."""
    model = Encoder(EncoderSpec("resnet18", side_px, {"colour": ("red", "other")})).eval()
    with torch.no_grad():
        for weight in model.backbone.parameters():
            if weight.ndim == 4:
                weight.zero_()
        tent = torch.tensor([0.25, 0.5, 0.25])
        for block in BLOCKS[1:]:  # the others pass on what they get
            model.backbone.get_parameter(f"{block}.0.conv1.weight")[0, 0] = torch.outer(tent, tent)
            model.backbone.get_parameter(f"{block}.0.conv2.weight")[0, 0, 1, 1] = 1
        first = model.backbone.get_parameter("conv1.weight")
        first[0] = torch.tensor([1.0, -0.5, -0.5]).view(3, 1, 1) / 49
        model.backbone.get_parameter("bn1.bias")[0] = -0.1  # neither grey nor the padding is red
    return model


def red_in_a_corner(height: int, width: int, corner: str) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture with one quarter red, and where that is, bool (H, W)."""
    red = np.zeros((height, width), bool)
    rows = slice(0, height // 2) if "top" in corner else slice(height // 2, height)
    columns = slice(0, width // 2) if "left" in corner else slice(width // 2, width)
    red[rows, columns] = True
    pixels = np.full((height, width, 3), 110, np.uint8)
    pixels[red] = (250, 20, 20)
    return pixels, red


def heat_of(model: Encoder, pixels: np.ndarray, block: str, size: tuple[int, int]) -> np.ndarray:
    side = model.spec.model_size_px
    square = images.to_model_pixels(pixels, side)
    evidence = heat_map.evidence(model, square, TOWARDS_RED, block)
    return heat_map.on_picture(evidence, block, side, *size)


@pytest.mark.parametrize("corner", ["top left", "top right", "bottom left", "bottom right"])
@pytest.mark.parametrize("size", [(240, 240), (120, 300), (300, 120), (90, 100)])
@pytest.mark.parametrize(("side_px", "block"), [(224, "layer4"), (112, "layer3"), (64, "layer2")])
def test_it_is_hot_where_the_evidence_is(
    corner: str, size: tuple[int, int], side_px: int, block: str
) -> None:
    pixels, red = red_in_a_corner(*size, corner)
    heat = heat_of(sees_red(side_px), pixels, block, size)
    assert heat.shape == size
    assert heat.dtype == np.float32
    assert heat.max() == 1
    assert heat[red].mean() > 2 * heat[~red].mean()
    # Halves that meet where the colours do: the map is not shifted by more than half a cell.
    centre = np.array([np.average(axis, weights=heat) for axis in np.indices(size)])
    expected = np.array([axis[red].mean() for axis in np.indices(size)])
    assert (np.abs(centre - expected) < 0.15 * max(size)).all()


def test_it_has_the_size_that_is_asked_for() -> None:
    pixels, _ = red_in_a_corner(60, 80, "top left")
    model = sees_red(64)
    small, large = (heat_of(model, pixels, "layer3", size) for size in ((60, 80), (600, 800)))
    shrunk = large.reshape(60, 10, 80, 10).mean(axis=(1, 3))
    assert np.abs(shrunk - small).max() < 0.05


@pytest.mark.parametrize(
    ("side_px", "block"),
    [
        (20, "layer1"),
        (32, "layer1"),
        (64, "layer2"),
        (96, "layer2"),
        (97, "layer3"),
        (224, "layer4"),
    ],
)
def test_the_block_is_the_deepest_with_seven_cells(side_px: int, block: str) -> None:
    assert heat_map.block_of(side_px) == block


@pytest.mark.parametrize("block", BLOCKS)
def test_cells_are_centred_on_multiples_of_the_stride(block: str) -> None:
    """What a cell depends on, found by its gradient in a net of random weights."""
    torch.manual_seed(0)
    model = Encoder(EncoderSpec("resnet18", 320, {"h": ("a", "b")})).eval()
    before, _ = heat_map._split(model, block)
    pixels = torch.rand(1, 3, 320, 320, requires_grad=True)
    cell = 160 // heat_map._STRIDES[block]
    [gradient] = torch.autograd.grad(before(pixels)[0, :, cell, cell].sum(), pixels)
    weights = gradient.abs().sum(dim=(0, 1)).numpy()
    centre = [np.average(axis, weights=weights) for axis in np.indices((320, 320))]
    assert np.abs(np.array(centre) - 160).max() < 2


def test_at_the_last_block_it_is_the_class_activation_map() -> None:
    """Zhou et al. 2016: activations weighted by the class's weights in the head."""
    torch.manual_seed(1)
    model = Encoder(EncoderSpec("resnet18", 96, {"h": ("a", "b")})).eval()
    square = images.to_model_pixels(picture(80, 120), 96)
    weights = model.get_parameter("heads.h.weight").detach()
    before, _ = heat_map._split(model, "layer4")
    with torch.no_grad():
        activations = before(model.normalise(torch.from_numpy(square)[None]))[0]
    seen = []
    for direction in (weights[0], -weights[0]):  # which of the two speaks for it is chance
        expected = torch.relu(torch.einsum("c,chw->hw", direction, activations)) / 9
        found = heat_map.evidence(model, square, direction.numpy(), "layer4")
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-6)
        seen.append(found.max())
    assert max(seen) > 0


def test_no_evidence_is_no_heat() -> None:
    grey = np.full((60, 90, 3), 110, np.uint8)
    heat = heat_of(sees_red(64), grey, "layer3", (60, 90))
    assert heat.shape == (60, 90)
    assert not heat.any()


def test_evidence_in_the_padding_is_left_out() -> None:
    evidence = np.zeros((7, 7), np.float32)
    evidence[0] = 5  # above a landscape picture
    evidence[3, 6] = 1
    heat = heat_map.on_picture(evidence, "layer4", 224, 50, 200)
    assert heat.max() == 1
    assert np.unravel_index(heat.argmax(), heat.shape)[1] > 150


def test_the_model_is_left_as_it_was() -> None:
    torch.manual_seed(2)
    model = Encoder(EncoderSpec("resnet18", 64, {"h": ("a", "b")})).eval()
    square = images.to_model_pixels(picture(), 64)
    pixels = torch.from_numpy(square)[None]
    with torch.inference_mode():
        before = model.features(pixels)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    heat_map.evidence(model, square, TOWARDS_RED, "layer3")
    assert all(not m._forward_hooks and not m._backward_hooks for m in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not model.training
    with torch.inference_mode():
        assert torch.equal(model.features(pixels), before)


def test_threads_do_not_disturb_each_other() -> None:
    torch.manual_seed(3)
    model = Encoder(EncoderSpec("resnet18", 64, {"h": ("a", "b")})).eval()
    squares = [images.to_model_pixels(picture(seed=seed), 64) for seed in range(6)]

    def explain(square: np.ndarray) -> np.ndarray:
        return heat_map.evidence(model, square, TOWARDS_RED, "layer3")

    alone = [explain(square) for square in squares]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(explain, squares * 3))
    for expected, found in zip(alone * 3, together, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
