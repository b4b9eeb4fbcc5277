"""The pictures that the page shows. Every image is uint8 (H, W, 3) RGB, of any size and aspect."""

from dataclasses import dataclass

import numpy as np

from emailimg.answers import Explanation


@dataclass(frozen=True, kw_only=True)
class GalleryItem:
    """One augmented version of a source image (the report's Figure 2)."""

    augmentation_class: str
    parameters: dict[str, float | int | str]  # as recorded when the technique was applied
    image: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """An example of one confusion: a version that the encoder took for another class."""

    true: str
    said: str
    mistakes: int  # of this confusion, among all test versions
    unavoidable: int  # of them
    reason: str  # of this example: `same_picture`, `either_way` or `avoidable`
    difference: float  # of version and original, mean distance in grey levels of 255
    image: np.ndarray  # what the encoder saw, at model size
    original: np.ndarray  # the same size; the same picture where the class is `original`


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An edit of the upload, or an alternate from the catalogue."""

    title: str
    detail: str
    probability: float  # of the target's success with this image, in [0, 1]
    gain: float  # improvement over the upload, in probability; positive is better for every target
    image: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """One upload with its candidates, best first (the report's Figure 4)."""

    image: np.ndarray
    title: str
    target: str
    campaign_type: str
    industry: str
    probability: float
    true_probability: float | None  # None where labels were observed, not made by a rule
    lower_is_better: bool
    edits: list[Candidate]
    alternates: list[Candidate]
    explanation: Explanation | None = None
