"""The yardsticks of training: plain PyTorch loops, without Ray, on the network that we train.

`tensors` is the ceiling: every training image is in memory before the first step (on a GPU, in the
GPU's), so a step costs what the network costs. `image_folder` is what people write: torchvision's
ImageFolder with ToTensor and Normalize behind a DataLoader with worker processes.

Both run the step of our encoder stage (forward, loss of both heads, backward; the stage's
optimiser, precision, threads and batch size) and nothing beside it: no accuracy, no learning rate
schedule, no validation, no checkpoint.

Output: history.json with the keys of the stage's own.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms

from emailimg import encoder_weights
from emailimg.config import EncoderConfig
from emailimg.encoder import Encoder
from emailimg.train_encoder import optimisation, precision

from . import training_data_sets
from .contenders import ray_config
from .job import Job

Batch = tuple[Tensor, dict[str, Tensor]]  # pixels, {head: int64 (N,)}, on the device

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class _OnNormalised(Encoder):
    """The same network behind transforms that have normalised: float32 (N, 3, S, S)."""

    def features(self, pixels: Tensor) -> Tensor:
        return self.backbone(pixels)


def tensors(job: Job) -> None:
    """Train on tensors in memory, in a new order every epoch."""
    settings, device = _prepare(job)
    spec = training_data_sets.spec(job, settings.arch)
    pixels, targets = training_data_sets.tensors(job, spec)
    pixels, targets = pixels.to(device), {head: t.to(device) for head, t in targets.items()}

    def batches() -> Iterator[Batch]:
        order = torch.randperm(len(pixels), device=device)
        for rows in order.split(settings.batch_size):
            if len(rows) == settings.batch_size:
                yield pixels[rows], {head: values[rows] for head, values in targets.items()}

    _train(job, settings, encoder_weights.create(spec, settings.weights).to(device), batches)


def image_folder(job: Job) -> None:
    """Train on files, decoded by worker processes."""
    settings, device = _prepare(job)
    spec = training_data_sets.spec(job, settings.arch)
    to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(_MEAN, _STD)])
    folder = training_data_sets.image_folder(job)
    data = torchvision.datasets.ImageFolder(str(folder), transform=to_tensor)
    of_class = training_data_sets.targets_of_classes(spec, data.classes)
    of_class = {head: values.to(device) for head, values in of_class.items()}
    loader = DataLoader(
        data,
        batch_size=settings.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=job.workers,
        pin_memory=settings.use_gpu,
        persistent_workers=True,  # they start in the first epoch, which does not count
    )

    def batches() -> Iterator[Batch]:
        for pixels, classes in loader:
            pixels = pixels.to(device, non_blocking=True)
            classes = classes.to(device, non_blocking=True)
            yield pixels, {head: values[classes] for head, values in of_class.items()}

    model = _OnNormalised(spec)
    model.load_state_dict(encoder_weights.create(spec, settings.weights).state_dict())
    _train(job, settings, model.to(device), batches)


def _prepare(job: Job) -> tuple[EncoderConfig, torch.device]:
    settings = ray_config(job).encoder
    precision.prepare(settings)
    return settings, torch.device("cuda" if settings.use_gpu else "cpu")


def _train(
    job: Job, settings: EncoderConfig, model: Encoder, batches: Callable[[], Iterator[Batch]]
) -> None:
    """All epochs; the history is what our stage keeps of its own."""
    device = model.mean.device
    if settings.compile:
        model.compile()
    optimizer = optimisation.optimizer(settings, model)
    scaler = precision.gradient_scaler(settings, device)
    in_words = str(precision.choose(settings, device)).removeprefix("torch.")
    history = []
    for epoch in range(1, settings.epochs + 1):
        record = _train_epoch(settings, model, optimizer, scaler, batches())
        history.append({"epoch": epoch, "precision": in_words} | record)
    Path(job.output, "history.json").write_text(json.dumps(history))


def _train_epoch(
    settings: EncoderConfig,
    model: Encoder,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    batches: Iterator[Batch],
) -> dict[str, float]:
    model.train()
    losses: list[Tensor] = []
    started, waited_s = time.monotonic(), 0.0
    while True:
        asked = time.monotonic()
        batch = next(batches, None)
        waited_s += time.monotonic() - asked
        if batch is None:
            break
        losses.append(_step(settings, model, optimizer, scaler, *batch))
    # Reading the loss waits until a GPU has done what it was asked for.
    mean_loss = torch.stack(losses).mean().item()
    seconds = time.monotonic() - started
    return {
        "train_loss": mean_loss,
        "seconds": seconds,
        "images_per_s": len(losses) * settings.batch_size / seconds,
        "data_wait_s": waited_s,
    }


def _step(
    settings: EncoderConfig,
    model: Encoder,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    pixels: Tensor,
    targets: dict[str, Tensor],
) -> Tensor:
    """One batch forward and backward; its loss, which may not be computed yet on a GPU."""
    optimizer.zero_grad(set_to_none=True)
    with precision.autocast(settings, pixels.device):
        logits = model(pixels)
    loss = loss_of(settings, logits, targets)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    return loss.detach()


def loss_of(
    settings: EncoderConfig, logits: dict[str, Tensor], targets: dict[str, Tensor]
) -> Tensor:
    """Cross-entropy of the augmentation class, and of the vehicle type by its weight."""
    weights = {"augmentation_class": 1.0, "vehicle_type": settings.vehicle_type_weight}
    smoothing = settings.label_smoothing
    losses = [
        weights[head]
        * nn.functional.cross_entropy(
            logits[head].float(), truth, ignore_index=-1, label_smoothing=smoothing
        )
        for head, truth in targets.items()
    ]
    return torch.stack(losses).sum()
