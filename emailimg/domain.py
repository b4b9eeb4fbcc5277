"""Is a picture anything like the catalogue's? A distance to it, and where the catalogue ends.

The distance is Mahalanobis' to the nearest class of training images (Lee et al. 2018, "A simple
unified framework for detecting out-of-distribution samples"), between pooled features of unit
length. Classes are the augmentation classes: the encoder is trained to tell versions of a picture
apart, so that an edited picture is far from every original without being strange. Some classes
spread more than others, and all share one covariance, so each class's distances are counted in
units of what is usual for its validation images.

The result is in units of a threshold, within which 99% of the validation images are: above 1 an
image is out of the domain, and its predictions are guesses, however sure they look.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from emailimg.errors import BundleError

FILE = "domain.safetensors"

_INSIDE = 0.99  # share of the validation images within the threshold
# How far the covariance is drawn to a sphere, in shares of its mean variance: features of few
# hundred images leave most directions unknown.
_SHRINKAGE = 0.3
# Classes with fewer images are taken together.
_FEWEST_TRAINING, _FEWEST_VALIDATION = 20, 5
_OTHERS = "others"
_MOST_TRAINING = 20_000


@dataclass(frozen=True)
class Domain:
    """Where the catalogue is, for F pooled features and K classes.

    whitening: float32 (F, F), makes distances Mahalanobis'; centres: float32 (K, F), whitened;
    scales: float32 (K,), the usual distance within a class; threshold: float32 (1,).
    """

    whitening: np.ndarray
    centres: np.ndarray
    scales: np.ndarray
    threshold: np.ndarray

    def distances(self, pooled: np.ndarray) -> np.ndarray:
        """Pooled features, float32 (N, F) -> distances, float64 (N,); above 1 is outside.

        Raises BundleError when the features have another width.
        """
        width = len(self.whitening)
        if pooled.shape[1] != width:
            raise BundleError(f"the domain expects {width} pooled features, got {pooled.shape[1]}")
        to_classes = _distances(_unit(pooled) @ self.whitening, self.centres) / self.scales
        return to_classes.min(axis=1) / self.threshold.astype(np.float64)

    def distance(self, pooled: np.ndarray) -> float:
        """`distances` of one image, float32 (F,)."""
        return float(self.distances(pooled[None])[0])

    def to_bytes(self) -> bytes:
        return safetensors_numpy.save(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Domain":
        """What `to_bytes` wrote; raises BundleError for anything else."""
        try:
            return cls(**safetensors_numpy.load(data))
        except (SafetensorError, TypeError) as error:
            raise BundleError(f"the description of the domain is damaged: {error}") from None


def fit(
    train: np.ndarray,
    train_classes: Sequence[str],
    validation: np.ndarray,
    validation_classes: Sequence[str],
) -> Domain:
    """The domain of training images, ending where validation images do.

    Both are pooled features, float32 (N, F), with the augmentation class of each; validation
    images have no version in training.
    """
    every = -(-len(train) // _MOST_TRAINING)
    train, train_classes = train[::every], list(train_classes)[::every]
    names = _enough(train_classes, _FEWEST_TRAINING) & _enough(validation_classes, 1)
    own, held_out = (_grouped(c, names) for c in (train_classes, validation_classes))
    groups = sorted(set(own.tolist()))
    units = _unit(train)
    means = np.stack([units[own == group].mean(axis=0) for group in groups])
    whitening = _whitening(units - means[[groups.index(group) for group in own]])
    centres = (means @ whitening).astype(np.float32)
    to_classes = _distances(_unit(validation) @ whitening, centres)
    scales = _scales(to_classes, groups, held_out)
    ratios = (to_classes / scales).min(axis=1)
    threshold = np.quantile(ratios, _INSIDE, method="higher")
    # Rounded up, so that the image at the threshold itself is inside.
    rounded = np.nextafter(np.array([threshold], np.float32), np.float32(np.inf))
    return Domain(whitening, centres, scales, rounded)


def _enough(classes: Sequence[str], fewest: int) -> set[str]:
    return {name for name, count in Counter(classes).items() if count >= fewest}


def _grouped(classes: Sequence[str], names: set[str]) -> np.ndarray:
    return np.array([name if name in names else _OTHERS for name in classes])


def _whitening(deviations: np.ndarray) -> np.ndarray:
    """A matrix, float32 (F, F), that gives features the shrunk covariance's inverse as metric."""
    covariance = deviations.T.astype(np.float64) @ deviations / len(deviations)
    mean_variance = max(np.trace(covariance) / len(covariance), 1e-12)
    covariance += _SHRINKAGE * mean_variance * np.eye(len(covariance))
    return np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)


def _scales(to_classes: np.ndarray, groups: list[str], held_out: np.ndarray) -> np.ndarray:
    """Median distance of each class's own validation images, or, of too few, of the nearest."""
    usual = max(float(np.median(to_classes.min(axis=1))), 1e-12)
    scales = []
    for position, group in enumerate(groups):
        own = to_classes[held_out == group, position]
        scales.append(np.median(own) if len(own) >= _FEWEST_VALIDATION else usual)
    return np.maximum(np.array(scales), 1e-12).astype(np.float32)


def _unit(pooled: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    return (pooled / np.maximum(lengths, 1e-12)).astype(np.float32)


def _distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Euclidean distances, float64 (N, K)."""
    inner = points.astype(np.float64) @ centres.T
    squares = (points.astype(np.float64) ** 2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    return np.sqrt(np.maximum(0, squares - 2 * inner))
