"""Answers as text and as files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import picture

from emailimg import images, presentation
from emailimg.answers import (
    Alternate,
    Contribution,
    Explanation,
    HeatMap,
    Recommendation,
    Score,
    SuggestedEdit,
)
from emailimg.config import ImageConfig
from emailimg.recommender import Wishes

SCORE = Score(
    image_id="ab12",
    target="open_rate",
    campaign_type="Survey",
    industry="Retail",
    vehicle_type=None,
    probabilities={"open_rate": 0.425},
    intervals={"open_rate": (0.38, 0.481)},
    attributes_seen={"augmentation_class": "original", "vehicle_type": "SUV"},
)
BRIGHTER = SuggestedEdit(
    "brighter", {"brightness": 0.25}, 0.675, (0.6, 0.74), 0.25, 0.991, picture(60, 90)
)
BLURRED = SuggestedEdit(
    "motion_blur", {"extent": 0.1}, 0.5, (0.5, 0.5), 0.075, None, picture(40, 40, 1)
)
ALTERNATE = Alternate(
    image_id="cd34",
    file_name="0007.jpg",
    class_name="BMW X5 SUV 2007",
    make="BMW",
    vehicle_type="SUV",
    year=2007,
    campaign_type=None,
    industry="Retail",
    probability=0.9,
    interval=(0.85, 0.94),
    gain=0.475,
    probability_better=0.998,
    similarity=0.4,
    thumbnail=images.encode_jpeg(picture(30, 40)),
)
EXPLANATION = Explanation(
    score=SCORE,
    base_log_odds=-1.0,
    contributions=[
        Contribution("augmentation_class", "attribute", "motion_blur", 0.8),
        Contribution("vehicle_type", "attribute", "SUV", 0.0),
        Contribution("campaign_type", "context", "Survey", -0.2),
        Contribution("calibration", "calibration", None, 0.098),
    ],
    image=picture(40, 60),
    heat_map=HeatMap("augmentation_class", "motion_blur", np.eye(40, 60, dtype=np.float32)),
)
ANSWER = Recommendation(SCORE, [BRIGHTER, BLURRED], [ALTERNATE], "industry", 17)


CAR = ["BMW", "X5", "SUV", "2007"]


def test_a_score_in_text() -> None:
    all_targets = replace(
        SCORE,
        target="all",
        probabilities={"open_rate": 0.425, "bounce_rate": 0.02},
        intervals=SCORE.intervals | {"bounce_rate": (0.02, 0.02)},
    )
    lines = presentation.score_text(all_targets).splitlines()
    assert lines[0].split(maxsplit=2)[1:] == ["42.5%", "38.0% to 48.1% in nine of ten cases"]
    assert lines[1].split() == ["bounce_rate", "2.0%"], "no interval was made"
    assert lines[2].split(maxsplit=1)[1] == "augmentation class original, vehicle type SUV"


def test_a_recommendation_in_text() -> None:
    lines = presentation.recommendation_text(ANSWER, Wishes()).splitlines()
    assert lines[0] == "open_rate for Survey, Retail: 42.5%"
    found = [line.split() for line in lines if " pp " in line]
    assert found == [
        ["67.5%", "+25.0", "pp", "60.0%", "to", "74.0%", "better:", "99%", "brighter"],
        ["50.0%", "+7.5", "pp", "motion", "blur"],
        ["90.0%", "+47.5", "pp", "85.0%", "to", "94.0%", "better:", ">99%", *CAR],
    ]
    assert "alternates, of 17 images (industry)" in lines


def test_where_nothing_is_better_it_says_so() -> None:
    text = presentation.recommendation_text(replace(ANSWER, edits=[], alternates=[]), Wishes())
    assert text.count("none that is better with a probability of 80% or more") == 2
    assert " pp " not in text


def test_what_is_not_wished_is_not_called_missing() -> None:
    none = replace(ANSWER, edits=[], alternates=[])
    text = presentation.recommendation_text(none, Wishes(suggest=("alternates",)))
    assert "edits" not in text
    assert "alternates, of 17 images" in text
    text = presentation.recommendation_text(none, Wishes(suggest=("edits",)))
    assert "alternates" not in text
    assert "edits of this image" in text


@pytest.mark.parametrize(("target", "lower"), [("open_rate", False), ("bounce_rate", True)])
def test_lower_is_better_is_said_where_it_is(target: str, lower: bool) -> None:
    score = replace(SCORE, target=target, probabilities={target: 0.4})
    text = presentation.recommendation_text(replace(ANSWER, score=score), Wishes())
    assert ("(lower is better)" in text) == lower


def test_an_alternate_without_a_name_is_called_by_its_file() -> None:
    unnamed = replace(ANSWER, alternates=[replace(ALTERNATE, class_name=None)])
    assert "0007.jpg" in presentation.recommendation_text(unnamed, Wishes())


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


def test_an_explanation_in_text() -> None:
    lines = presentation.explanation_text(EXPLANATION).splitlines()
    assert lines[0] == "open_rate for Survey, Retail: 42.5%"
    base, edited, vehicle, campaign, calibration = (line.rsplit(maxsplit=3) for line in lines[3:])
    assert " ".join(base[-2:]) == "-1.00 26.9%"
    assert edited[0].strip() == "how the picture was edited: motion blur"
    assert edited[1:] == ["+0.80", "x2.23", "+" * 20]
    assert vehicle[-2:] == ["+0.00", "x1.00"]
    assert campaign[1:] == ["-0.20", "x0.82", "-" * 5]
    assert calibration[0].strip() == "correction of the model's confidence"


def test_an_explanation_of_nothing_has_no_bars() -> None:
    still = [replace(each, log_odds=0.0) for each in EXPLANATION.contributions]
    text = presentation.explanation_text(replace(EXPLANATION, contributions=still))
    assert "++" not in text
    assert "--" not in text


def test_where_lower_is_better_what_lowers_helps() -> None:
    helps = [EXPLANATION.helps(each) for each in EXPLANATION.contributions]
    assert helps == [True, False, False, True]
    falls = replace(SCORE, target="bounce_rate", probabilities={"bounce_rate": 0.425})
    explanation = replace(EXPLANATION, score=falls)
    helps = [explanation.helps(each) for each in explanation.contributions]
    assert helps == [False, False, True, False]
    assert "(lower is better)" in presentation.explanation_text(explanation)


def test_the_heat_map_is_written_over_the_picture(tmp_path: Path) -> None:
    file = presentation.write_heat_map(EXPLANATION, tmp_path / "new")
    written = images.decode(file.read_bytes(), ImageConfig(working_size_px=160))
    assert written.shape == EXPLANATION.image.shape
    cold = EXPLANATION.heat_map.values == 0
    np.testing.assert_array_equal(written[cold], EXPLANATION.image[cold])
    assert np.abs(written[~cold].astype(int) - EXPLANATION.image[~cold]).mean() > 20


@pytest.mark.parametrize("distance", [None, 0.4, 1.0])
def test_of_an_image_like_the_catalogues_nothing_is_said(distance: float | None) -> None:
    assert "Careful" not in presentation.score_text(replace(SCORE, domain_distance=distance))


def test_a_warning_comes_with_an_image_unlike_the_catalogues() -> None:
    score = replace(SCORE, domain_distance=1.7)
    for text in (
        presentation.score_text(score),
        presentation.recommendation_text(replace(ANSWER, score=score), Wishes()),
        presentation.explanation_text(replace(EXPLANATION, score=score)),
    ):
        assert "unlike the catalogue's (distance 1.70" in text.splitlines()[-1]
