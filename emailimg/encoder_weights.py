"""Where an encoder's weights come from at the start: scratch, ImageNet, or a file.

Nothing is unpickled: safetensors, or torch's own format restricted to plain tensors.
"""

import io
from pickle import UnpicklingError
from urllib.error import URLError

import torch
import torchvision
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch
from torch import Tensor
from torchvision.models import WeightsEnum

from emailimg import storage
from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import ConfigError

_FILES = (".safetensors", ".pth", ".pt")


def create(spec: EncoderSpec, weights: str) -> Encoder:
    """An encoder to fine-tune; its heads are always new.

    weights: `scratch`; `imagenet`, torchvision's best, or one of its names (`IMAGENET1K_V1`); or a
    local or s3:// file of one of our encoders or of a bare torchvision ResNet.
    Raises ConfigError when they cannot be had or do not fit.
    """
    encoder = Encoder(spec)
    if weights != "scratch":
        state = {k: v for k, v in _state(spec.arch, weights).items() if not k.startswith("fc.")}
        try:
            encoder.backbone.load_state_dict(state)
        except RuntimeError as error:
            raise ConfigError(
                f"encoder.weights {weights!r} do not fit {spec.arch}: {error}"
            ) from None
    return encoder


def check(arch: str, weights: str) -> None:
    """Raise ConfigError when `create` would."""
    if weights != "scratch":
        create(EncoderSpec(arch, 32, {}), weights)


def _state(arch: str, weights: str) -> dict[str, Tensor]:
    if weights.endswith(_FILES):
        return _from_file(weights)
    return _from_torchvision(_member(arch, weights))


def _member(arch: str, name: str) -> WeightsEnum:
    """torchvision's description of pretrained weights, e.g. `ResNet34_Weights.IMAGENET1K_V1`."""
    known = torchvision.models.get_model_weights(arch)
    if name == "imagenet":
        return known.DEFAULT
    member = known.__members__.get(name.removeprefix(f"{known.__name__}."))
    if member is None:
        raise ConfigError(
            f"encoder.weights {name!r} is unknown for {arch}; accepted: `scratch`, `imagenet`, "
            f"{', '.join(known.__members__)}, or a local or s3:// file ({', '.join(_FILES)})"
        )
    return member


def _from_torchvision(weights: WeightsEnum) -> dict[str, Tensor]:
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:  # RuntimeError: another checksum
        raise ConfigError(
            f"ImageNet weights {weights} cannot be downloaded ({error}); choose encoder.weights: "
            "`imagenet` on a machine with a network (or with the file in torch's cache), "
            "a local or s3:// .safetensors or .pth file, or `scratch`"
        ) from None


def _from_file(location: str) -> dict[str, Tensor]:
    """A state dict from .safetensors or from torchvision's .pth."""
    if not storage.exists(location):
        raise ConfigError(
            f"encoder.weights {location!r} does not exist; accepted: `imagenet`, `scratch`, or a "
            "local or s3:// .safetensors or .pth file"
        )
    data = storage.read_bytes(location)
    try:
        if location.endswith(".safetensors"):
            state = safetensors_torch.load(data)
        else:
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"encoder.weights {location!r} cannot be read: {reason}") from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ConfigError(f"encoder.weights {location!r} hold something else than a state dict")
    prefix = "backbone."  # our own encoders are accepted as a start as well
    if any(name.startswith(prefix) for name in state):
        return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    return state
