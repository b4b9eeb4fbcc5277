"""Reasons: which class the heat map shows, and how pooled features are weighed."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emailimg import explain, features
from emailimg.contributions import Shares
from emailimg.encoder_spec import EncoderSpec
from emailimg.explain import Asked, Focus
from emailimg.question import Question

HEADS = {"augmentation_class": ("original", "blur"), "vehicle_type": ("SUV", "Coupe")}
SPEC = EncoderSpec("resnet18", 64, HEADS)
SEEN = {"augmentation_class": "blur", "vehicle_type": "SUV"}
QUESTION = Question("open_rate", "Survey", "Retail")


class Fixed:
    """Classifiers that always explain the same way."""

    def __init__(self, embedding: list[float], campaign: float = 0.0) -> None:
        context = np.zeros(len(features.CONTEXT_COLUMNS))
        context[0] = campaign
        columns = np.concatenate([embedding, context])[None]
        self.shares = Shares(-0.5, columns, np.array([0.25]), np.array([0.5]))

    def __getitem__(self, target: str) -> Any:
        return SimpleNamespace(shares=lambda _: self.shares)

    def matrix(self, *_: Any) -> np.ndarray:
        return np.empty((1, 0))


def reasons(embedding: list[float], seen: dict[str, str] = SEEN, **options: Any) -> explain.Reasons:
    classifiers: Any = Fixed(embedding, options.pop("campaign", 0.0))
    values = np.ones(len(embedding), np.float32)
    spec, kind = options.get("spec", SPEC), options.get("kind", "logits")
    [found] = explain.reasons(classifiers, [Asked(QUESTION, values, seen)], spec, kind)
    return found


def test_contributions_come_as_attributes_context_calibration_by_size() -> None:
    found = reasons([0.1, 0.1, -0.4, -0.1], campaign=2.0)
    assert [(each.group, each.kind, each.value) for each in found.contributions] == [
        ("vehicle_type", "attribute", "SUV"),
        ("augmentation_class", "attribute", "blur"),
        ("campaign_type", "context", "Survey"),
        ("industry", "context", "Retail"),
        ("vehicle_type_told", "context", None),
        ("calibration", "calibration", None),
    ]
    sizes = [each.log_odds for each in found.contributions]
    assert sizes == pytest.approx([-0.5, 0.2, 2.0, 0.0, 0.0, 0.25])
    assert (found.base_log_odds, found.probability) == (-0.5, 0.5)


@pytest.mark.parametrize(
    ("shares", "head", "seen"),
    [
        ([0.1, 0.1, -0.4, -0.1], "vehicle_type", "SUV"),
        ([0.9, 0.1, -0.4, -0.1], "augmentation_class", "blur"),
        # What cancels out within an attribute does not contribute.
        ([5.0, -5.0, 0.1, 0.1], "vehicle_type", "SUV"),
    ],
)
def test_the_attribute_that_moves_most_is_shown_as_it_is_seen(
    shares: list[float], head: str, seen: str
) -> None:
    assert reasons(shares).focus == Focus(head, (seen,))


@pytest.mark.parametrize(
    ("seen", "shown"),
    [("blur + rotate", ("blur", "rotate")), ("blur", ("blur",)), ("original", ("rotate",))],
)
def test_several_techniques_are_shown_together(seen: str, shown: tuple[str, ...]) -> None:
    spec = EncoderSpec("resnet18", 64, {"techniques": ("blur", "rotate")}, ("techniques",))
    found = reasons([0.1, -0.4], {"techniques": seen}, spec=spec)
    assert found.focus == Focus("techniques", shown)


def pooled_direction(shares: list[float], pooled: list[float]) -> np.ndarray:
    """The focus of an explanation by pooled features, of which the others are 0."""
    others = [0.0] * (512 - len(shares))
    classifiers: Any = Fixed([*shares, *others])
    embedding = np.array([*pooled, *others], np.float32)
    [found] = explain.reasons(classifiers, [Asked(QUESTION, embedding, {})], SPEC, "pooled")
    assert found.contributions[0].group == "image"
    assert found.focus.attribute is None
    assert found.focus.direction is not None
    assert not found.focus.direction[len(shares) :].any()
    return found.focus.direction[: len(shares)]


def test_pooled_features_are_weighed_by_what_they_contribute_per_unit() -> None:
    found = pooled_direction([0.6, -0.2, 0.3, 0.0], [2.0, 0.5, 0.0, 1.0])
    np.testing.assert_allclose(found, [0.3, -0.4, 0, 0], rtol=1e-6)


def test_where_the_picture_lowers_it_the_map_shows_what_lowers() -> None:
    np.testing.assert_allclose(pooled_direction([-0.6, 0.2], [1, 1]), [0.6, -0.2], rtol=1e-6)


def test_a_heat_map_sums_the_classes_of_its_focus() -> None:
    class Embedder:
        def class_direction(self, head: str, class_name: str) -> np.ndarray:
            return np.array([1, 0] if class_name == "blur" else [0, 10], np.float32)

        def heat_map(self, pixels: np.ndarray, direction: np.ndarray, *size: int) -> np.ndarray:
            return np.full(size, direction.sum())

    embedder: Any = Embedder()
    focus = Focus("techniques", ("blur", "rotate"))
    found = explain.heat_map(embedder, np.zeros((2, 3, 3), np.uint8), focus, (4, 6))
    assert (found.attribute, found.class_name) == ("techniques", "blur + rotate")
    assert found.values.shape == (4, 6)
    assert (found.values == 11).all()
    pooled = Focus(direction=np.array([2, 3], np.float32))
    found = explain.heat_map(embedder, np.zeros((2, 3, 3), np.uint8), pooled, (1, 1))
    assert (found.attribute, found.class_name, found.values.item()) == (None, None, 5)
