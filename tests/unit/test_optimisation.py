"""Learning rates over a training, and the optimisers that the config asks for."""

import pytest
import torch

from emailimg.config import EncoderConfig
from emailimg.train_encoder import optimisation
from emailimg.train_encoder.optimisation import Schedule, cosine_factor


def optimizer_of(**settings: object) -> tuple[EncoderConfig, torch.optim.Optimizer]:
    config = EncoderConfig.model_validate(settings)
    return config, optimisation.optimizer(config, torch.nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("progress", "warmup", "expected"),
    [
        (0.0, 0.2, 0.01),
        (0.1, 0.2, 0.505),
        (0.2, 0.2, 1.0),
        (0.6, 0.2, 0.5),
        (1.0, 0.2, 0.0),
        (1.2, 0.2, 0.0),
        (0.0, 0.0, 1.0),
        (0.5, 1.0, 0.505),
        (1.0, 1.0, 1.0),
    ],
)
def test_the_factor_rises_and_falls(progress: float, warmup: float, expected: float) -> None:
    assert cosine_factor(progress, warmup) == pytest.approx(expected, abs=1e-9)


def test_cosine_takes_every_step_and_ends_at_zero() -> None:
    config, optimizer = optimizer_of(epochs=2, learning_rate=0.4, warmup_share=0.2)
    schedule = Schedule(config, optimizer, steps_per_epoch=5)
    rates = []
    for _ in range(10):
        rates.append(schedule.learning_rate)
        optimizer.step()
        schedule.after_step()
    assert max(rates) == rates[2] == pytest.approx(0.4)
    assert rates[0] == pytest.approx(0.004)
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert schedule.learning_rate == pytest.approx(0)


def test_plateau_falls_to_a_tenth_after_epochs_without_progress() -> None:
    """The report's: mode `max`, patience of three epochs."""
    config, optimizer = optimizer_of(schedule="plateau", learning_rate=0.1)
    schedule = Schedule(config, optimizer, steps_per_epoch=5)
    rates = []
    for accuracy in (0.5, 0.6, 0.6, 0.59, 0.6, 0.6, 0.7):
        schedule.after_step()
        schedule.after_epoch(accuracy)
        rates.append(round(schedule.learning_rate, 9))
    assert rates == [0.1] * 5 + [0.01] * 2


def test_with_other_steps_an_epoch_the_share_of_the_training_counts() -> None:
    config, optimizer = optimizer_of(epochs=10, learning_rate=0.4, warmup_share=0.2)
    four_workers = Schedule(config, optimizer, steps_per_epoch=5)
    config, optimizer = optimizer_of(epochs=10, learning_rate=0.4, warmup_share=0.2)
    one_worker = Schedule(config, optimizer, steps_per_epoch=20)
    one_worker.load_state_dict(four_workers.state_dict(), epochs_done=5)
    optimizer.step()
    one_worker.after_step()
    assert one_worker.learning_rate == pytest.approx(0.4 * cosine_factor(101 / 200, 0.2))


def test_the_optimisers_are_the_configs() -> None:
    _, sgd = optimizer_of(momentum=0.8, weight_decay=0.1, learning_rate=0.3)
    assert isinstance(sgd, torch.optim.SGD)
    [group] = sgd.param_groups
    assert (group["momentum"], group["weight_decay"], group["lr"]) == (0.8, 0.1, 0.3)
    assert group["nesterov"]
    assert group["fused"]
    _, adamw = optimizer_of(optimizer="adamw")
    assert isinstance(adamw, torch.optim.AdamW)
    assert adamw.param_groups[0]["fused"]
