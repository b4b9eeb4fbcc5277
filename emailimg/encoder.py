"""The encoder: a torchvision ResNet with one linear head per attribute.

Normalisation is part of the model, so that training and serving hand it the same uint8 pixels.
Weights travel as safetensors beside a JSON description; nothing is unpickled.
"""

from typing import Any

import numpy as np
import torch
import torchvision
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from emailimg import storage, taxonomy
from emailimg.encoder_spec import SPEC_FILE, EncoderSpec
from emailimg.errors import BundleError

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_WEIGHTS_FILE = "encoder.safetensors"


class Encoder(nn.Module):
    """uint8 (N, S, S, 3) RGB -> logits per attribute, {head: float32 (N, K)}."""

    mean: Tensor
    std: Tensor

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = torchvision.models.get_model(spec.arch, weights=None)
        width = self.backbone.fc.in_features
        self.backbone.fc = nn.Identity()
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, len(classes)) for name, classes in spec.heads.items()}
        )
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1) * 255)
        self.to(memory_format=torch.channels_last)  # a fifth faster on CPUs

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (N, S, S, 3) -> what the backbone takes, float32 (N, 3, S, S)."""
        # A permuted NHWC tensor already is channels_last.
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std

    def features(self, pixels: Tensor) -> Tensor:
        """uint8 (N, S, S, 3) -> pooled features, float32 (N, 512) or (N, 2048)."""
        return self.backbone(self.normalise(pixels))

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.features(pixels)
        return {name: head(features) for name, head in self.heads.items()}


def save(encoder: Encoder, folder: str) -> None:
    """Write weights and description to a folder, local or s3://."""
    for name, data in files(encoder).items():
        storage.write_bytes(storage.join(folder, name), data)


def files(encoder: Encoder) -> dict[str, bytes]:
    """What `save` writes: the content of each file by its name."""
    state = {name: value.contiguous() for name, value in encoder.state_dict().items()}
    return {
        _WEIGHTS_FILE: safetensors_torch.save(state),
        SPEC_FILE: encoder.spec.to_json().encode(),
    }


def load(folder: str) -> Encoder:
    """Read what `save` wrote, in evaluation mode; raises BundleError when the parts do not fit."""
    try:
        spec = EncoderSpec.from_json(storage.read_bytes(storage.join(folder, SPEC_FILE)))
        state = safetensors_torch.load(storage.read_bytes(storage.join(folder, _WEIGHTS_FILE)))
    except FileNotFoundError as error:
        raise BundleError(f"no encoder in {folder!r}: {error}") from None
    except SafetensorError as error:
        raise BundleError(f"the encoder's weights in {folder!r} are damaged: {error}") from None
    encoder = Encoder(spec)
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise BundleError(f"encoder in {folder!r} does not fit its description: {error}") from None
    return encoder.eval()


def attribute_targets(spec: EncoderSpec, columns: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """Class names per attribute -> int64 (N,) indices, -1 where the class is unknown.

    Of a multi-label head, lists of names -> float32 (N, K), 1 where a class holds.
    """
    targets: dict[str, np.ndarray] = {}
    for head, classes in spec.heads.items():
        if head in spec.multi_label:
            held = [[name in names for name in classes] for names in columns[head]]
            targets[head] = np.array(held, dtype=np.float32).reshape(-1, len(classes))
            continue
        index = {name: position for position, name in enumerate(classes)}
        targets[head] = np.array([index.get(name, -1) for name in columns[head]], dtype=np.int64)
    return targets


def classes_seen(spec: EncoderSpec, logits: dict[str, Tensor]) -> dict[str, list[str]]:
    """Per attribute the N most likely classes; of a multi-label head every class that is likely.

    Several are joined as `versions.title` joins them; none of them is `original`.
    """
    seen: dict[str, list[str]] = {}
    for head, values in logits.items():
        classes = spec.heads[head]
        if head in spec.multi_label:
            chosen = ([c for c, yes in zip(classes, row, strict=True) if yes] for row in values > 0)
            seen[head] = [" + ".join(names) or taxonomy.ORIGINAL for names in chosen]
        else:
            seen[head] = [classes[i] for i in values.argmax(1).tolist()]
    return seen
