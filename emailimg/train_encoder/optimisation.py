"""The optimiser and its learning rate: the report's recipe, and the faster one beside it."""

import math
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from emailimg.config import EncoderConfig


def optimizer(settings: EncoderConfig, model: nn.Module) -> Optimizer:
    """SGD or AdamW over all weights, fused."""
    # One kernel for all weights: on two cores a step takes a fifth less.
    common: dict[str, Any] = {
        "lr": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "fused": True,
    }
    if settings.optimizer == "adamw":
        return AdamW(model.parameters(), **common)
    momentum = settings.momentum
    return SGD(model.parameters(), momentum=momentum, nesterov=momentum > 0, **common)


class Schedule:
    """The learning rate over time, by step (`cosine`) or by validation accuracy (`plateau`)."""

    def __init__(self, settings: EncoderConfig, optimizer: Optimizer, steps_per_epoch: int) -> None:
        self._settings = settings
        self._optimizer = optimizer
        self._steps_per_epoch = steps_per_epoch
        self._scheduler = self._begin()

    @property
    def learning_rate(self) -> float:
        return self._optimizer.param_groups[0]["lr"]

    def after_step(self) -> None:
        if isinstance(self._scheduler, LambdaLR):
            self._scheduler.step()

    def after_epoch(self, accuracy: float) -> None:
        """accuracy: on the validation rows, in [0, 1]."""
        if isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step(accuracy)

    def state_dict(self) -> dict[str, Any]:
        return self._scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any], epochs_done: int) -> None:
        """Continue after so many epochs, with as many steps an epoch as there are now."""
        self._scheduler.load_state_dict(state)
        if isinstance(self._scheduler, LambdaLR):
            # An elastic run may have had other steps; how much of the training is over decides.
            self._scheduler.last_epoch = epochs_done * self._steps_per_epoch
            self._scheduler.base_lrs = [self._settings.learning_rate]

    def _begin(self) -> LambdaLR | ReduceLROnPlateau:
        settings = self._settings
        if settings.schedule == "plateau":
            return ReduceLROnPlateau(self._optimizer, mode="max", patience=settings.patience_epochs)
        total = settings.epochs * self._steps_per_epoch
        return LambdaLR(
            self._optimizer, lambda step: cosine_factor(step / total, settings.warmup_share)
        )


def cosine_factor(progress: float, warmup_share: float) -> float:
    """The share of the peak learning rate after this share of all steps, both in [0, 1].

    Rises in a straight line during the warm-up, then falls to 0 along half a cosine (Loshchilov
    and Hutter, "SGDR", 2017, without restarts; warm-up: Goyal et al., "Accurate, Large Minibatch
    SGD", 2017).
    """
    lowest = 0.01  # where the warm-up begins
    if progress < warmup_share:
        return lowest + (1 - lowest) * progress / warmup_share
    falling = (progress - warmup_share) / max(1e-9, 1 - warmup_share)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, falling)))


def restore(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's state into the memory layout of its weights.

    A file keeps no layout; the fused kernels expect what the weights have (channels last).
    """
    optimizer.load_state_dict(state)
    for weights, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor) and value.shape == weights.shape:
                values[name] = torch.empty_like(weights).copy_(value)
