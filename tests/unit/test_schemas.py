"""Answers over HTTP hold what the library answers, and nothing that belongs to the server."""

import asyncio
import base64

import pytest
from bundle_factory import CATALOGUE_IMAGES, bundle_config, showroom_jpeg
from fastapi.exceptions import RequestValidationError

from emailimg import images
from emailimg.answers import Recommendation
from emailimg.predict import Predictor
from serve_app.schemas import QuestionForm, RecommendAnswer, ScoreAnswer, read_question_form

QUESTION = ("open_rate", "Newsletter", "Retail")


@pytest.fixture(scope="module")
def recommendation(predictor: Predictor) -> Recommendation:
    return predictor.recommend(showroom_jpeg(CATALOGUE_IMAGES + 10), *QUESTION)


def _read(**fields: str) -> QuestionForm:
    return asyncio.run(read_question_form(**fields))


@pytest.mark.parametrize("name", ["campaign_type", "campaign"])
def test_campaign_type_has_two_names(name: str):
    form = _read(target="open_rate", industry="Retail", **{name: "Newsletter"})
    assert form == QuestionForm(*QUESTION)


def test_a_question_without_campaign_type_is_incomplete():
    with pytest.raises(RequestValidationError) as raised:
        _read(target="open_rate", industry="Retail")
    assert raised.value.errors()[0]["loc"][-1] == "campaign_type"


def test_score_answer_holds_the_score(recommendation: Recommendation):
    answer = ScoreAnswer.of(recommendation.score, "v1").model_dump(mode="json")
    assert answer == recommendation.score.as_json() | {"bundle": "v1"}


def test_recommend_answer_adds_pictures_to_the_recommendation(recommendation: Recommendation):
    answer = RecommendAnswer.of(recommendation, "v1").model_dump(mode="json")
    edit_images = [edit.pop("image") for edit in answer["edits"]]
    links = [other.pop("image") for other in answer["alternates"]]
    assert answer == recommendation.as_json() | {"bundle": "v1"}
    assert links == [f"/v1/images/{other.image_id}" for other in recommendation.alternates]
    for uri, edit in zip(edit_images, recommendation.edits, strict=True):
        prefix, _, encoded = uri.partition(",")
        assert prefix == "data:image/jpeg;base64"
        decoded = images.decode(base64.b64decode(encoded), bundle_config().images)
        assert decoded.shape == edit.image.shape
        assert abs(decoded.mean() - edit.image.mean()) < 3


def test_answers_hold_no_server_path(recommendation: Recommendation):
    assert "/srv" not in RecommendAnswer.of(recommendation, "v1").model_dump_json()
