"""What goes out over HTTP: the shape of every answer.

The descriptions and examples here are the service's documentation at /docs.
"""

import base64
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from emailimg import heat_colours, images, taxonomy
from emailimg.answers import Alternate, HeatMap, Recommendation, Score, SuggestedEdit
from emailimg.explain import Reasons
from emailimg.question import ALL_TARGETS

_IMAGE_ID = "5f0c6b1e0b1f4f0e9b3a9c7d2e8f6a4b1c3d5e7f9a0b2c4d6e8f0a1b3c5d7e9f"


class ErrorDetail(BaseModel):
    code: str = Field(description="Short and stable, for programs.", examples=["unknown_value"])
    message: str = Field(description="One sentence for people.")
    accepted: list[str] = Field(
        default=[], description="What would have been accepted, where that is a list."
    )


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    error: ErrorDetail


class ContributionAnswer(BaseModel):
    """How far one thing moves the odds of success."""

    group: str = Field(description="What it is.", examples=["augmentation_class"])
    label: str = Field(description="The same for people.", examples=["how the picture was edited"])
    kind: str = Field(description="`attribute`, `context` or `calibration`.")
    value: str | None = Field(
        description="What the picture or the context has there.", examples=["brighter"]
    )
    log_odds: float = Field(
        description="What it adds; with `base_log_odds` all add up to the log-odds of the "
        "probability.",
        examples=[0.41],
    )
    odds_factor: float = Field(description="What the odds are multiplied by.", examples=[1.5])


class ScoreAnswer(BaseModel):
    """How likely an image is to succeed."""

    probability: float | None = Field(
        description=f"Probability that the target succeeds with this image, between 0 and 1; "
        f"null where the target is `{ALL_TARGETS}`.",
        examples=[0.62],
    )
    interval: tuple[float, float] | None = Field(
        description="Where the true probability is in nine of ten cases; null where the target is "
        f"`{ALL_TARGETS}`.",
        examples=[[0.55, 0.69]],
    )
    probabilities: dict[str, float] = Field(
        description="The same by target: the one asked for, or every one.",
        examples=[{"open_rate": 0.62}],
    )
    intervals: dict[str, tuple[float, float]] = Field(
        description="The same of the intervals.", examples=[{"open_rate": [0.55, 0.69]}]
    )
    target: str = Field(description="In the accepted spelling.", examples=["open_rate"])
    campaign_type: str = Field(examples=["Newsletter"])
    industry: str = Field(examples=["Automotive"])
    vehicle_type: str | None = Field(description="As it was told.", examples=[None])
    image_id: str = Field(description="SHA-256 of the uploaded bytes.", examples=[_IMAGE_ID])
    attributes_seen: dict[str, str] = Field(
        description="What the encoder sees in the image: its augmentation class and, where the "
        "bundle knows vehicle types, the vehicle type.",
        examples=[{"augmentation_class": "original", "vehicle_type": "SUV"}],
    )
    domain_distance: float | None = Field(
        description="How far the image is from those of the catalogue; 1 is as far as its own are. "
        "Null where the bundle does not know.",
        examples=[0.71],
    )
    out_of_domain: bool | None = Field(
        description="Whether the image is unlike the catalogue's (a distance above 1), so that the "
        "probability is a guess.",
        examples=[False],
    )
    base_log_odds: float | None = Field(
        description="The classifier's mean; null where the target is `all`.", examples=[-0.8]
    )
    contributions: list[ContributionAnswer] | None = Field(
        description="What moves the probability from there; null where the target is `all`."
    )
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])

    @classmethod
    def of_score(cls, score: Score, reasons: Reasons | None, version: str) -> "ScoreAnswer":
        return cls(**score.as_json(), **_why(reasons), bundle=version)


class EditAnswer(BaseModel):
    """A change to the uploaded image that raises its chances."""

    augmentation_class: str = Field(description="The technique.", examples=["brighter"])
    parameters: dict[str, float] = Field(
        description="Settings of the technique.", examples=[{"brightness": 0.25}]
    )
    probability: float = Field(
        description="With the edited image; drawn towards the mean of all edits by as much as the "
        "best of many would else be overstated.",
        examples=[0.71],
    )
    interval: tuple[float, float] = Field(
        description="Where the true probability is in nine of ten cases.", examples=[[0.6, 0.8]]
    )
    gain: float = Field(
        description="Improvement over the upload, in probability; positive is better for every "
        f"target, also for {' and '.join(sorted(taxonomy.LOWER_IS_BETTER))}, where a lower "
        "probability is better.",
        examples=[0.09],
    )
    probability_better: float | None = Field(
        description="That it really is better than the upload; null where the bundle cannot tell.",
        examples=[0.93],
    )
    image: str = Field(
        description="The edited image, small, as a JPEG data URI.",
        examples=["data:image/jpeg;base64,/9j/4AAQ..."],
    )

    @classmethod
    def of(cls, edit: SuggestedEdit) -> "EditAnswer":
        return cls(
            augmentation_class=edit.augmentation_class,
            parameters=edit.parameters,
            probability=edit.probability,
            interval=edit.interval,
            gain=edit.gain,
            probability_better=edit.probability_better,
            image=_data_uri(edit.image),
        )


class AlternateAnswer(BaseModel):
    """A catalogue image with better chances; null where the catalogue does not know."""

    image_id: str = Field(examples=[_IMAGE_ID])
    file_name: str = Field(description="Of the original file.", examples=["00042.jpg"])
    class_name: str | None = Field(examples=["Aldoria Senta Sedan 2009"])
    make: str | None = Field(examples=["Aldoria"])
    vehicle_type: str | None = Field(examples=["Sedan"])
    year: int | None = Field(examples=[2009])
    campaign_type: str | None = Field(description="Null: made for any.", examples=["Newsletter"])
    industry: str | None = Field(description="Null: made for any.", examples=["Automotive"])
    probability: float = Field(description="With this image, as for edits.", examples=[0.78])
    interval: tuple[float, float] = Field(
        description="Where the true probability is in nine of ten cases.", examples=[[0.7, 0.85]]
    )
    gain: float = Field(description="Improvement over the upload, as for edits.", examples=[0.16])
    probability_better: float | None = Field(
        description="That it really is better than the upload; null where the bundle cannot tell.",
        examples=[0.97],
    )
    similarity: float | None = Field(
        description="Of its looks to the upload's: 1 the same, 0 no more than any two images; null "
        "where the bundle does not know.",
        examples=[0.35],
    )
    image: str = Field(
        description="Where to get its picture, on this server.",
        examples=[f"/v1/images/{_IMAGE_ID}"],
    )

    @classmethod
    def of(cls, alternate: Alternate) -> "AlternateAnswer":
        known = {name: getattr(alternate, name) for name in cls.model_fields if name != "image"}
        return cls(**known, image=f"/v1/images/{alternate.image_id}")


class RecommendAnswer(ScoreAnswer):
    """How likely an image is to succeed, and what would do better, best first."""

    edits: list[EditAnswer]
    alternates: list[AlternateAnswer]
    scope: str = Field(
        description="How far catalogue images had to match: `campaign type and industry`; "
        "`industry` or `whole catalogue` where fewer than k images match more closely.",
        examples=["campaign type and industry"],
    )
    considered: int = Field(description="Catalogue images in that scope.", examples=[18])

    @classmethod
    def of(
        cls, recommendation: Recommendation, reasons: Reasons, version: str
    ) -> "RecommendAnswer":
        """Pictures of the edits included, which takes a millisecond each."""
        return cls(
            **recommendation.score.as_json(),
            **_why(reasons),
            bundle=version,
            edits=[EditAnswer.of(edit) for edit in recommendation.edits],
            alternates=[AlternateAnswer.of(other) for other in recommendation.alternates],
            scope=recommendation.scope,
            considered=recommendation.considered,
        )


class HeatMapAnswer(BaseModel):
    """Where in the image the encoder sees something."""

    attribute: str = Field(examples=["vehicle_type"])
    class_name: str = Field(examples=["SUV"])
    image: str = Field(
        description="The image with the map on it, as a JPEG data URI.",
        examples=["data:image/jpeg;base64,/9j/4AAQ..."],
    )
    image_id: str = Field(examples=[_IMAGE_ID])
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])

    @classmethod
    def of(cls, found: HeatMap, shown: np.ndarray, image_id: str, version: str) -> "HeatMapAnswer":
        """shown: the picture, uint8 (H, W, 3) RGB, of the map's size."""
        assert found.attribute is not None
        assert found.class_name is not None
        return cls(
            attribute=found.attribute,
            class_name=found.class_name,
            image=_data_uri(heat_colours.overlay(shown, found.values)),
            image_id=image_id,
            bundle=version,
        )


class BatchItem(BaseModel):
    """One image of several: its score, or why there is none."""

    file_name: str
    score: ScoreAnswer | None = None
    error: ErrorDetail | None = None


class BatchAnswer(BaseModel):
    """The scores of several images, in the order in which they were sent."""

    answers: list[BatchItem]
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])


class ImageLimits(BaseModel):
    """What an uploaded image may be."""

    formats: list[str]
    max_bytes: int
    max_pixels: int


class BatchLimits(BaseModel):
    """What `POST /v1/score:batch` takes at once."""

    max_files: int = Field(description="So many images.", examples=[32])
    max_bytes: int = Field(description="Of all its images together.", examples=[83886080])


class TargetsAnswer(BaseModel):
    """What the other requests accept."""

    targets: list[str] = Field(description="Targets that this bundle has a model for.")
    lower_is_better: list[str] = Field(description="Those where a low probability is better.")
    campaign_types: list[str]
    industries: list[str]
    vehicle_types: list[str]
    image: ImageLimits
    batch: BatchLimits
    max_k: int


class ExampleImage(BaseModel):
    """An image of the catalogue, to ask about by its id."""

    image_id: str = Field(examples=[_IMAGE_ID])
    class_name: str | None = Field(examples=["Aldoria Senta Sedan 2009"])
    image: str = Field(
        description="Where to get its picture, on this server.",
        examples=[f"/v1/images/{_IMAGE_ID}"],
    )


class ExamplesAnswer(BaseModel):
    """Images of the catalogue to try the service with."""

    images: list[ExampleImage]


class ModelAnswer(BaseModel):
    """The model that answers."""

    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])
    checksums: dict[str, str] = Field(description="SHA-256 of each of its files.")
    metrics: dict[str, Any] = Field(description="Its scorecard, as measured on test images.")
    config: dict[str, Any] = Field(description="The settings that made it.")


class HealthAnswer(BaseModel):
    """The service takes requests."""

    status: str = Field(examples=["ok"])
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])


class ReadyAnswer(HealthAnswer):
    """All deployments answer."""

    deployments: dict[str, str] = Field(description="Version that each deployment holds.")


def _why(reasons: Reasons | None) -> dict[str, Any]:
    if reasons is None:
        return {"base_log_odds": None, "contributions": None}
    return {
        "base_log_odds": reasons.base_log_odds,
        "contributions": [each.as_json() for each in reasons.contributions],
    }


def _data_uri(pixels: np.ndarray) -> str:
    jpeg = base64.b64encode(images.encode_jpeg(pixels)).decode("ascii")
    return f"data:image/jpeg;base64,{jpeg}"
