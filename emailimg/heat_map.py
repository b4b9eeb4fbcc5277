"""Where in a picture the encoder sees its evidence: Grad-CAM, or LayerCAM of small pictures.

Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual explanations from deep networks via
gradient-based localization") takes the activations of the last block and sums their channels, each
weighted by the mean gradient of a class's logit; what speaks against the class is cut off. Behind
that block there are only an average and a linear layer, so this is the class activation map of
Zhou et al. 2016.

Of a square of 64 pixels the last block has 2 x 2 cells, which say nothing about where: painting
over what is hot lowers the logit no more than painting over anything else. There an earlier block
is taken, and each cell weighted by its own gradient, where that is positive (Jiang et al. 2021,
"LayerCAM: Exploring hierarchical class activation maps for localization"); mean gradients mislead
in earlier blocks.

The gradient is taken from the block's output on, for one picture, and returned: nothing is hooked
into the model and nothing is kept in it, so that several threads may ask the same model.
"""

import numpy as np
import torch
from torch import Tensor, nn

from emailimg import images
from emailimg.encoder import Encoder

# Pixels of the model's square from one cell of a block's output to the next. Cell i is centred on
# pixel i * stride: a convolution that skips pixels starts with the first.
_STRIDES = {"layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
_LAST = "layer4"
# As many as the last block has at ResNet's usual 224 pixels.
_FEWEST_CELLS = 7


def block_of(side_px: int) -> str:
    """The deepest block with at least seven cells a side: the last one at 224, `layer2` at 64."""
    fine = [name for name, stride in _STRIDES.items() if -(-side_px // stride) >= _FEWEST_CELLS]
    return fine[-1] if fine else next(iter(_STRIDES))


def evidence(model: Encoder, square: np.ndarray, direction: np.ndarray, block: str) -> np.ndarray:
    """Evidence per cell of a block's output, float32 (G, G), 0 or more.

    square: uint8 (S, S, 3), as `images.to_model_pixels` makes it; direction: float32 (F,), how the
    pooled features add up to what is explained, such as the weights of a class's logit.
    """
    before, after = _split(model, block)
    pixels = torch.from_numpy(np.ascontiguousarray(square))[None].to(model.mean.device)
    towards = torch.from_numpy(np.asarray(direction, np.float32)).to(model.mean.device)
    with torch.no_grad():
        activations = before(model.normalise(pixels))
    with torch.enable_grad():
        activations.requires_grad_()
        [gradient] = torch.autograd.grad((after(activations) @ towards).sum(), activations)
    last = block == _LAST
    weights = gradient.mean(dim=(2, 3), keepdim=True) if last else torch.relu(gradient)
    found: Tensor = torch.relu((weights * activations.detach()).sum(dim=1))[0]
    return found.float().cpu().numpy()


def on_picture(
    evidence: np.ndarray, block: str, side_px: int, height: int, width: int
) -> np.ndarray:
    """Evidence per cell -> float32 (height, width) in [0, 1], over the picture that it is of.

    The padding around the picture in the model's square (of `side_px`) is left out; the highest
    value upon the picture becomes 1, and all stay 0 where there is no evidence.
    """
    places = images.place_in_square(height, width, side_px)
    cells = len(evidence)
    rows, columns = (
        _interpolation(place, pixels, cells, _STRIDES[block])
        for place, pixels in zip(places, (height, width), strict=True)
    )
    values = rows @ evidence.astype(np.float32) @ columns.T
    highest = float(values.max())
    return np.clip(values / highest, 0, 1) if highest > 0 else np.zeros_like(values)


def _split(model: Encoder, block: str) -> tuple[nn.Module, nn.Module]:
    """The backbone up to and with a block, and from there to the pooled features."""
    parts = dict(model.backbone.named_children())
    names = list(parts)
    end = names.index(block) + 1
    before = nn.Sequential(*(parts[name] for name in names[:end]))
    # As in torchvision's own `forward`: flattened between the average and the last layer.
    after = [parts[name] for name in names[end:-1]]
    return before, nn.Sequential(*after, nn.Flatten(), parts[names[-1]])


def _interpolation(place: slice, pixels: int, cells: int, stride: int) -> np.ndarray:
    """Weights of the cells for each pixel along one side of a picture, float32 (pixels, cells)."""
    scale = (place.stop - place.start) / pixels
    in_square = place.start + (np.arange(pixels) + 0.5) * scale - 0.5
    position = np.clip(in_square / stride, 0, cells - 1)[:, None]
    return np.maximum(0, 1 - np.abs(position - np.arange(cells))).astype(np.float32)
