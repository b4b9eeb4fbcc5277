"""What may be asked: the fields of every kind of request, without its image.

They check what is sent, and are the documentation at /docs. An unknown field is refused by name: a
mistyped filter would otherwise be ignored in silence.
"""

import json
from typing import Annotated, Any, get_args

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from emailimg import taxonomy
from emailimg.question import ALL_TARGETS
from emailimg.recommender import Kind, Wishes
from emailimg.shortlist import Filters
from emailimg.wish_options import MAX_SUGGESTIONS

_LONGEST_NAME = 100  # characters of a value that names something
_LONGEST_URI = 1100  # a key of S3 has up to 1,024 bytes

_IMAGE_ID = "5f0c6b1e0b1f4f0e9b3a9c7d2e8f6a4b1c3d5e7f9a0b2c4d6e8f0a1b3c5d7e9f"


def _split(value: Any) -> Any:
    """Lists come as lists, as fields that are repeated, or with commas."""
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        return value
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _from_json(value: Any) -> Any:
    """Objects come as objects, or in a form as their JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError('a JSON object is expected, such as {"brightness": 0.25}') from None


Name = Annotated[str, Field(max_length=_LONGEST_NAME)]
Year = Annotated[int, Field(ge=1, le=9999)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class PictureFields(BaseModel):
    """Which image is meant, where it is not sent along."""

    model_config = ConfigDict(extra="forbid")

    image_id: Name | None = Field(
        None,
        description="Instead of `image`: an image of the catalogue, by its id.",
        examples=[_IMAGE_ID],
    )
    image_uri: str | None = Field(
        None,
        max_length=_LONGEST_URI,
        description="Instead of `image`: an `s3://` URI below a prefix that the service allows.",
    )


class ScoreFields(PictureFields):
    """What is asked about an image."""

    target: Name = Field(
        description=f"A target that `GET /v1/targets` lists; `{ALL_TARGETS}` scores every one. "
        "Spelled in any case, with spaces, hyphens or underscores.",
        examples=["open_rate"],
    )
    campaign_type: Name = Field(
        validation_alias=AliasChoices("campaign_type", "campaign"),
        description="`campaign` is another name for it. One of: "
        + ", ".join(taxonomy.CAMPAIGN_TYPES),
        examples=["Newsletter"],
    )
    industry: Name = Field(
        description=f"One of: {', '.join(taxonomy.INDUSTRIES)}", examples=["Automotive"]
    )
    vehicle_type: Name | None = Field(
        None,
        description="Of the image, where you know it: the answer no longer depends on what the "
        f"encoder takes it for. One of: {', '.join(taxonomy.VEHICLE_TYPES)}",
        examples=["SUV"],
    )


class RecommendFields(ScoreFields):
    """What is asked about an image and what would do better."""

    k: int = Field(
        Wishes.k,
        ge=1,
        le=MAX_SUGGESTIONS,
        description="At most so many edits and so many alternates.",
    )
    suggest: Annotated[list[Kind], BeforeValidator(_split)] = Field(
        list(get_args(Kind)),
        min_length=1,
        description="What to suggest: `edits`, `alternates` or both; repeat it, or use commas. "
        "Without edits, which are most of the work, the answer comes nearly as soon as a score.",
    )
    min_better: Share = Field(
        Wishes.min_better,
        description="The least probability with which a suggestion must be better than the image.",
    )
    only_vehicle_types: Annotated[list[Name], BeforeValidator(_split)] = Field(
        [], description="Alternates of these vehicle types only; repeat it, or use commas."
    )
    make: Name | None = Field(None, description="Alternates of this make only.")
    year_from: Year | None = Field(None, description="Alternates of this year or later only.")
    year_to: Year | None = Field(None, description="Alternates of this year or earlier only.")
    similarity: Share = Field(
        0.0,
        description="How much an alternate's likeness to the image counts beside its gain.",
    )
    diversity: Share = Field(0.0, description="How much alternates should differ from each other.")

    @property
    def wishes(self) -> Wishes:
        filters = Filters(
            vehicle_types=tuple(self.only_vehicle_types),
            make=self.make,
            year_from=self.year_from,
            year_to=self.year_to,
        )
        return Wishes(
            k=self.k,
            min_better=self.min_better,
            similarity=self.similarity,
            diversity=self.diversity,
            filters=filters,
            suggest=tuple(self.suggest),
        )


class EditFields(PictureFields):
    """Which edit of an image to make."""

    augmentation_class: Name = Field(description="The technique.", examples=["brighter"])
    parameters: Annotated[dict[str, float], BeforeValidator(_from_json)] = Field(
        description="Settings of the technique, as the answer of `recommend` has them; in a form "
        "their JSON text.",
        examples=[{"brightness": 0.25}],
    )


class HeatMapFields(PictureFields):
    """What to find in an image."""

    attribute: Name = Field(
        description="An attribute that `attributes_seen` has.", examples=["vehicle_type"]
    )
    class_name: Name | None = Field(
        None, description="One of its classes; the one that is seen where nothing is said."
    )
