"""The search without Ray: its space, and settings that a trial may not propose."""

from typing import Any

import pytest
from pydantic import ValidationError

from emailimg import search
from emailimg.config import ClassifierConfig


def test_every_corner_of_the_space_is_a_valid_setting() -> None:
    space = search.space()
    for end in ("lower", "upper"):
        params = {name: getattr(domain, end) for name, domain in space.items()}
        settings = search.with_params(ClassifierConfig(), params)
        assert all(getattr(settings, name) == value for name, value in params.items())


def test_the_space_names_settings_and_samples_inside_its_bounds() -> None:
    for name, domain in search.space().items():
        assert name in ClassifierConfig.model_fields
        for _ in range(20):
            assert domain.lower <= domain.sample() <= domain.upper


def test_params_are_laid_over_the_settings() -> None:
    settings = ClassifierConfig(rounds=7, seed=3)
    changed = search.with_params(settings, {"max_depth": 2, "learning_rate": 0.2})
    assert (changed.max_depth, changed.learning_rate) == (2, 0.2)
    assert (changed.rounds, changed.seed) == (7, 3)
    assert search.with_params(settings, {}) == settings


@pytest.mark.parametrize(
    "params",
    [
        {"max_depth": 0},
        {"max_depth": 2.5},
        {"subsample": 1.2},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"min_child_weight": -1},
        {"gamma": 1},
    ],
)
def test_impossible_params_are_refused_by_name(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(params))):
        search.with_params(ClassifierConfig(), params)
