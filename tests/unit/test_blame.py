"""The encoder's mistakes in words."""

from typing import Any

import pytest

from emailimg.report import blame

EXPLAINED = {
    "rows": 200,
    "mistakes": 20,
    "unavoidable": 8,
    "reasons": {"same_picture": 5, "either_way": 3},
    "accuracy": 0.9,
    "forgiven": 0.94,
    "ceiling": 0.96,
}


def test_the_summary_says_what_could_not_be_helped_and_what_that_leaves() -> None:
    text = blame.summary(EXPLAINED)
    for words in ("20 of 200 answers", "8 of them", "5 because", "3 because", "90.0%", "94.0%"):
        assert words in text
    assert "would reach 96.0%" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mistakes": 0, "unavoidable": 0}, "All 200 answers are right"),
        ({"unavoidable": 0}, "Nothing was found that would excuse any"),
    ],
)
def test_with_nothing_to_forgive_it_says_so(changes: dict[str, Any], words: str) -> None:
    assert words in blame.summary(EXPLAINED | changes)


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        ({"told_apart": True, "encoder": {"right": 0.9, "standard_error": 0.02}, "probe": None},
         "the encoder is right in 90% ± 2%"),
        ({"told_apart": True, "encoder": {"right": 0.5, "standard_error": 0.03},
          "probe": {"right": 0.8, "standard_error": 0.02}},
         "the encoder has yet to learn it"),
        ({"told_apart": False, "encoder": {"right": 0.5, "standard_error": 0.03},
          "probe": {"right": 0.51, "standard_error": 0.02}, "mistakes": 4},
         "nobody could tell"),
        ({"told_apart": False, "encoder": None, "probe": None, "mistakes": 0}, "too few rows"),
    ],
)  # fmt: skip
def test_pairs_that_might_look_alike(judged: dict[str, Any], words: str) -> None:
    assert words in blame.twin(judged)


@pytest.mark.parametrize(
    ("mistakes", "unavoidable", "words"),
    [
        (1, 1, "once"),
        (12, 0, "12 times"),
        (12, 3, "12 times, 3 unavoidable"),
        (12, 12, "12 times, all unavoidable"),
    ],
)
def test_the_share_of_a_confusion(mistakes: int, unavoidable: int, words: str) -> None:
    assert blame.share(mistakes, unavoidable) == words
