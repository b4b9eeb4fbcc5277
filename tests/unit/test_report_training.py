"""A training's history as the page tells it."""

from typing import Any

import pytest

from emailimg.report import training


def epoch(number: int, accuracy: float, other: float, **more: Any) -> dict[str, Any]:
    return {
        "epoch": number,
        "validation_accuracy": accuracy,
        "validation_accuracy_augmentation_class": accuracy,
        "validation_accuracy_vehicle_type": other,
        "seconds": 10.0,
        "images_per_s": 50.0,
    } | more


def test_the_best_epoch_is_the_one_that_becomes_the_encoder() -> None:
    """By the mean of the heads, the earlier of equals, as the checkpoint is chosen."""
    history = [epoch(1, 0.5, 0.5), epoch(2, 0.8, 0.6), epoch(3, 0.9, 0.5), epoch(4, 0.85, 0.3)]
    assert training.best(history)["epoch"] == 2


def test_the_pace_names_waiting_and_what_came_on_top() -> None:
    more = {"data_wait_s": 1.0, "validation_seconds": 2.0, "workers": 2}
    text = training.pace([epoch(1, 0.5, 0.5, **more), epoch(2, 0.6, 0.5, **more)])
    for words in ("2 epochs", "50 images per second", "2 workers", "10% of that was waiting"):
        assert words in text
    assert "validation took" in text


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_was_not_recorded_is_left_out(missing: float | None) -> None:
    history = [epoch(1, 0.5, 0.5, data_wait_s=missing, seconds=missing)]
    assert training.pace(history) == "How long it took was not recorded."
    assert "data_wait_s" not in training.columns(history)
    assert "validation_accuracy" in training.columns(history)


def test_the_other_heads_have_curves_of_their_own() -> None:
    assert training.heads([epoch(1, 0.5, 0.5)]) == ["vehicle_type"]
