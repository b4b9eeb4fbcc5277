"""Near-duplicates: the same picture again, resized, recompressed or slightly retouched.

Two of them on different sides of the split would leak, so they are found by a perceptual hash:
the signs of a picture's low frequencies (the DCT hash of Zauner, "Implementation and Benchmarking
of Perceptual Image Hash Functions", 2010, with 256 bits in place of 64). On rendered pictures of
one kind of scene a resized or recompressed copy differs in at most 8 bits, the two most alike of
1,000 different pictures in 28; 64 bits do not tell these apart.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_SIDE = 16  # frequencies per direction
_HASH_BYTES = _SIDE * _SIDE // 8
_BANDS = _HASH_BYTES // 2  # of 16 bits

# Codes that differ in fewer bits than there are bands agree in at least one band (pigeonhole), so
# only codes that share a band need comparing.
MOST_BITS = _BANDS - 1

_ONES = np.array([bin(value).count("1") for value in range(2**16)], np.uint8)


def perceptual_hash(pixels: np.ndarray) -> bytes:
    """uint8 (H, W, 3) RGB -> 32 bytes; look-alikes differ in few of the 256 bits."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (4 * _SIDE, 4 * _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_SIDE, :_SIDE]
    return np.packbits(low > np.median(low)).tobytes()


def leaders(image_ids: Sequence[str], hashes: Sequence[bytes], bits: int) -> dict[str, str]:
    """For every image that has near-duplicates, the smallest id among it and them.

    Near-duplicates differ in at most `bits` (0 to MOST_BITS) bits, or a chain of such joins them.
    """
    assert 0 <= bits <= MOST_BITS
    if not len(hashes):
        return {}
    codes = np.frombuffer(b"".join(hashes), np.uint16).reshape(-1, _BANDS)
    pairs = [np.empty((2, 0), np.int64), *_close_pairs(codes, bits)]
    left, right = np.concatenate(pairs, axis=1)
    graph = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(len(codes),) * 2)
    _, component = connected_components(graph, directed=False)
    return _smallest_ids(np.asarray(image_ids, dtype=object), component)


def _close_pairs(codes: np.ndarray, bits: int) -> Iterator[np.ndarray]:
    """Row numbers, int64 (2, M) at a time, of codes that share a band and are close as a whole."""
    for band in range(_BANDS):
        order = np.argsort(codes[:, band], kind="stable")
        values = codes[order, band]
        for shift in range(1, len(values)):
            same = values[shift:] == values[:-shift]
            if not same.any():
                break  # no run of equal values is longer
            left, right = order[:-shift][same], order[shift:][same]
            close = _ONES[codes[left] ^ codes[right]].sum(axis=1, dtype=np.int64) <= bits
            yield np.stack([left[close], right[close]])


def _smallest_ids(image_ids: np.ndarray, component: np.ndarray) -> dict[str, str]:
    sizes = np.bincount(component)
    smallest: dict[int, str] = {}
    shared = np.flatnonzero(sizes[component] > 1)
    for row in sorted(shared, key=lambda row: image_ids[row]):
        smallest.setdefault(int(component[row]), image_ids[row])
    return {image_ids[row]: smallest[int(component[row])] for row in shared}
