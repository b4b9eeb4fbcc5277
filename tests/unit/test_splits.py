"""The split: by source image and its near-duplicates, in proportion, stable as images come."""

import hashlib
from collections import Counter

import pytest

from emailimg import splits
from emailimg.config import SplitConfig
from emailimg.splits import Sides

IDS = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(4000)]


@pytest.mark.parametrize(("test", "validation"), [(0.2, 0.15), (0.5, 0.4), (0.05, 0.05)])
def test_shares_are_as_configured(test: float, validation: float) -> None:
    config = SplitConfig(test=test, validation=validation)
    counts = Counter(Sides(config).of(image_id) for image_id in IDS)
    shares = {"test": test, "validation": validation, "train": 1 - test - validation}
    for split in splits.SPLITS:
        share = shares[split]
        error = (share * (1 - share) / len(IDS)) ** 0.5
        assert counts[split] / len(IDS) == pytest.approx(share, abs=4 * error)


def test_the_side_depends_on_the_seed_and_the_id_alone() -> None:
    config = SplitConfig()
    sides = [Sides(config).of(image_id) for image_id in IDS[:200]]
    assert sides == [Sides(SplitConfig()).of(image_id) for image_id in IDS[:200]]
    assert sides != [Sides(SplitConfig(seed=1)).of(image_id) for image_id in IDS[:200]]


def test_a_larger_validation_share_moves_no_test_image() -> None:
    """The test side stays what it was when only the rest is divided anew."""
    small, large = SplitConfig(validation=0.1), SplitConfig(validation=0.3)
    for image_id in IDS[:500]:
        before, after = Sides(small).of(image_id), Sides(large).of(image_id)
        assert (before == "test") == (after == "test")
        assert before == after or (before, after) == ("train", "validation")


def test_folders_are_those_of_hive_partitioning() -> None:
    assert splits.folder("/data/examples", "test") == "/data/examples/split=test"
    assert splits.folder("s3://b/examples/", "train") == "s3://b/examples/split=train"


def test_near_duplicates_share_the_side_of_the_smallest_id() -> None:
    alike = bytes(32)
    other = bytes(range(0, 256, 8))
    for seed in range(40):
        hashes = [alike, other, alike]
        sides = splits.assign(SplitConfig(seed=seed), ["b", "c", "a"], hashes)
        assert sides.leader_of == {"a": "a", "b": "a"}
        assert sides.of("b") == sides.of("a") == Sides(SplitConfig(seed=seed)).of("a")
        assert sides.of("c") == Sides(SplitConfig(seed=seed)).of("c")
