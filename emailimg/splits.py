"""The three sides of the split, and where a stage's output keeps each.

All versions of one source image are on one side, because the side follows from the source's id.
"""

from typing import Literal

from emailimg import seeding, storage
from emailimg.config import SplitConfig

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def split_of(config: SplitConfig, source_id: str) -> Split:
    """The side that all versions of this source image are on; stable as the catalogue grows."""
    position = seeding.unit_interval(config.seed, "split", source_id)
    if position < config.test:
        return "test"
    return "validation" if position < config.test + config.validation else "train"


def folder(location: str, split: Split) -> str:
    """Where Ray Data's Hive partitioning puts one side of a stage's output."""
    return storage.join(location, f"split={split}")
