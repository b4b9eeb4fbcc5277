"""Ranking, without models or Ray: which edits and which alternates are better than the upload."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emailimg import taxonomy
from emailimg.config import AugmentConfig
from emailimg.errors import TaxonomyError
from emailimg.techniques import TECHNIQUES, Parameters

# Each technique is tried at these strengths, from mild (0) to strong (1).
EDIT_STRENGTHS = (0.25, 0.75)


@dataclass(frozen=True)
class Edit:
    """A change to make to the upload: one technique with its parameters."""

    augmentation_class: str
    parameters: Parameters


@dataclass(frozen=True)
class Ranked:
    """Position in the list of candidates, its probability, and how much better than the upload.

    gain is in probability; positive is better, whether the target should be high or low.
    """

    position: int
    probability: float
    gain: float


def candidate_edits(config: AugmentConfig) -> list[Edit]:
    """Every technique at a few strengths of its range and, where it has one, in both directions."""
    edits: list[Edit] = []
    for name, technique in TECHNIQUES.items():
        strengths = EDIT_STRENGTHS if technique.ranges else (0.0,)
        signs = (1, -1) if technique.signed else (1,)
        ranges = config.ranges[name]
        edits += [
            Edit(name, technique.at(ranges, strength, sign))
            for strength in strengths
            for sign in signs
        ]
    return edits


def find_edit(edits: Sequence[Edit], augmentation_class: str, parameters: Parameters) -> Edit:
    """The one of these edits that is meant; raises TaxonomyError listing what there is.

    Only they are made on request: other parameters could cost any time and memory.
    """
    of_class = [edit for edit in edits if edit.augmentation_class == augmentation_class]
    for edit in of_class:
        if edit.parameters == parameters:
            return edit
    names = tuple(dict.fromkeys(edit.augmentation_class for edit in edits))
    settings = tuple(json.dumps(edit.parameters) for edit in of_class)
    if not of_class:
        message = f"no edit is of augmentation_class {augmentation_class!r}"
        raise TaxonomyError(f"{message}; accepted: {', '.join(names)}", names)
    message = f"no edit of augmentation_class {augmentation_class!r} has these parameters"
    raise TaxonomyError(f"{message}; accepted: {'; '.join(settings)}", settings)


def rank(
    target: str, upload_probability: float, probabilities: Sequence[float] | np.ndarray, k: int
) -> list[Ranked]:
    """The up to `k` candidates that beat the upload, best first.

    For targets where lower is better (unsubscribes, bounces) the lowest probability is best.
    """
    sign = -1 if target in taxonomy.LOWER_IS_BETTER else 1
    gains = sign * (np.asarray(probabilities, dtype=float) - upload_probability)
    best = np.argsort(-gains, kind="stable")[:k]
    return [Ranked(int(i), float(probabilities[i]), float(gains[i])) for i in best if gains[i] > 0]


def rank_edits(
    target: str,
    upload_probability: float,
    edits: Sequence[Edit],
    probabilities: Sequence[float] | np.ndarray,
    k: int,
) -> list[Ranked]:
    """Like `rank`, with each technique once, at its best strength."""
    ranked = rank(target, upload_probability, probabilities, len(edits))
    seen: set[str] = set()
    best = []
    for candidate in ranked:
        name = edits[candidate.position].augmentation_class
        if name not in seen:
            seen.add(name)
            best.append(candidate)
    return best[:k]


def eligible(
    rows: pd.DataFrame,
    campaign_type: str,
    industry: str,
    *,
    at_least: int,
    exclude_image_id: str | None = None,
) -> tuple[np.ndarray, str]:
    """Row numbers of the catalogue images to choose from, and in words how far they match.

    The narrowest of these with `at_least` images: made for this campaign type and industry; for
    this industry; the whole catalogue. An image without a campaign type or industry fits any.
    Filtering comes before the search, so no better image is lost to a cut-off. The upload itself,
    if it is in the catalogue, is left out.
    """
    other = (rows["image_id"] != exclude_image_id).to_numpy()
    campaign = (rows["campaign_type"].isna() | (rows["campaign_type"] == campaign_type)).to_numpy()
    trade = (rows["industry"].isna() | (rows["industry"] == industry)).to_numpy()
    scopes = {
        "campaign type and industry": other & campaign & trade,
        "industry": other & trade,
        "whole catalogue": other,
    }
    enough = (scope for scope, mask in scopes.items() if mask.sum() >= at_least)
    scope = next(enough, "whole catalogue")
    return np.flatnonzero(scopes[scope]), scope
