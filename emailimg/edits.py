"""Edits of an upload that may be suggested: every technique at a few strengths.

An edit is a technique with its parameters, so it travels as a few numbers and not as a picture.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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

    The augmentation class may be in any spelling.

    Only they are made on request: other parameters could cost any time and memory.
    """
    names = tuple(dict.fromkeys(edit.augmentation_class for edit in edits))
    name = taxonomy.parse(augmentation_class, names, "augmentation class of an edit")
    of_class = [edit for edit in edits if edit.augmentation_class == name]
    for edit in of_class:
        if edit.parameters == parameters:
            return edit
    settings = tuple(json.dumps(edit.parameters) for edit in of_class)
    message = f"no edit of augmentation class {name!r} has these parameters"
    raise TaxonomyError(f"{message}; accepted: {'; '.join(settings)}", settings)


def apply(edit: Edit, pixels: np.ndarray) -> np.ndarray:
    """The edited picture, uint8 (H, W, 3) RGB like the picture itself."""
    # Only the processes that make edits pay for the import of Albumentations, and of torch with it.
    from emailimg import augment

    return augment.apply(edit.augmentation_class, edit.parameters, pixels)
