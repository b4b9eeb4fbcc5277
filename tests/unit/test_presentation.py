"""Answers as text and as files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import picture

from emailimg import images, presentation
from emailimg.answers import Alternate, Recommendation, Score, SuggestedEdit
from emailimg.config import ImageConfig

SCORE = Score(
    image_id="ab12",
    target="open_rate",
    campaign_type="Survey",
    industry="Retail",
    probabilities={"open_rate": 0.425},
    attributes_seen={"augmentation_class": "original", "vehicle_type": "SUV"},
)
BRIGHTER = SuggestedEdit("brighter", {"brightness": 0.25}, 0.675, 0.25, picture(60, 90))
BLURRED = SuggestedEdit("motion_blur", {"extent": 0.1}, 0.5, 0.075, picture(40, 40, 1))
ALTERNATE = Alternate(
    image_id="cd34",
    file_name="0007.jpg",
    class_name="BMW X5 SUV 2007",
    vehicle_type="SUV",
    year=2007,
    campaign_type=None,
    industry="Retail",
    probability=0.9,
    gain=0.475,
    thumbnail=images.encode_jpeg(picture(30, 40)),
)
ANSWER = Recommendation(SCORE, [BRIGHTER, BLURRED], [ALTERNATE], "industry", 17)


def test_a_score_in_text() -> None:
    all_targets = replace(
        SCORE, target="all", probabilities={"open_rate": 0.425, "bounce_rate": 0.02}
    )
    lines = presentation.score_text(all_targets).splitlines()
    assert [line.split() for line in lines[:2]] == [["open_rate", "42.5%"], ["bounce_rate", "2.0%"]]
    assert lines[2].split(maxsplit=1)[1] == "augmentation class original, vehicle type SUV"


def test_a_recommendation_in_text() -> None:
    lines = presentation.recommendation_text(ANSWER).splitlines()
    assert lines[0] == "open_rate for Survey, Retail: 42.5%"
    found = [line.split() for line in lines if " pp " in line]
    assert found == [
        ["67.5%", "+25.0", "pp", "brighter"],
        ["50.0%", "+7.5", "pp", "motion", "blur"],
        ["90.0%", "+47.5", "pp", "BMW", "X5", "SUV", "2007"],
    ]
    assert "alternates, of 17 images (industry)" in lines


def test_where_nothing_is_better_it_says_so() -> None:
    text = presentation.recommendation_text(replace(ANSWER, edits=[], alternates=[]))
    assert "no edit of this image is better" in text
    assert "none is better" in text
    assert " pp " not in text


@pytest.mark.parametrize(("target", "lower"), [("open_rate", False), ("bounce_rate", True)])
def test_lower_is_better_is_said_where_it_is(target: str, lower: bool) -> None:
    score = replace(SCORE, target=target, probabilities={target: 0.4})
    text = presentation.recommendation_text(replace(ANSWER, score=score))
    assert ("(lower is better)" in text) == lower


def test_an_alternate_without_a_name_is_called_by_its_file() -> None:
    unnamed = replace(ANSWER, alternates=[replace(ALTERNATE, class_name=None)])
    assert "0007.jpg" in presentation.recommendation_text(unnamed)


def test_pictures_are_written_in_the_order_of_the_ranking(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    presentation.write_pictures(ANSWER, folder)
    assert sorted(file.name for file in folder.iterdir()) == [
        "alternate-1.jpg",
        "edit-1-brighter.jpg",
        "edit-2-motion_blur.jpg",
    ]
    limits = ImageConfig()
    edit = images.decode((folder / "edit-1-brighter.jpg").read_bytes(), limits)
    assert np.abs(edit.astype(int) - BRIGHTER.image).mean() < 8
    assert (folder / "alternate-1.jpg").read_bytes() == ALTERNATE.thumbnail
