"""Near-duplicates: what counts as the same picture, and groups found without comparing all."""

import hashlib
import itertools

import cv2
import numpy as np
import pytest
from pictures import encode

from emailimg import images, near_duplicates, showroom
from emailimg.config import ImageConfig, SplitConfig

BITS = SplitConfig().near_duplicate_bits
SCENES = [
    images.decode(showroom.render_jpeg(showroom.describe(0, index), 160), ImageConfig())
    for index in range(40)
]


def distance(a: np.ndarray, b: np.ndarray) -> int:
    codes = [np.frombuffer(near_duplicates.perceptual_hash(p), np.uint8) for p in (a, b)]
    return int(np.unpackbits(codes[0] ^ codes[1]).sum())


def shrunk(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (width * 2 // 3, height * 2 // 3), interpolation=cv2.INTER_AREA)


def recompressed(pixels: np.ndarray) -> np.ndarray:
    return images.decode(encode(pixels, "JPEG", quality=30), ImageConfig())


def brightened(pixels: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(pixels, alpha=1.05, beta=6)


@pytest.mark.parametrize("change", [shrunk, recompressed, brightened])
def test_the_same_picture_again_is_near(change) -> None:  # type: ignore[no-untyped-def]
    distances = [distance(pixels, change(pixels)) for pixels in SCENES]
    assert np.quantile(distances, 0.9) <= BITS
    assert max(distances) <= 2 * BITS


def test_other_pictures_of_the_same_kind_are_not() -> None:
    pairs = itertools.combinations(SCENES, 2)
    assert min(distance(a, b) for a, b in pairs) > BITS


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def by_hand(codes: np.ndarray, bits: int) -> dict[str, str]:
    """Groups by comparing everything with everything."""
    group = list(range(len(codes)))
    distances = np.unpackbits(codes[:, None] ^ codes[None], axis=2).sum(axis=2)
    for a, b in np.argwhere(np.triu(distances <= bits, 1)):
        old, new = group[b], group[a]
        group = [new if g == old else g for g in group]
    members = {g: sorted(name(i) for i in range(len(codes)) if group[i] == g) for g in set(group)}
    return {n: names[0] for names in members.values() if len(names) > 1 for n in names}


@pytest.mark.parametrize("bits", [0, 5, 12, near_duplicates.MOST_BITS])
@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_comparing_all_pairs(bits: int, seed: int) -> None:
    """Copies at every distance up to 24 bits, in chains: the bound is met from both sides."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, 256, 32, dtype=np.uint8) for _ in range(40)]
    for flips in [*range(25), *range(25)]:
        bit_numbers = rng.choice(256, flips, replace=False)
        changed = np.unpackbits(codes[rng.integers(len(codes))])
        changed[bit_numbers] ^= 1
        codes.append(np.packbits(changed))
    table = np.stack(codes)
    found = near_duplicates.leaders(
        [name(i) for i in range(len(table))], [code.tobytes() for code in table], bits
    )
    assert found == by_hand(table, bits)


def test_nothing_and_one_image_have_no_near_duplicates() -> None:
    assert near_duplicates.leaders([], [], BITS) == {}
    assert near_duplicates.leaders(["a"], [bytes(32)], BITS) == {}


def test_many_equal_pictures_are_one_group() -> None:
    ids = [name(i) for i in range(500)]
    found = near_duplicates.leaders(ids, [bytes(32)] * 500, BITS)
    assert found == dict.fromkeys(ids, min(ids))
