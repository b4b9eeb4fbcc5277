"""Why an image is likely to succeed: what moves the prediction, and where in the picture that is.

In steps, as a service takes them: `reasons` beside the classifiers, `heat_map` beside the encoder,
and between them plain records.

Boosted trees have no gradient to follow from a probability into the picture. So the heat map of a
prediction shows the attribute that moves it most, by its contribution, as the class that the
encoder sees: *brighter* raises it by so much, and here it is seen. Where the classifiers see pooled
features instead of attributes, each feature is weighted by its contribution per unit, so that the
map spreads the picture's contribution over where each feature is active.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from emailimg import taxonomy
from emailimg.answers import Contribution, HeatMap, Kind
from emailimg.boosters import Classifiers
from emailimg.contributions import CALIBRATION, Shares
from emailimg.encoder_spec import EncoderSpec
from emailimg.question import Question
from emailimg.together import by_kind

if TYPE_CHECKING:
    from emailimg.embed import Embedder

_ORDER = get_args(Kind)


@dataclass(frozen=True)
class Focus:
    """What a heat map is to show: classes of an attribute, or a direction, float32 (F,)."""

    attribute: str | None = None
    classes: tuple[str, ...] = ()
    direction: np.ndarray | None = None


def focus_of(spec: EncoderSpec, attribute: str, class_name: str) -> Focus:
    """A class of an attribute, both in any spelling, or several with ` + ` between them.

    Raises TaxonomyError listing the attributes or the classes that there are.
    """
    head = attribute_of(spec, attribute)
    names = class_name.split("+")
    return Focus(head, tuple(taxonomy.parse(name, spec.heads[head], head) for name in names))


def attribute_of(spec: EncoderSpec, name: str) -> str:
    """An attribute in the encoder's own spelling; raises TaxonomyError listing those it knows."""
    return taxonomy.parse(name, tuple(spec.heads), "attribute")


@dataclass(frozen=True)
class Reasons:
    """Why one probability is what it is (`answers.Explanation`), and what to show of it."""

    probability: float
    base_log_odds: float
    contributions: list[Contribution]
    focus: Focus


@dataclass(frozen=True)
class Asked:
    """An embedding, float32 (D,), whose prediction is to be explained.

    seen: the class seen per attribute.
    """

    question: Question
    embedding: np.ndarray
    seen: dict[str, str]


def reasons(
    classifiers: Classifiers, asked: Sequence[Asked], spec: EncoderSpec, kind: str
) -> list[Reasons]:
    """Explain the predictions for embeddings of this kind; those of one target together."""

    def of_one(target: str, some: list[Asked]) -> list[Reasons]:
        matrix = classifiers.matrix(
            np.stack([each.embedding for each in some]),
            [each.question.campaign_type for each in some],
            [each.question.industry for each in some],
            [each.question.vehicle_type for each in some],
        )
        shares = classifiers[target].shares(matrix)
        return [_reasons(shares.row(row), each, spec, kind) for row, each in enumerate(some)]

    return by_kind(asked, lambda each: each.question.target, of_one)


def _reasons(shares: Shares, asked: Asked, spec: EncoderSpec, kind: str) -> Reasons:
    """shares: of the one prediction."""
    by_group = {group: float(v[0]) for group, v in shares.by_group(spec.column_names(kind)).items()}
    context = {
        "campaign_type": asked.question.campaign_type,
        "industry": asked.question.industry,
        "vehicle_type_told": asked.question.vehicle_type,
    }
    found = _contributions(by_group, context, asked.seen)
    of_embedding = shares.columns[0, : len(asked.embedding)]
    if kind == "pooled":
        focus = Focus(direction=_per_unit(of_embedding, asked.embedding))
    else:
        strongest = next(c.group for c in found if c.kind == "attribute")
        focus = _focus(spec, strongest, asked.seen[strongest], of_embedding)
    return Reasons(float(shares.probabilities[0]), shares.base, found, focus)


def heat_map(
    embedder: "Embedder", pixels: np.ndarray, focus: Focus, size: tuple[int, int]
) -> HeatMap:
    """The heat map of a picture, uint8 (H, W, 3), at height and width `size`."""
    direction = focus.direction
    if direction is None:
        assert focus.attribute is not None
        directions = [embedder.class_direction(focus.attribute, name) for name in focus.classes]
        direction = np.sum(directions, axis=0)
    values = embedder.heat_map(pixels, direction, *size)
    return HeatMap(focus.attribute, " + ".join(focus.classes) or None, values)


def _contributions(
    by_group: dict[str, float], context: dict[str, str | None], seen: dict[str, str]
) -> list[Contribution]:
    """Attributes, context and calibration, each by size."""
    values = seen | context
    found = [
        Contribution(
            group=group,
            kind=_kind(group, context),
            value=values.get(group),
            log_odds=log_odds,
        )
        for group, log_odds in by_group.items()
    ]
    return sorted(found, key=lambda c: (_ORDER.index(c.kind), -abs(c.log_odds)))


def _kind(group: str, context: dict[str, str | None]) -> Kind:
    if group == CALIBRATION:
        return "calibration"
    return "context" if group in context else "attribute"


def _focus(spec: EncoderSpec, head: str, seen: str, shares: np.ndarray) -> Focus:
    """The class or classes seen; where no technique is, the one whose absence counts most."""
    classes = tuple(name for name in seen.split(" + ") if name in spec.heads[head])
    if not classes:
        names = spec.column_names("logits")
        of_head = [i for i, name in enumerate(names) if name.startswith(f"{head}: ")]
        most = max(of_head, key=lambda position: abs(shares[position]))
        classes = (names[most].removeprefix(f"{head}: "),)
    return Focus(head, classes)


def _per_unit(shares: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Contribution of each pooled feature for each unit of it, towards where all of them point."""
    active = features > 0
    per_unit = np.divide(shares, features, out=np.zeros_like(shares), where=active)
    return (np.sign(shares.sum()) * per_unit).astype(np.float32)
