"""Ranking: better first in the target's own direction, one edit per class, widening scopes."""

import numpy as np
import pandas as pd
import pytest

from emailimg import taxonomy
from emailimg.config import AugmentConfig
from emailimg.recommend import EDIT_STRENGTHS, Edit, candidate_edits, eligible, rank, rank_edits
from emailimg.techniques import TECHNIQUES


def positions(target: str, upload: float, probabilities: list[float], k: int) -> list[int]:
    return [ranked.position for ranked in rank(target, upload, probabilities, k)]


@pytest.mark.parametrize(
    ("target", "upload", "probabilities", "k", "expected"),
    [
        ("open_rate", 0.5, [0.4, 0.9, 0.6, 0.7], 9, [1, 3, 2]),
        ("open_rate", 0.5, [0.4, 0.9, 0.6, 0.7], 2, [1, 3]),
        ("open_rate", 0.5, [0.4, 0.5], 9, []),
        ("open_rate", 0.5, [0.7, 0.8, 0.7], 9, [1, 0, 2]),  # ties keep their order
        ("open_rate", 0.5, [], 9, []),
        ("open_rate", 0.5, [0.9], 0, []),
        ("unsubscribe_rate", 0.5, [0.4, 0.9, 0.1, 0.7], 9, [2, 0]),
        ("bounce_rate", 0.5, [0.5, 0.6], 9, []),
    ],
)
def test_better_candidates_come_first(
    target: str, upload: float, probabilities: list[float], k: int, expected: list[int]
) -> None:
    assert positions(target, upload, probabilities, k) == expected
    assert positions(target, upload, np.array(probabilities), k) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("target", taxonomy.TARGETS)
def test_gain_is_positive_whichever_way_is_better(target: str) -> None:
    [first, *_] = rank(target, 0.5, [0.2, 0.9], 2)
    lower = target in ("unsubscribe_rate", "bounce_rate")
    assert first.probability == (0.2 if lower else 0.9)
    assert first.gain == pytest.approx(0.3 if lower else 0.4)


def test_each_technique_is_recommended_once_at_its_best_strength() -> None:
    edits = [Edit(name, {}) for name in ("rotate", "blur", "rotate", "blur", "clahe")]
    ranked = rank_edits("open_rate", 0.3, edits, [0.5, 0.4, 0.8, 0.45, 0.1], k=5)
    assert [(edits[r.position].augmentation_class, r.probability) for r in ranked] == [
        ("rotate", 0.8),
        ("blur", 0.45),
    ]
    assert len(rank_edits("open_rate", 0.3, edits, [0.5, 0.4, 0.8, 0.45, 0.1], k=1)) == 1
    lowest = rank_edits("bounce_rate", 0.3, edits, [0.5, 0.2, 0.1, 0.05, 0.29], k=5)
    assert [r.position for r in lowest] == [3, 2, 4]


def test_candidate_edits_try_every_technique_at_its_strengths_and_in_both_directions() -> None:
    edits = candidate_edits(AugmentConfig())
    for name, technique in TECHNIQUES.items():
        mine = [edit.parameters for edit in edits if edit.augmentation_class == name]
        strengths = len(EDIT_STRENGTHS) if technique.ranges else 1
        assert len(mine) == strengths * (2 if technique.signed else 1)
        assert len({str(parameters) for parameters in mine}) == len(mine), "no edit twice"
    assert taxonomy.ORIGINAL not in {edit.augmentation_class for edit in edits}


CATALOGUE = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "e", "f"],
        "campaign_type": ["Survey", "Survey", "Webinar", None, "Webinar", "Survey"],
        "industry": ["Retail", "Retail", "Retail", "Retail", "Energy", None],
    }
)


@pytest.mark.parametrize(
    ("campaign_type", "industry", "at_least", "exclude", "expected", "scope"),
    [
        ("Survey", "Retail", 4, None, "abdf", "campaign type and industry"),
        ("Survey", "Retail", 5, None, "abcdf", "industry"),
        ("Survey", "Retail", 6, None, "abcdef", "whole catalogue"),
        ("Survey", "Retail", 99, None, "abcdef", "whole catalogue"),
        ("Webinar", "Energy", 1, None, "e", "campaign type and industry"),
        ("Newsletter", "Energy", 1, None, "ef", "industry"),
        ("Newsletter", "Healthcare", 2, None, "abcdef", "whole catalogue"),
        ("Survey", "Retail", 3, "a", "bdf", "campaign type and industry"),
        ("Survey", "Retail", 4, "a", "bcdf", "industry"),
        ("Survey", "Retail", 9, "a", "bcdef", "whole catalogue"),
        ("Survey", "Retail", 4, "not there", "abdf", "campaign type and industry"),
    ],
)
def test_the_narrowest_scope_with_enough_images(
    campaign_type: str,
    industry: str,
    at_least: int,
    exclude: str | None,
    expected: str,
    scope: str,
) -> None:
    rows, found = eligible(
        CATALOGUE, campaign_type, industry, at_least=at_least, exclude_image_id=exclude
    )
    assert "".join(CATALOGUE["image_id"].iloc[rows]) == expected
    assert found == scope


def test_row_numbers_are_positions_not_labels() -> None:
    """They index the embeddings, whatever the table's own index says."""
    turned = CATALOGUE.set_index(pd.Index([50, 40, 30, 20, 10, 0]))
    rows, _ = eligible(turned, "Webinar", "Energy", at_least=1)
    assert rows.tolist() == [4]


def test_an_empty_catalogue_has_nothing_to_offer() -> None:
    rows, scope = eligible(CATALOGUE.head(0), "Survey", "Retail", at_least=1)
    assert len(rows) == 0
    assert scope == "whole catalogue"
