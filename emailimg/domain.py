"""Is a picture anything like the catalogue's? A distance to it, and where the catalogue ends.

The distance to the k-th nearest training image, between pooled features of unit length (Sun et al.
2022, "Out-of-distribution detection with deep nearest neighbors"): it supposes nothing about how
features are spread. It is given in units of a threshold, within which 99% of the validation images
are, so that more than 1 is out of the catalogue's domain. Predictions there are guesses, however
sure they look.
"""

from dataclasses import dataclass

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from emailimg import seeding
from emailimg.errors import BundleError

FILE = "domain.safetensors"
_INSIDE = 0.99  # share of the validation images within the threshold
_NEIGHBOUR = 10
# References to compare with; Sun et al. lose little with 1% of ImageNet.
_MOST_REFERENCES = 10_000


@dataclass(frozen=True)
class Domain:
    """references: float32 (M, F) of unit length; threshold: distance at which the domain ends."""

    references: np.ndarray
    threshold: float

    def distances(self, pooled: np.ndarray) -> np.ndarray:
        """Pooled features, float32 (N, F) -> distances, float64 (N,); above 1 is outside.

        Raises BundleError when the features have another width.
        """
        width = self.references.shape[1]
        if pooled.shape[1] != width:
            raise BundleError(f"the domain expects {width} pooled features, got {pooled.shape[1]}")
        return _distances(_unit(pooled), self.references) / self.threshold

    def distance(self, pooled: np.ndarray) -> float:
        """`distances` of one image, float32 (F,)."""
        return float(self.distances(pooled[None])[0])

    def to_bytes(self) -> bytes:
        tensors = {
            "references": self.references,
            "threshold": np.array([self.threshold], np.float64),
        }
        return safetensors_numpy.save(tensors)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Domain":
        """What `to_bytes` wrote; raises BundleError for anything else."""
        try:
            tensors = safetensors_numpy.load(data)
            return cls(tensors["references"], float(tensors["threshold"][0]))
        except (SafetensorError, KeyError) as error:
            raise BundleError(f"the description of the domain is damaged: {error}") from None


def fit(train: np.ndarray, validation: np.ndarray, seed: int = 0) -> Domain:
    """The domain of training images, ending where validation images do.

    Both are pooled features, float32 (N, F), validation of images that are not in training.
    """
    if len(train) > _MOST_REFERENCES:
        chosen = seeding.generator(seed, "domain").permutation(len(train))[:_MOST_REFERENCES]
        train = train[np.sort(chosen)]
    references = _unit(train)
    held_out = _distances(_unit(validation), references)
    return Domain(references, float(np.quantile(held_out, _INSIDE, method="higher")))


def _unit(pooled: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    return (pooled / np.maximum(lengths, 1e-12)).astype(np.float32)


def _distances(units: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Euclidean distance of each to its k-th nearest reference, float64 (N,)."""
    squared = np.maximum(0, 2 - 2 * (units @ references.T)).astype(np.float64)
    nearest = min(_NEIGHBOUR, len(references)) - 1
    return np.sqrt(np.partition(squared, nearest, axis=1)[:, nearest])
