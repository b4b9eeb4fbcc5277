"""Random generators that depend on what they are for, never on who runs them.

Every random draw about an image comes from a generator seeded by (seed, purpose, image id), so the
same rows come out whatever the number of workers, blocks or batch size.
"""

import hashlib

import numpy as np


def stable_hash(*parts: object) -> int:
    """A 64-bit hash of the parts' text that is the same on every machine and in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(seed: int, *parts: object) -> np.random.Generator:
    """A NumPy generator for this seed and purpose, e.g. `generator(7, "augment", image_id, 1)`."""
    return np.random.default_rng(stable_hash(seed, *parts))


def unit_interval(seed: int, *parts: object) -> float:
    """One uniform number in [0, 1) for this seed and purpose."""
    return stable_hash(seed, *parts) / 2**64
