"""Answers over HTTP hold what the library answers, and nothing that belongs to the server."""

import base64
from typing import Any

import pytest
from bundle_factory import CATALOGUE_IMAGES, bundle_config, showroom_jpeg

from emailimg import images
from emailimg.answers import Recommendation
from emailimg.explain import Focus, Reasons
from emailimg.predict import Predictor
from serve_app.schemas import RecommendAnswer, ScoreAnswer

QUESTION = ("open_rate", "Newsletter", "Retail")


@pytest.fixture(scope="module")
def recommendation(predictor: Predictor) -> Recommendation:
    return predictor.recommend(showroom_jpeg(CATALOGUE_IMAGES + 10), *QUESTION)


@pytest.fixture(scope="module")
def reasons(predictor: Predictor) -> Reasons:
    explained = predictor.explain(showroom_jpeg(CATALOGUE_IMAGES + 10), *QUESTION)
    return Reasons(explained.probability, explained.base_log_odds, explained.contributions, Focus())


def why(reasons: Reasons) -> dict[str, Any]:
    contributions = [contribution.as_json() for contribution in reasons.contributions]
    return {"base_log_odds": reasons.base_log_odds, "contributions": contributions}


def test_score_answer_holds_the_score_and_why(recommendation: Recommendation, reasons: Reasons):
    answer = ScoreAnswer.of_score(recommendation.score, reasons, "v1").model_dump(mode="json")
    assert answer == recommendation.score.as_json() | why(reasons) | {"bundle": "v1"}


def test_of_all_targets_there_is_no_why(recommendation: Recommendation):
    answer = ScoreAnswer.of_score(recommendation.score, None, "v1")
    assert answer.contributions is None
    assert answer.base_log_odds is None


def test_recommend_answer_adds_pictures_to_the_recommendation(
    recommendation: Recommendation, reasons: Reasons
):
    answer = RecommendAnswer.of(recommendation, reasons, "v1").model_dump(mode="json")
    edit_images = [edit.pop("image") for edit in answer["edits"]]
    links = [other.pop("image") for other in answer["alternates"]]
    assert answer == recommendation.as_json() | why(reasons) | {"bundle": "v1"}
    assert links == [f"/v1/images/{other.image_id}" for other in recommendation.alternates]
    for uri, edit in zip(edit_images, recommendation.edits, strict=True):
        prefix, _, encoded = uri.partition(",")
        assert prefix == "data:image/jpeg;base64"
        decoded = images.decode(base64.b64decode(encoded), bundle_config().images)
        assert decoded.shape == edit.image.shape
        assert abs(decoded.mean() - edit.image.mean()) < 3


def test_answers_hold_no_server_path(recommendation: Recommendation, reasons: Reasons):
    assert "/srv" not in RecommendAnswer.of(recommendation, reasons, "v1").model_dump_json()
