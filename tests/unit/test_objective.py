"""The loss against torch's own, and the counts of a pass."""

import pytest
import torch
from torch.nn import functional

from emailimg.config import EncoderConfig
from emailimg.train_encoder import objective
from emailimg.train_encoder.objective import Sums

HEADS = ("augmentation_class", "vehicle_type")


@pytest.fixture
def logits() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {"augmentation_class": torch.randn(4, 3), "vehicle_type": torch.randn(4, 2)}


@pytest.fixture
def targets() -> dict[str, torch.Tensor]:
    return {
        "augmentation_class": torch.tensor([0, 2, 1, 1]),
        "vehicle_type": torch.tensor([1, -1, -1, 0]),
    }


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_the_mean_cross_entropy_of_known_rows_weighted_by_head(
    logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor], smoothing: float
) -> None:
    settings = EncoderConfig(vehicle_type_weight=1.5)
    expected = sum(
        weight
        * functional.cross_entropy(
            logits[head], targets[head], ignore_index=-1, label_smoothing=smoothing
        )
        for head, weight in zip(HEADS, (1.0, 1.5), strict=True)
    )
    assert objective.loss(settings, logits, targets, smoothing) == pytest.approx(float(expected))


def test_a_head_that_nothing_is_known_of_adds_nothing(
    logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
) -> None:
    unknown = targets | {"vehicle_type": torch.full((4,), -1)}
    alone = {"augmentation_class": logits["augmentation_class"]}
    with_it = objective.loss(EncoderConfig(), logits, unknown)
    assert with_it == objective.loss(EncoderConfig(), alone, unknown)


def test_a_multi_label_head_counts_every_yes_or_no() -> None:
    logits = {"techniques": torch.tensor([[2.0, -1.0], [0.5, 0.5]])}
    targets = {"techniques": torch.tensor([[1.0, 0.0], [0.0, 1.0]])}
    expected = functional.binary_cross_entropy_with_logits(
        logits["techniques"], targets["techniques"]
    )
    loss = objective.loss(EncoderConfig(), logits, targets)
    assert loss == pytest.approx(2 * float(expected))
    sums = Sums(("techniques",), torch.device("cpu"))
    sums.add(loss, logits, targets)
    assert sums.means()["techniques"] == pytest.approx(3 / 4)


def test_means_are_over_rows_not_over_batches(
    logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
) -> None:
    logits["augmentation_class"] = functional.one_hot(torch.tensor([0, 2, 0, 0]), 3).float()
    logits["vehicle_type"] = torch.tensor([[0.0, 1.0]] * 4)
    sums = Sums(HEADS, torch.device("cpu"))
    sums.add(torch.tensor(1.0), logits, targets)
    first = {head: values[:1] for head, values in logits.items()}
    sums.add(torch.tensor(6.0), first, {head: values[:1] for head, values in targets.items()})
    assert sums.means() == pytest.approx(
        {"loss": 2.0, "augmentation_class": 3 / 5, "vehicle_type": 2 / 3}
    )


@pytest.mark.parametrize(("loss", "finite"), [(1.0, True), (float("nan"), False), (1e400, False)])
def test_a_loss_that_went_astray_is_seen(
    logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor], loss: float, finite: bool
) -> None:
    sums = Sums(HEADS, torch.device("cpu"))
    sums.add(torch.tensor(2.0), logits, targets)
    sums.add(torch.tensor(loss), logits, targets)
    assert sums.is_finite() is finite
