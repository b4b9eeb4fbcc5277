"""The answers that a user gets about an image: a score, why, and what beats it.

Plain records of numbers, names and pictures; `as_json` leaves the pictures out.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from emailimg import taxonomy
from emailimg.boosters import Prediction
from emailimg.question import ALL_TARGETS, Question
from emailimg.techniques import Parameters


@dataclass(frozen=True)
class Score:
    """Probability of success of one image, for the target asked for or, at `all`, for each.

    intervals: low and high end of each probability's 90% interval; both the probability itself
    where the bundle has no intervals. vehicle_type: as it was told, not as it was seen.
    domain_distance: how far the image is from the catalogue, 1 being as far as its images are
    (see `domain`); None where the bundle does not know.
    """

    image_id: str
    target: str
    campaign_type: str
    industry: str
    vehicle_type: str | None
    probabilities: dict[str, float]  # per target
    intervals: dict[str, tuple[float, float]]
    attributes_seen: dict[str, str]
    domain_distance: float | None = None

    @property
    def out_of_domain(self) -> bool | None:
        """Whether the image is unlike the catalogue, so that the probability is a guess."""
        return None if self.domain_distance is None else self.domain_distance > 1

    @property
    def probability(self) -> float | None:
        """For the target; None where it is `all`."""
        return self.probabilities.get(self.target)

    @property
    def interval(self) -> tuple[float, float] | None:
        """For the target; None where it is `all`."""
        return self.intervals.get(self.target)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "probability": self.probability,
            "interval": None if self.interval is None else list(self.interval),
            "intervals": {target: list(ends) for target, ends in self.intervals.items()},
            "out_of_domain": self.out_of_domain,
        }


Kind = Literal["attribute", "context", "calibration"]


@dataclass(frozen=True)
class Contribution:
    """How far one thing moves the log-odds of success, up (positive) or down.

    group: `augmentation_class`, `vehicle_type`, `image`, `campaign_type`, ...; kind: whether it is
    an attribute of the picture, the context it is sent in, or the correction by the calibration;
    value: what the picture or the context has there, None where that has no name.
    """

    group: str
    kind: Kind
    value: str | None
    log_odds: float

    @property
    def odds_factor(self) -> float:
        """What the odds of success are multiplied by; 2 turns 1:1 into 2:1."""
        return math.exp(self.log_odds)

    @property
    def label(self) -> str:
        """What it is, for people."""
        return _LABELS.get(self.group, self.group.replace("_", " "))

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"label": self.label, "odds_factor": self.odds_factor}


_LABELS = {
    "augmentation_class": "how the picture was edited",
    "techniques": "how the picture was edited",
    "vehicle_type": "vehicle type in the picture",
    "image": "the picture as a whole",
    "campaign_type": "campaign type",
    "vehicle_type_told": "vehicle type, as told",
    "calibration": "correction of the model's confidence",
}


@dataclass(frozen=True)
class HeatMap:
    """Where in a picture the evidence is, float32 (H, W) in [0, 1].

    attribute and class_name: what it is evidence of; None where it is of the prediction itself.
    """

    attribute: str | None
    class_name: str | None
    values: np.ndarray


@dataclass(frozen=True)
class Explanation:
    """Why one target's probability is what it is.

    base_log_odds + the contributions = the log-odds of the probability; base is the classifier's
    mean over its training rows. contributions: attributes, context, calibration, each by size.
    image: uint8 (H, W, 3) RGB, the upload; heat_map: over it, of the attribute that contributes
    most.
    """

    score: Score
    base_log_odds: float
    contributions: list[Contribution]
    image: np.ndarray
    heat_map: HeatMap

    @property
    def probability(self) -> float:
        return self.score.probabilities[self.score.target]

    @property
    def base_probability(self) -> float:
        """The probability at the base's log-odds."""
        return 1 / (1 + math.exp(-self.base_log_odds))

    def helps(self, contribution: Contribution) -> bool:
        """Whether it moves the target to where it should go."""
        should_fall = self.score.target in taxonomy.LOWER_IS_BETTER
        return contribution.log_odds < 0 if should_fall else contribution.log_odds > 0

    def as_json(self) -> dict[str, Any]:
        """Everything but the pictures."""
        contributions = [
            contribution.as_json() | {"helps": self.helps(contribution)}
            for contribution in self.contributions
        ]
        return self.score.as_json() | {
            "base_probability": self.base_probability,
            "base_log_odds": self.base_log_odds,
            "contributions": contributions,
            "heat_map": _without(self.heat_map, "values"),
        }


@dataclass(frozen=True)
class SuggestedEdit:
    """An edit that beats the upload; image: uint8 (H, W, 3) RGB.

    probability, its 90% interval and gain (in probability) are shrunk (see `better`), so that the
    best of many edits is not overstated; probability_better: that the edit really beats the upload,
    None where the bundle has no members to tell.
    """

    augmentation_class: str
    parameters: Parameters
    probability: float
    interval: tuple[float, float]
    gain: float
    probability_better: float | None
    image: np.ndarray


@dataclass(frozen=True)
class Alternate:
    """A catalogue image that beats the upload; None where the catalogue does not know.

    file_name: the last part of where the image came from; thumbnail: JPEG bytes; similarity: of its
    looks to the upload's, -1 to 1, None where the bundle does not know; the figures are those of
    `SuggestedEdit`.
    """

    image_id: str
    file_name: str
    class_name: str | None
    make: str | None
    vehicle_type: str | None
    year: int | None
    campaign_type: str | None
    industry: str | None
    probability: float
    interval: tuple[float, float]
    gain: float
    probability_better: float | None
    similarity: float | None
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
            "edits": [_candidate(edit, "image") for edit in self.edits],
            "alternates": [_candidate(other, "thumbnail") for other in self.alternates],
            "scope": self.scope,
            "considered": self.considered,
        }


def to_score(
    questions: Sequence[Question],
    image_id: str,
    attributes_seen: dict[str, str],
    predicted: Sequence[Prediction],
    domain_distance: float | None = None,
) -> Score:
    """The score that answers questions which differ in their target only.

    predicted: for each question, the image's prediction in its first row.
    """
    first = questions[0]
    return Score(
        image_id=image_id,
        target=first.target if len(questions) == 1 else ALL_TARGETS,
        campaign_type=first.campaign_type,
        industry=first.industry,
        vehicle_type=first.vehicle_type,
        probabilities={
            question.target: float(prediction.probability[0])
            for question, prediction in zip(questions, predicted, strict=True)
        },
        intervals={
            question.target: (float(prediction.low[0]), float(prediction.high[0]))
            for question, prediction in zip(questions, predicted, strict=True)
        },
        attributes_seen=attributes_seen,
        domain_distance=domain_distance,
    )


def _without(record: SuggestedEdit | Alternate | HeatMap, picture: str) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name != picture}


def _candidate(found: SuggestedEdit | Alternate, picture: str) -> dict[str, Any]:
    return _without(found, picture) | {"interval": list(found.interval)}
