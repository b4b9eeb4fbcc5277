"""The three sides of the split, and where a stage's output keeps each.

All versions of one source image are on one side, because the side follows from the source's id;
and so are near-duplicates, which follow the one among them with the smallest id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from emailimg import near_duplicates, seeding, storage
from emailimg.config import SplitConfig

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Sides:
    """Which side each source image is on.

    leader_of: for images with near-duplicates, the image whose side all of them share.
    """

    config: SplitConfig
    leader_of: Mapping[str, str] = field(default_factory=dict)

    def of(self, source_id: str) -> Split:
        """The side that all versions of this source image are on; stable as the catalogue grows."""
        leader = self.leader_of.get(source_id, source_id)
        position = seeding.unit_interval(self.config.seed, "split", leader)
        if position < self.config.test:
            return "test"
        return "validation" if position < self.config.test + self.config.validation else "train"


def assign(config: SplitConfig, image_ids: Sequence[str], hashes: Sequence[bytes]) -> Sides:
    """The sides of a catalogue's images, given their perceptual hashes."""
    return Sides(config, near_duplicates.leaders(image_ids, hashes, config.near_duplicate_bits))


def folder(location: str, split: Split) -> str:
    """Where Ray Data's Hive partitioning puts one side of a stage's output."""
    return storage.join(location, f"split={split}")
