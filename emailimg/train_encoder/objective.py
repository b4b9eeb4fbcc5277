"""What training minimises, and what it counts on the way: mean cross-entropy, summed over heads."""

from collections.abc import Sequence

import torch
import torch.distributed
from torch import Tensor, nn

from emailimg.config import EncoderConfig


def loss(
    settings: EncoderConfig,
    logits: dict[str, Tensor],
    targets: dict[str, Tensor],
    smoothing: float = 0.0,
) -> Tensor:
    """Each head's mean loss over the rows whose class is known (not -1), weighted and summed.

    logits: {head: (N, K)}; targets: {head: int64 (N,), or float32 (N, K) of a multi-label head}.
    """
    weights = {"vehicle_type": settings.vehicle_type_weight}
    losses = [
        weights.get(head, 1.0) * _head_loss(logits[head].float(), targets[head], smoothing)
        for head in logits
    ]
    return torch.stack(losses).sum()


def _head_loss(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    if truth.is_floating_point():  # of a multi-label head
        # A yes or no each. Summed over the classes, so that it weighs as much as one of K classes.
        smoothed = truth * (1 - smoothing) + smoothing / 2
        losses = nn.functional.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
        return losses.sum(1).mean()
    total = nn.functional.cross_entropy(
        logits, truth, ignore_index=-1, label_smoothing=smoothing, reduction="sum"
    )
    # Not torch's own mean: of a batch whose classes are all unknown that is NaN.
    return total / (truth >= 0).sum().clamp(min=1)


class Sums:
    """Loss and hits over one pass, in sums so that workers can add theirs up.

    They stay on the device: reading them after every step would make a GPU wait for each.
    """

    def __init__(self, heads: Sequence[str], device: torch.device) -> None:
        self._heads = tuple(heads)
        # [rows, loss, then right answers and known answers per head]
        self._values = torch.zeros(2 + 2 * len(self._heads), dtype=torch.float64, device=device)

    def add(self, loss: Tensor, logits: dict[str, Tensor], targets: dict[str, Tensor]) -> None:
        """Count one batch."""
        rows = len(next(iter(targets.values())))
        counts = [loss.detach() * rows]
        for head in self._heads:
            counts += _hits(logits[head].detach(), targets[head])
        self._values[0] += rows
        self._values[1:] += torch.stack([count.double() for count in counts])

    def means(self) -> dict[str, float]:
        """`loss` and each head's accuracy over all workers; all of them must ask."""
        rows, loss, *hits = self._over_all_workers().tolist()
        accuracies = {
            head: right / max(known, 1)
            for head, right, known in zip(self._heads, hits[::2], hits[1::2], strict=True)
        }
        return {"loss": loss / max(rows, 1)} | accuracies

    def is_finite(self) -> bool:
        """Whether no worker's loss has become infinite or NaN; all workers must ask."""
        return bool(torch.isfinite(self._over_all_workers()[1]))

    def _over_all_workers(self) -> Tensor:
        total = self._values.clone()
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(total)
        return total.cpu()


def _hits(logits: Tensor, truth: Tensor) -> list[Tensor]:
    """Right answers, and answers of which the truth is known; a yes or no counts as one of each."""
    known = truth >= 0
    if truth.is_floating_point():
        return [((logits > 0) == (truth > 0.5)).sum(), known.sum()]
    return [((logits.argmax(1) == truth) & known).sum(), known.sum()]
