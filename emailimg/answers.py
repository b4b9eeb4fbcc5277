"""The answers that a user gets about an image: a score, and what beats it.

Plain records of numbers, names and pictures; `as_json` leaves the pictures out.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from emailimg.question import ALL_TARGETS, Question
from emailimg.techniques import Parameters


@dataclass(frozen=True)
class Score:
    """Probability of success of one image, for the target asked for or, at `all`, for each."""

    image_id: str
    target: str
    campaign_type: str
    industry: str
    probabilities: dict[str, float]  # per target
    attributes_seen: dict[str, str]

    @property
    def probability(self) -> float | None:
        """For the target; None where it is `all`."""
        return self.probabilities.get(self.target)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"probability": self.probability}


@dataclass(frozen=True)
class SuggestedEdit:
    """An edit that beats the upload; gain is in probability, image uint8 (H, W, 3) RGB."""

    augmentation_class: str
    parameters: Parameters
    probability: float
    gain: float
    image: np.ndarray


@dataclass(frozen=True)
class Alternate:
    """A catalogue image that beats the upload; None where the catalogue does not know.

    file_name: the last part of where the image came from; thumbnail: JPEG bytes.
    """

    image_id: str
    file_name: str
    class_name: str | None
    vehicle_type: str | None
    year: int | None
    campaign_type: str | None
    industry: str | None
    probability: float
    gain: float
    thumbnail: bytes


@dataclass(frozen=True)
class Recommendation:
    """The upload's score and what beats it, best first.

    scope: how far the catalogue images had to match the context; considered: how many there were.
    """

    score: Score
    edits: list[SuggestedEdit]
    alternates: list[Alternate]
    scope: str
    considered: int

    @property
    def target(self) -> str:
        return self.score.target

    @property
    def probability(self) -> float:
        """Of the upload."""
        return self.score.probabilities[self.target]

    def as_json(self) -> dict[str, Any]:
        """Everything but the pictures."""
        return self.score.as_json() | {
            "edits": [_without(edit, "image") for edit in self.edits],
            "alternates": [_without(alternate, "thumbnail") for alternate in self.alternates],
            "scope": self.scope,
            "considered": self.considered,
        }


def to_score(
    questions: Sequence[Question],
    image_id: str,
    attributes_seen: dict[str, str],
    probability_of_each: Sequence[float],
) -> Score:
    """The score that answers questions which differ in their target only."""
    first = questions[0]
    return Score(
        image_id=image_id,
        target=first.target if len(questions) == 1 else ALL_TARGETS,
        campaign_type=first.campaign_type,
        industry=first.industry,
        probabilities={
            question.target: float(probability)
            for question, probability in zip(questions, probability_of_each, strict=True)
        },
        attributes_seen=attributes_seen,
    )


def _without(record: SuggestedEdit | Alternate, picture: str) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name != picture}
