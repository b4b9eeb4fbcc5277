"""Edits that may be suggested: every technique, and nothing else on request."""

import numpy as np
import pytest

from emailimg import augment, taxonomy
from emailimg.config import AugmentConfig
from emailimg.edits import EDIT_STRENGTHS, apply, candidate_edits, find_edit
from emailimg.errors import TaxonomyError
from emailimg.techniques import TECHNIQUES

EDITS = candidate_edits(AugmentConfig())


def test_they_try_every_technique_at_its_strengths_and_in_both_directions() -> None:
    for name, technique in TECHNIQUES.items():
        mine = [edit.parameters for edit in EDITS if edit.augmentation_class == name]
        strengths = len(EDIT_STRENGTHS) if technique.ranges else 1
        assert len(mine) == strengths * (2 if technique.signed else 1)
        assert len({str(parameters) for parameters in mine}) == len(mine), "no edit twice"
    assert taxonomy.ORIGINAL not in {edit.augmentation_class for edit in EDITS}


def test_an_edit_is_found_by_what_an_answer_said_of_it() -> None:
    for edit in EDITS:
        assert find_edit(EDITS, edit.augmentation_class, dict(edit.parameters)) == edit


@pytest.mark.parametrize(
    ("name", "parameters", "accepted"),
    [
        ("melt", {}, "brighter"),
        ("brighter", {"brightness": 1e9}, '{"brightness"'),
        ("blur", {"sigma": float("nan")}, "blur_limit|kernel|share|{"),
    ],
)
def test_others_are_refused_with_those_there_are(
    name: str, parameters: dict[str, float], accepted: str
) -> None:
    with pytest.raises(TaxonomyError, match=name) as raised:
        find_edit(EDITS, name, parameters)
    assert raised.value.accepted
    assert any(part in str(raised.value) for part in accepted.split("|"))


def test_an_edited_picture_is_the_techniques() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for edit in EDITS:
        expected = augment.apply(edit.augmentation_class, edit.parameters, pixels)
        np.testing.assert_array_equal(apply(edit, pixels), expected)
