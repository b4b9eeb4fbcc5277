"""How alike images look, for suggestions that resemble the upload or differ among themselves.

Likeness is the cosine between what is peculiar to two images in the encoder's pooled features:
these less the catalogue's mean, by their first principal components. So 1 is the same look, 0 no
more alike than any two, -1 the opposite. A hundred thousand images are compared with an upload in
milliseconds. Near-duplicates are found by perceptual hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

_COMPONENTS = 64
_MOST_ROWS = 4_000  # more do not change the components, and take seconds at every start


@dataclass(frozen=True)
class Looks:
    """Pooled features of N images, reduced; vectors: float32 (N, C) of unit length.

    centre: float32 (F,); basis: float32 (F, C).
    """

    vectors: np.ndarray
    centre: np.ndarray
    basis: np.ndarray

    def of(self, pooled: np.ndarray) -> np.ndarray:
        """The vector, float32 (C,), of another image's pooled features, float32 (F,)."""
        return _unit((_unit(pooled[None]) - self.centre) @ self.basis)[0]


def fit(pooled: np.ndarray) -> Looks:
    """Reduce pooled features, float (N, F), N > 0."""
    unit = _unit(pooled.astype(np.float32))
    sample = unit[:: -(-len(unit) // _MOST_ROWS)]
    centre = sample.mean(axis=0)
    spread = sample - centre
    width = spread.shape[1]
    largest = [max(0, width - _COMPONENTS), width - 1]
    _, basis = eigh(spread.T @ spread, subset_by_index=largest)
    return Looks(_unit((unit - centre) @ basis), centre, basis)


def select(
    merits: np.ndarray, vectors: np.ndarray | None, diversity: float, forbidden: np.ndarray, k: int
) -> list[int]:
    """Positions of up to `k` candidates, best first, that are not too alike.

    Each next one has the most of (1 - diversity) * merit - diversity * likeness to the nearest one
    before (maximal marginal relevance: Carbonell & Goldstein, 1998). merits: (N,), at most 1;
    vectors: float32 (N, C), None where diversity is 0; forbidden: bool (N, N), pairs of which one
    is enough.
    """
    left = np.ones(len(merits), bool)
    nearest = np.full(len(merits), -1.0)
    chosen: list[int] = []
    while left.any() and len(chosen) < k:
        value = (1 - diversity) * merits - diversity * nearest
        best = int(np.argmax(np.where(left, value, -np.inf)))
        chosen.append(best)
        left &= ~forbidden[best]
        left[best] = False
        if vectors is not None:
            nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen


def near_duplicates(hashes: Sequence[bytes], bits: int) -> np.ndarray:
    """Which of N perceptual hashes differ in at most `bits` bits, bool (N, N)."""
    codes = np.frombuffer(b"".join(hashes), np.uint64).reshape(len(hashes), -1)
    apart = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2, dtype=np.int64)
    return apart <= bits


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
