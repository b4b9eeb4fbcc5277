"""Settings of the data: where images come from, how they are decoded, augmented and split."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from emailimg import taxonomy
from emailimg.config.section import Probability, Section
from emailimg.techniques import TECHNIQUES, Range


class SourceConfig(Section):
    """Where the images come from: a rendered showroom unless a folder is named."""

    images: str | None = None  # folder of image files, local or s3://
    # Folder of the Stanford Cars data set as it is distributed, local or s3://; instead of images.
    stanford_cars: str | None = None
    crop_to_box: bool = False  # Stanford Cars: keep only what the annotated bounding box holds
    table: str | None = None  # CSV or Parquet with attributes and labels, joined by file name
    # Of the table: its own column names to ours, for spellings that are not known here.
    columns: dict[str, str] = Field({})
    # Class ids above 127 that wrapped around to negative numbers: add 256 instead of refusing them.
    repair_class_ids: bool = False
    revenue_success_above: float = Field(0.0, ge=0)  # an amount of revenue above it is a success
    showroom_images: int = Field(1500, ge=1)  # number of scenes to render
    showroom_seed: int = 0
    showroom_long_side_px: int = Field(200, ge=32)
    max_reject_share: Probability = 0.1  # a larger share of bad files stops the run

    @model_validator(mode="after")
    def _fits_together(self) -> "SourceConfig":
        if self.images is not None and self.stanford_cars is not None:
            raise ValueError("give images or stanford_cars, not both")
        if self.table is not None and self.images is None and self.stanford_cars is None:
            raise ValueError("a table needs the folder of its images: give --images as well")
        if self.crop_to_box and self.stanford_cars is None:
            raise ValueError("crop_to_box needs the boxes of stanford_cars")
        return self


class ImageConfig(Section):
    """Limits on what is decoded, and the sizes an image passes through."""

    max_bytes: int = Field(20 * 2**20, ge=1)
    max_pixels: int = Field(50_000_000, ge=1)
    min_side_px: int = Field(16, ge=1)
    working_size_px: int = Field(160, ge=32)  # longer side at which augmentations and edits happen
    thumbnail_size_px: int = Field(320, ge=32)  # longer side of the pictures that people see
    model_size_px: int = Field(64, ge=32)  # side of the square that the encoder sees

    @model_validator(mode="after")
    def _working_holds_model(self) -> "ImageConfig":
        if self.working_size_px < self.model_size_px:
            raise ValueError("working_size_px must be at least model_size_px")
        return self


class AugmentConfig(Section):
    """Augmented versions per source image; the original is always kept beside them."""

    # `one_technique`: each version is one technique, and the technique is its class. `composed`:
    # the blocks in order, each with its probability; the classes become yes/no attributes.
    mode: Literal["one_technique", "composed"] = "one_technique"
    copies: int = Field(1, ge=1)  # augmented versions per source image; 1 doubles the images
    # Of `one_technique`: relative odds of the report's blocks; a block's techniques are as likely.
    block_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {block: float(len(names)) for block, names in taxonomy.AUGMENTATION_BLOCKS.items()}
    )
    # Of `composed`: how likely each block is applied.
    block_probabilities: dict[str, Probability] = Field(
        {"flip": 0.5, "noise": 0.3, "transpose": 0.3, "blur": 0.3}
        | {"affine": 0.3, "light": 0.5, "colour": 0.3}
    )
    # Mildest and strongest value of every technique's parameters; `techniques` says what they mean.
    ranges: dict[str, dict[str, Range]] = Field(
        {name: dict(technique.ranges) for name, technique in TECHNIQUES.items()}
    )
    seed: int = 0

    @field_validator("block_weights", "block_probabilities")
    @classmethod
    def _known_blocks(cls, blocks: dict[str, float]) -> dict[str, float]:
        _refuse_unknown("block", blocks, taxonomy.AUGMENTATION_BLOCKS)
        if sum(blocks.values()) <= 0:
            raise ValueError("at least one block must be more than 0")
        return dict.fromkeys(taxonomy.AUGMENTATION_BLOCKS, 0.0) | blocks

    @field_validator("ranges")
    @classmethod
    def _known_ranges(cls, ranges: dict[str, dict[str, Range]]) -> dict[str, dict[str, Range]]:
        _refuse_unknown("technique", ranges, TECHNIQUES)
        for name, own in ranges.items():
            _check_ranges(name, own)
        return {
            name: dict(technique.ranges) | ranges.get(name, {})
            for name, technique in TECHNIQUES.items()
        }


def _check_ranges(name: str, ranges: dict[str, Range]) -> None:
    parameters = TECHNIQUES[name].parameters
    _refuse_unknown(f"parameter of {name}", ranges, parameters)
    for parameter, values in ranges.items():
        low, high = parameters[parameter].allowed
        if not all(low <= value <= high for value in values):
            raise ValueError(
                f"{name}.{parameter}: {list(values)} is out of range; accepted: {low:g} to "
                f"{high:g} ({parameters[parameter].meaning})"
            )


def _refuse_unknown(kind: str, given: Iterable[str], accepted: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(accepted))
    if unknown:
        listed = ", ".join(accepted) or "none, it takes no parameters"
        raise ValueError(f"unknown {kind} {', '.join(unknown)}; accepted: {listed}")


class SplitConfig(Section):
    """Shares of the source images; versions of one image, and near-duplicates, are on one side."""

    test: Probability = 0.2  # touched by the scorecard only
    validation: Probability = 0.15  # best checkpoint, early stopping, calibration, search
    # Images whose perceptual hashes differ in at most so many of 256 bits are near-duplicates.
    near_duplicate_bits: int = Field(12, ge=0, le=15)
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> "SplitConfig":
        if not (self.test > 0 and self.validation > 0 and self.test + self.validation < 1):
            raise ValueError("test and validation must be positive and sum to less than 1")
        return self
