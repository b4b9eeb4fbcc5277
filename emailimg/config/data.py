"""Settings of the data: where images come from, how they are decoded, augmented and split."""

from pydantic import Field, field_validator, model_validator

from emailimg import taxonomy
from emailimg.config.section import Probability, Section


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


class ImageConfig(Section):
    """Limits on what is decoded, and the two sizes an image passes through."""

    max_bytes: int = Field(20 * 2**20, ge=1)
    max_pixels: int = Field(50_000_000, ge=1)
    min_side_px: int = Field(16, ge=1)
    working_size_px: int = Field(160, ge=32)  # longer side at which augmentations and edits happen
    model_size_px: int = Field(64, ge=32)  # side of the square that the encoder sees

    @model_validator(mode="after")
    def _working_holds_model(self) -> "ImageConfig":
        if self.working_size_px < self.model_size_px:
            raise ValueError("working_size_px must be at least model_size_px")
        return self


class AugmentConfig(Section):
    """Augmented versions per source image; the original is always kept beside them."""

    copies: int = Field(1, ge=1)  # augmented versions per source image; 1 doubles the images
    # Relative odds of each of the report's blocks; within a block every technique is as likely.
    block_weights: dict[str, float] = Field(
        {
            block: float(len(techniques))
            for block, techniques in taxonomy.AUGMENTATION_BLOCKS.items()
        }
    )
    seed: int = 0

    @field_validator("block_weights")
    @classmethod
    def _known_blocks(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(taxonomy.AUGMENTATION_BLOCKS))
        if unknown:
            accepted = ", ".join(taxonomy.AUGMENTATION_BLOCKS)
            raise ValueError(f"unknown block {', '.join(unknown)}; accepted: {accepted}")
        if min(weights.values(), default=0) < 0 or sum(weights.values()) <= 0:
            raise ValueError("weights must be >= 0 and at least one must be positive")
        return weights


class SplitConfig(Section):
    """Shares of the source images; all versions of one source image are on one side."""

    test: Probability = 0.2  # touched by the scorecard only
    validation: Probability = 0.15  # best checkpoint, early stopping, calibration, search
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> "SplitConfig":
        if not (self.test > 0 and self.validation > 0 and self.test + self.validation < 1):
            raise ValueError("test and validation must be positive and sum to less than 1")
        return self
