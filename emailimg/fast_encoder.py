"""The encoder's forward pass as a CPU runs it fastest: the same numbers, up to rounding.

PyTorch's eager convolutions bring their weights into oneDNN's layout at every call, which of a
single small picture takes longer than the convolution; batch normalisation, addition and ReLU then
pass over the activations again. Here the layout is made once, the normalisation is folded into the
weights, and the rest happens inside the convolution. The operators are those that torch.compile
puts into its programs; called by themselves they need no C++ compiler and no time to compile.

They are not documented, so what they compute is compared with the eager pass once, when the
forward pass is made; where a build of PyTorch lacks them, or they disagree, the eager pass stays.
"""

import logging
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval
from torchvision.models.resnet import BasicBlock, Bottleneck

from emailimg.encoder import Encoder

Features = Callable[[Tensor], Tensor]

_OPERATORS = torch.ops.mkldnn
_NEEDED = ("_reorder_convolution_weight", "_convolution_pointwise", "_convolution_pointwise_")
# Of the largest feature: float32 is off by some 1e-6, bfloat16 by 1e-2, a wrong layout by 1.
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.1}


def features(model: Encoder, dtype: torch.dtype = torch.float32) -> Features:
    """The fastest way to `model.features` on this CPU; takes uint8 (N, S, S, 3), gives (N, F).

    dtype: of the convolutions, float32 or bfloat16. Holds copies of the weights, as they are now.
    """
    if not _available():
        return model.features
    fast = _Features(model, dtype)
    if _agrees(fast, model, dtype):
        return fast
    logging.getLogger(__name__).warning("oneDNN's fused convolutions differ; using eager ones")
    return model.features


def has_bfloat16() -> bool:
    """Whether this CPU has instructions for it; without them it is no gain."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class _Features:
    """uint8 (N, S, S, 3) -> pooled features, float32 (N, F)."""

    def __init__(self, model: Encoder, dtype: torch.dtype) -> None:
        backbone = model.backbone
        self._normalise = model.normalise
        self._dtype = dtype
        self._first = _Convolution(backbone.conv1, backbone.bn1, dtype)
        self._pool = backbone.maxpool
        layers = (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4)
        self._blocks = [_Block(block, dtype) for layer in layers for block in layer]

    def __call__(self, pixels: Tensor) -> Tensor:
        x = self._pool(self._first(self._normalise(pixels).to(self._dtype), "relu"))
        for block in self._blocks:
            x = block(x)
        return x.float().mean(dim=(2, 3))


class _Block:
    """A residual block of torchvision's; adds to what it is given, in place where it can."""

    def __init__(self, block: BasicBlock | Bottleneck, dtype: torch.dtype) -> None:
        count = 3 if isinstance(block, Bottleneck) else 2
        names = [(f"conv{number}", f"bn{number}") for number in range(1, count + 1)]
        parts = [(getattr(block, conv), getattr(block, norm)) for conv, norm in names]
        *self._inner, self._last = [_Convolution(*part, dtype) for part in parts]
        downsample = cast("nn.Sequential | None", block.downsample)
        self._shortcut = _Convolution(downsample[0], downsample[1], dtype) if downsample else None

    def __call__(self, x: Tensor) -> Tensor:
        onto = self._shortcut(x, "none") if self._shortcut else x
        for convolution in self._inner:
            x = convolution(x, "relu")
        return self._last.add(x, onto)


class _Convolution:
    """A convolution with the batch normalisation that follows it, in oneDNN's layout."""

    def __init__(self, conv: Any, norm: Any, dtype: torch.dtype) -> None:
        folded = fuse_conv_bn_eval(conv, norm)
        weight, self._bias = folded.weight.detach().to(dtype), folded.bias.detach().to(dtype)
        steps = (folded.padding, folded.stride, folded.dilation)
        self._geometry = (*(list(each) for each in steps), folded.groups)
        self._weight = _OPERATORS._reorder_convolution_weight(
            weight.contiguous(memory_format=torch.channels_last), *self._geometry
        )

    def __call__(self, x: Tensor, then: str) -> Tensor:
        """Then `relu`, or `none`."""
        given = (x, self._weight, self._bias, *self._geometry)
        result: Tensor = _OPERATORS._convolution_pointwise(*given, then, [], None)
        return result

    def add(self, x: Tensor, onto: Tensor) -> Tensor:
        """ReLU of the convolution's output plus `onto`, which it is written to."""
        given = (onto, x, self._weight, self._bias, *self._geometry)
        result: Tensor = _OPERATORS._convolution_pointwise_.binary(
            *given, "add", 1.0, "relu", [], None
        )
        return result


def _available() -> bool:
    built = torch.backends.mkldnn.is_available()
    return built and all(hasattr(_OPERATORS, name) for name in _NEEDED)


@torch.inference_mode()
def _agrees(fast: Features, model: Encoder, dtype: torch.dtype) -> bool:
    side = model.spec.model_size_px
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8, generator=generator)
    expected = model.features(pixels)
    worst = (fast(pixels) - expected).abs().max()
    return bool(worst <= _TOLERANCE[dtype] * expected.abs().max())
