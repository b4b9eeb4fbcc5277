"""How alike images look: what is peculiar to them counts, and near-duplicates go."""

import numpy as np
import pytest

from emailimg import looks


@pytest.fixture(scope="module")
def pooled() -> np.ndarray:
    """Three kinds of images, ten each, that share most of their features; float16 (30, 200)."""
    rng = np.random.default_rng(0)
    kinds = rng.random((3, 200))
    rows = 5 + np.repeat(kinds, 10, axis=0) + rng.normal(0, 0.1, (30, 200))
    return rows.astype(np.float16)


def test_images_of_one_kind_are_alike(pooled: np.ndarray) -> None:
    found = looks.fit(pooled)
    likeness = found.vectors @ found.of(pooled[4].astype(np.float32))
    assert likeness[4] == pytest.approx(1, abs=1e-3)
    assert likeness[:10].min() > 0.8
    assert likeness[10:].max() < 0.2


def test_one_image_is_enough_to_begin_with() -> None:
    found = looks.fit(np.ones((1, 8), np.float16))
    assert found.vectors.shape == (1, 8)
    assert np.isfinite(found.of(np.ones(8, np.float32))).all()


NONE = np.eye(4, dtype=bool)
MERITS = np.array([1.0, 0.9, 0.8, 0.1])
# The second looks like the first.
VECTORS = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)


@pytest.mark.parametrize(
    ("diversity", "expected"), [(0.0, [0, 1, 2, 3]), (0.3, [0, 2, 1, 3]), (0.7, [0, 3, 2, 1])]
)
def test_diversity_puts_off_what_looks_like_one_before(
    diversity: float, expected: list[int]
) -> None:
    assert looks.select(MERITS, VECTORS, diversity, NONE, 4) == expected


def test_of_two_near_duplicates_the_better_one_stays() -> None:
    forbidden = NONE.copy()
    forbidden[0, 1] = forbidden[1, 0] = True
    assert looks.select(MERITS, None, 0.0, forbidden, 4) == [0, 2, 3]
    assert looks.select(MERITS, None, 0.0, forbidden, 1) == [0]
    assert looks.select(MERITS[:0], None, 0.0, NONE[:0, :0], 3) == []


def test_hashes_that_differ_in_few_bits_are_near_duplicates() -> None:
    one, near, far = bytes(32), bytes([0b111]) + bytes(31), bytes([255]) * 32
    found = looks.near_duplicates([one, near, far], 3)
    np.testing.assert_array_equal(found, [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert not looks.near_duplicates([one, near], 2)[0, 1]
