"""What goes in and out over HTTP: form fields, and the shape of every answer.

The descriptions and examples here are the service's documentation at /docs.
"""

import base64
from dataclasses import dataclass
from typing import Annotated

from fastapi import File, Form, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from emailimg import images, taxonomy
from emailimg.answers import Alternate, Recommendation, Score, SuggestedEdit
from emailimg.config import ImageConfig
from emailimg.question import ALL_TARGETS

MAX_SUGGESTIONS = 50

_IMAGE_ID = "5f0c6b1e0b1f4f0e9b3a9c7d2e8f6a4b1c3d5e7f9a0b2c4d6e8f0a1b3c5d7e9f"

ImageFile = Annotated[
    UploadFile, File(description=f"The image file to ask about; {images.ACCEPTED}.")
]
_Target = Annotated[
    str,
    Form(
        description=f"A target that `GET /v1/targets` lists; `{ALL_TARGETS}` scores every one. "
        "Spelled in any case, with spaces, hyphens or underscores.",
        examples=["open_rate"],
    ),
]
_CampaignType = Annotated[
    str | None,
    Form(
        description="Required, here or as `campaign`. One of: "
        + ", ".join(taxonomy.CAMPAIGN_TYPES),
        examples=["Newsletter"],
    ),
]
_Campaign = Annotated[str | None, Form(description="Another name for `campaign_type`.")]
_Industry = Annotated[
    str, Form(description=f"One of: {', '.join(taxonomy.INDUSTRIES)}", examples=["Automotive"])
]
_VehicleType = Annotated[
    str | None,
    Form(
        description="Of the image, where you know it: the answer no longer depends on what the "
        f"encoder takes it for. One of: {', '.join(taxonomy.VEHICLE_TYPES)}",
        examples=["SUV"],
    ),
]
Suggestions = Annotated[
    int,
    Form(ge=1, le=MAX_SUGGESTIONS, description="At most so many edits and so many alternates."),
]


@dataclass(frozen=True)
class QuestionForm:
    """The form fields of a question, as they were sent."""

    target: str
    campaign_type: str
    industry: str
    vehicle_type: str | None = None


async def read_question_form(
    target: _Target,
    industry: _Industry,
    campaign_type: _CampaignType = None,
    campaign: _Campaign = None,
    vehicle_type: _VehicleType = None,
) -> QuestionForm:
    """The question's fields; raises RequestValidationError when no campaign type was sent."""
    named = campaign_type or campaign
    if named is None:
        missing = {"type": "missing", "loc": ("body", "campaign_type"), "msg": "Field required"}
        raise RequestValidationError([missing])
    return QuestionForm(target, named, industry, vehicle_type)


async def read_image_file(file: UploadFile, limits: ImageConfig) -> bytes:
    """The file's bytes, at most one more than accepted, so that decoding refuses what is longer."""
    return await file.read(limits.max_bytes + 1)


class ErrorDetail(BaseModel):
    code: str = Field(description="Short and stable, for programs.", examples=["unknown_value"])
    message: str = Field(description="One sentence for people.")
    accepted: list[str] = Field(
        default=[], description="What would have been accepted, where that is a list."
    )


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    error: ErrorDetail


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
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])

    @classmethod
    def of(cls, score: Score, version: str) -> "ScoreAnswer":
        return cls(**score.as_json(), bundle=version)


class EditAnswer(BaseModel):
    """A change to the uploaded image that raises its chances."""

    augmentation_class: str = Field(description="The technique.", examples=["brighter"])
    parameters: dict[str, float] = Field(
        description="Settings of the technique.", examples=[{"brightness": 0.25}]
    )
    probability: float = Field(description="With the edited image.", examples=[0.71])
    gain: float = Field(
        description="Improvement over the upload, in probability; positive is better for every "
        f"target, also for {' and '.join(sorted(taxonomy.LOWER_IS_BETTER))}, where a lower "
        "probability is better.",
        examples=[0.09],
    )
    image: str = Field(
        description="The edited image, small, as a JPEG data URI.",
        examples=["data:image/jpeg;base64,/9j/4AAQ..."],
    )

    @classmethod
    def of(cls, edit: SuggestedEdit) -> "EditAnswer":
        jpeg = base64.b64encode(images.encode_jpeg(edit.image)).decode("ascii")
        return cls(
            augmentation_class=edit.augmentation_class,
            parameters=edit.parameters,
            probability=edit.probability,
            gain=edit.gain,
            image=f"data:image/jpeg;base64,{jpeg}",
        )


class AlternateAnswer(BaseModel):
    """A catalogue image with better chances; null where the catalogue does not know."""

    image_id: str = Field(examples=[_IMAGE_ID])
    file_name: str = Field(description="Of the original file.", examples=["00042.jpg"])
    class_name: str | None = Field(examples=["Aldoria Senta Sedan 2009"])
    vehicle_type: str | None = Field(examples=["Sedan"])
    year: int | None = Field(examples=[2009])
    campaign_type: str | None = Field(description="Null: made for any.", examples=["Newsletter"])
    industry: str | None = Field(description="Null: made for any.", examples=["Automotive"])
    probability: float = Field(description="With this image.", examples=[0.78])
    gain: float = Field(description="Improvement over the upload, as for edits.", examples=[0.16])
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
    def of(  # type: ignore[override]
        cls, recommendation: Recommendation, version: str
    ) -> "RecommendAnswer":
        return cls(
            **recommendation.score.as_json(),
            bundle=version,
            edits=[EditAnswer.of(edit) for edit in recommendation.edits],
            alternates=[AlternateAnswer.of(other) for other in recommendation.alternates],
            scope=recommendation.scope,
            considered=recommendation.considered,
        )


class TargetsAnswer(BaseModel):
    """What the other requests accept."""

    targets: list[str] = Field(description="Targets that this bundle has a model for.")
    lower_is_better: list[str] = Field(description="Those where a low probability is better.")
    campaign_types: list[str]
    industries: list[str]


class HealthAnswer(BaseModel):
    """All deployments answer."""

    status: str = Field(examples=["ok"])
    bundle: str = Field(description="Version of the model.", examples=["ab12c9f07e55"])
    deployments: dict[str, str] = Field(description="Version that each deployment holds.")
