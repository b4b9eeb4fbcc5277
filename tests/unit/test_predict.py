"""Predictions in this process: the question matters, what is recommended is better, and why."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_factory import CATALOGUE_IMAGES, TARGETS, bundle_config, showroom_jpeg
from pictures import picture
from sklearn.datasets import load_sample_images
from strange_pictures import strange_pictures

from emailimg import augment, bundle, images, taxonomy
from emailimg.answers import Alternate, Recommendation
from emailimg.config import AugmentConfig
from emailimg.edits import apply, candidate_edits, find_edit
from emailimg.errors import ConfigError, ImageError, TaxonomyError
from emailimg.predict import (
    Predictor,
    Versions,
    edited,
    embed_versions,
    picture_to_show,
    prediction,
    predictions,
)
from emailimg.question import Question, parse_question
from emailimg.recommender import Case, Recommender, Subject, Wishes
from emailimg.shortlist import Filters
from emailimg.techniques import TECHNIQUES

UPLOAD = CATALOGUE_IMAGES + 10
CONTEXT = ("Newsletter", "Retail")
CONFIG = bundle_config()


@pytest.fixture(scope="module")
def upload() -> bytes:
    return showroom_jpeg(UPLOAD)


def test_target_campaign_and_industry_change_the_answer(predictor: Predictor, upload: bytes):
    def answers(target: str, campaign_types: tuple[str, ...], industries: tuple[str, ...]) -> set:
        return {
            predictor.score(upload, target, campaign_type, industry).probability
            for campaign_type in campaign_types
            for industry in industries
        }

    assert len({predictor.score(upload, target, *CONTEXT).probability for target in TARGETS}) == 3
    assert len(answers("open_rate", taxonomy.CAMPAIGN_TYPES, ("Retail",))) > 4
    assert len(answers("open_rate", ("Newsletter",), taxonomy.INDUSTRIES)) > 4


def test_all_targets_score_like_each_alone(predictor: Predictor, upload: bytes):
    everything = predictor.score(upload, "all", *CONTEXT)
    alone = {target: predictor.score(upload, target, *CONTEXT).probability for target in TARGETS}
    assert everything.probabilities == alone
    assert (everything.target, everything.probability) == ("all", None)


def test_score_accepts_any_spelling_and_reports_the_accepted_one(
    predictor: Predictor, upload: bytes
):
    score = predictor.score(upload, "Open Rate", "abandoned_cart", "real-estate")
    assert (score.target, score.campaign_type) == ("open_rate", "Abandoned Cart")
    assert score.industry == "Real Estate"
    assert score.image_id == images.image_id(upload)
    assert set(score.attributes_seen) == {"augmentation_class", "vehicle_type"}
    assert 0 < score.probabilities["open_rate"] < 1


@pytest.mark.parametrize(
    ("question", "accepted"),
    [
        (("applause", *CONTEXT), TARGETS),
        (("bounce_rate", *CONTEXT), TARGETS),  # exists, but this bundle has no model for it
        (("", *CONTEXT), TARGETS),
        (("open_rate", "Carrier Pigeon", "Retail"), taxonomy.CAMPAIGN_TYPES),
        (("open_rate", "Newsletter", "Alchemy"), taxonomy.INDUSTRIES),
    ],
)
def test_unknown_values_are_refused_with_the_accepted_ones(
    predictor: Predictor, upload: bytes, question: tuple[str, str, str], accepted: tuple[str, ...]
):
    with pytest.raises(TaxonomyError) as raised:
        predictor.score(upload, *question)
    assert raised.value.accepted == accepted
    assert all(name in str(raised.value) for name in accepted)


def test_bytes_that_are_no_image_are_refused(predictor: Predictor):
    with pytest.raises(ImageError) as raised:
        predictor.recommend(b"not an image", "open_rate", *CONTEXT)
    assert raised.value.reason == "not_an_image"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("k", [1, 4, 50])
def test_recommendations_beat_the_upload_best_first(
    predictor: Predictor, upload: bytes, target: str, k: int
):
    answer = predictor.recommend(upload, target, *CONTEXT, k=k)
    sign = -1 if target in taxonomy.LOWER_IS_BETTER else 1
    for found in (answer.edits, answer.alternates):
        gains = [candidate.gain for candidate in found]
        assert len(found) <= k
        assert gains == sorted(gains, reverse=True)
        assert all(gain > 0 for gain in gains)
        assert [sign * (c.probability - answer.probability) for c in found] == gains
    techniques = [edit.augmentation_class for edit in answer.edits]
    assert len(set(techniques)) == len(techniques)


def test_recommendation_scores_the_upload_like_score(predictor: Predictor, upload: bytes):
    answer = predictor.recommend(upload, "open_rate", *CONTEXT)
    alone = predictor.score(upload, "open_rate", *CONTEXT)
    assert answer.probability == pytest.approx(alone.probability, abs=1e-9)
    assert answer.score.attributes_seen == alone.attributes_seen
    assert answer.edits
    assert answer.alternates


def test_all_targets_at_once_cannot_be_recommended_for(predictor: Predictor, upload: bytes):
    with pytest.raises(TaxonomyError, match=r"one target is expected here, not 'all'; accepted: "):
        predictor.recommend(upload, "all", *CONTEXT)


def test_edited_images_are_the_edits(predictor: Predictor, upload: bytes):
    pixels = images.decode(upload, CONFIG.images)
    for edit in predictor.recommend(upload, "open_rate", *CONTEXT, k=15).edits:
        expected = augment.apply(edit.augmentation_class, edit.parameters, pixels)
        np.testing.assert_array_equal(edit.image, expected)


@pytest.mark.parametrize("slope", [0.0, 0.25, 1.0])
def test_an_edit_promises_what_holds_up(
    bundle_location: str, tmp_path: Path, upload: bytes, slope: float
) -> None:
    location = tmp_path / "bundle"
    shutil.copytree(bundle_location, location)
    index = location / "classifiers" / "classifiers.json"
    entries = json.loads(index.read_text())
    entries["targets"]["open_rate"]["edit_slope"] = slope
    index.write_text(json.dumps(entries))
    bundle.seal(str(location))
    answers = [
        Predictor(bundle.load(place), threads=1).recommend(upload, "open_rate", *CONTEXT, k=1)
        for place in (bundle_location, str(location))
    ]
    whole, found = ([edit.gain for edit in answer.edits] for answer in answers)
    if slope == 0:
        assert found == []
    else:
        assert found[0] == pytest.approx(slope * whole[0], rel=0.2)


def test_an_edit_scores_as_its_picture_does_on_the_same_vehicle(
    bundle_location: str, upload: bytes
) -> None:
    loaded = bundle.load(bundle_location)
    embedder, classifiers = loaded.embedder(threads=1), loaded.classifiers()
    pixels = images.decode(upload, CONFIG.images)
    edits = candidate_edits(CONFIG.augment)
    [found] = embed_versions(embedder, [Versions(pixels, edits)])
    alone, _ = embedder.embed_images([pixels, *(apply(edit, pixels) for edit in edits)])
    names = np.array(embedder.spec.column_names("logits"))
    vehicle = np.char.startswith(names, "vehicle_type: ")
    assert 0 < vehicle.sum() < len(names)
    np.testing.assert_allclose(found.embeddings[:, ~vehicle], alone[:, ~vehicle], atol=1e-4)
    assert (found.embeddings[:, vehicle] == found.embeddings[0, vehicle]).all()
    assert np.abs(alone[1:, vehicle] - alone[0, vehicle]).max() > 0.01, "it would look another"
    question = parse_question(TARGETS, "open_rate", *CONTEXT)
    claimed = prediction(classifiers, question, found.embeddings).probability[1:]
    answer = Predictor(loaded, threads=1).recommend(upload, "open_rate", *CONTEXT, k=15)
    for edit in answer.edits:
        place = edits.index(find_edit(edits, edit.augmentation_class, edit.parameters))
        # Drawn a little towards the others.
        assert edit.probability == pytest.approx(claimed[place], abs=0.15)


def test_alternates_match_the_scope(predictor: Predictor, upload: bytes):
    answer = predictor.recommend(upload, "open_rate", *CONTEXT, k=6)
    assert answer.scope == "campaign type and industry"
    assert {other.campaign_type for other in answer.alternates} == {"Newsletter"}
    assert {other.industry for other in answer.alternates} <= {"Retail", None}
    assert len(answer.alternates) <= answer.considered < CATALOGUE_IMAGES


@pytest.mark.parametrize(
    ("context", "k", "scope"),
    [
        (("Survey", "Retail"), 6, "industry"),
        (("Survey", "Energy"), 20, "whole catalogue"),
        (("Newsletter", "Retail"), 50, "whole catalogue"),
    ],
)
def test_scope_widens_where_few_images_match(
    predictor: Predictor, upload: bytes, context: tuple[str, str], k: int, scope: str
):
    assert predictor.recommend(upload, "open_rate", *context, k=k).scope == scope


def test_an_image_of_the_catalogue_is_not_recommended_instead_of_itself(predictor: Predictor):
    upload = showroom_jpeg(0)
    answer = predictor.recommend(upload, "open_rate", "Survey", "Energy", k=50)
    assert answer.considered == CATALOGUE_IMAGES - 1
    assert images.image_id(upload) not in {other.image_id for other in answer.alternates}


def test_alternates_carry_a_picture_and_no_server_path(predictor: Predictor, upload: bytes):
    alternates = predictor.recommend(upload, "open_rate", *CONTEXT, k=50).alternates
    assert all(other.file_name == other.file_name.split("/")[-1] for other in alternates)
    assert {type(other.year) for other in alternates} == {int, type(None)}
    for other in alternates:
        index = int(other.file_name.removesuffix(".jpg"))
        original = images.decode(showroom_jpeg(index), CONFIG.images).astype(int)
        thumbnail = images.decode(other.thumbnail, CONFIG.images).astype(int)
        assert np.abs(thumbnail - original).mean() < 5


def test_json_holds_everything_but_the_pictures(predictor: Predictor, upload: bytes):
    answer = json.loads(json.dumps(predictor.recommend(upload, "open_rate", *CONTEXT).as_json()))
    assert answer["probability"] == answer["probabilities"]["open_rate"]
    assert {"augmentation_class", "parameters", "probability", "gain"} < set(answer["edits"][0])
    assert "image" not in answer["edits"][0]
    assert "thumbnail" not in answer["alternates"][0]


def test_batched_embeddings_are_those_of_each_image_alone(bundle_location: str):
    embedder = bundle.load(bundle_location).embedder(threads=1)
    pictures = [images.decode(showroom_jpeg(UPLOAD + i), CONFIG.images) for i in range(3)]
    edits = candidate_edits(AugmentConfig())
    batch = [Versions(pictures[0]), Versions(pictures[1], edits), Versions(pictures[2], edits[:2])]
    together = embed_versions(embedder, batch)
    assert [len(item.embeddings) for item in together] == [1, 1 + len(edits), 3]
    for item, found in zip(batch, together, strict=True):
        [alone] = embed_versions(embedder, [item])
        np.testing.assert_allclose(found.embeddings, alone.embeddings, rtol=1e-4, atol=1e-4)
        assert found.attributes_seen == alone.attributes_seen


@pytest.mark.parametrize("name", [name for name, each in TECHNIQUES.items() if each.fine])
def test_a_picture_to_be_sent_is_edited_as_the_small_one_that_was_scored(name: str):
    """What works on single pixels would all but vanish in a picture of eight times the size."""
    data = images.encode_jpeg(picture(768, 1024))
    edit = next(e for e in candidate_edits(AugmentConfig()) if e.augmentation_class == name)
    side = CONFIG.images.working_size_px
    large = edited(data, edit, CONFIG.images)
    assert large.shape == (768, 1024, 3)
    small = images.to_working_size(picture_to_show(data, CONFIG.images), side)
    wanted = apply(edit, small).astype(float) - small
    found = images.to_working_size(large, side).astype(float) - small
    assert np.corrcoef(wanted.ravel(), found.ravel())[0, 1] > 0.9
    assert found.std() > 0.6 * wanted.std()


def test_a_small_picture_to_be_sent_is_the_one_that_was_scored():
    data = images.encode_png(picture(48, 64))
    for edit in candidate_edits(AugmentConfig()):
        scored = apply(edit, images.decode(data, CONFIG.images))
        np.testing.assert_array_equal(edited(data, edit, CONFIG.images), scored)


def test_predictions_together_are_those_of_each_alone(bundle_location: str):
    classifiers = bundle.load(bundle_location).classifiers()
    rng = np.random.default_rng(0)
    asked = [
        (Question(target, campaign, "Retail", kind), embeddings)
        for target, campaign, kind, rows in (
            ("open_rate", "Newsletter", None, 1),
            ("unsubscribe_rate", "Survey", "SUV", 3),
            ("open_rate", "Promotional", "Coupe", 2),
        )
        for embeddings in [rng.normal(size=(rows, classifiers.embedding_width)).astype("float32")]
    ]
    together = predictions(classifiers, asked)
    for (question, embeddings), found in zip(asked, together, strict=True):
        alone = prediction(classifiers, question, embeddings)
        np.testing.assert_allclose(found.probability, alone.probability, rtol=1e-12)
        np.testing.assert_allclose(found.low, alone.low, rtol=1e-9)
        np.testing.assert_allclose(found.members, alone.members, rtol=1e-12)
    assert predictions(classifiers, []) == []


def test_thumbnails_are_found_by_id(bundle_location: str):
    loaded = bundle.load(bundle_location)
    recommender = Recommender(loaded.catalogue(), loaded.config)
    thumbnail = recommender.thumbnail(images.image_id(showroom_jpeg(3)))
    assert thumbnail is not None
    assert thumbnail.startswith(b"\xff\xd8")
    assert recommender.thumbnail("no such id") is None


def test_wishes_are_granted(predictor: Predictor, upload: bytes):
    def alternates(**wishes: Any) -> list[Alternate]:
        wanted = Wishes(k=8, **({"min_better": 0.0} | wishes))
        return predictor.recommend(upload, "open_rate", *CONTEXT, wishes=wanted).alternates

    usual = alternates()
    [kind] = {other.vehicle_type for other in usual[:1]}
    assert kind is not None
    only = alternates(filters=Filters(vehicle_types=(kind,)))
    assert {other.vehicle_type for other in only} == {kind}
    newer = alternates(filters=Filters(year_from=2005))
    assert newer
    assert all(other.year is not None and other.year >= 2005 for other in newer)
    sure = alternates(min_better=0.9)
    assert len(sure) < len(usual)
    assert all(other.probability_better >= 0.9 for other in sure)


def test_similar_and_diverse_are_what_they_say(predictor: Predictor, upload: bytes):
    def recommended(**wishes: float) -> Recommendation:
        wanted = Wishes(k=3, min_better=0.0, **wishes)
        return predictor.recommend(upload, "open_rate", *CONTEXT, wishes=wanted)

    usual, similar = recommended(), recommended(similarity=1.0)

    def likeness(answer: Recommendation) -> float:
        return float(np.mean([other.similarity for other in answer.alternates]))

    assert likeness(similar) > likeness(usual)
    order = [other.similarity for other in similar.alternates]
    assert order == sorted(order, reverse=True)
    ids = [other.image_id for other in usual.alternates]
    assert [other.image_id for other in recommended(diversity=0.9).alternates] != ids


def test_the_upload_retouched_is_not_recommended_instead_of_itself(predictor: Predictor):
    """Another file of the same picture has another id; it looks the same."""
    original = images.decode(showroom_jpeg(0), CONFIG.images)
    again = images.encode_jpeg(original, quality=60)
    wishes = Wishes(k=50, min_better=0.0)
    for target in ("open_rate", "unsubscribe_rate"):
        answer = predictor.recommend(again, target, "Survey", "Energy", wishes=wishes)
        found = {other.image_id for other in answer.alternates}
        assert images.image_id(showroom_jpeg(0)) not in found


def test_the_second_answer_of_a_context_is_the_first(predictor: Predictor, upload: bytes):
    first = predictor.recommend(upload, "open_rate", "Promotional", "Retail")
    again = predictor.recommend(upload, "open_rate", "Promotional", "Retail")
    assert again.as_json() == first.as_json()


def test_a_bundle_without_looks_says_so(bundle_location: str):
    loaded = bundle.load(bundle_location)
    index = replace(loaded.catalogue(), pooled=None, perceptual_hashes=None)
    recommender = Recommender(index, loaded.config)
    subject = Subject("id", np.zeros((8, 8, 3), np.uint8), np.zeros(512, np.float32))
    question = Question("open_rate", *CONTEXT)
    with pytest.raises(ConfigError, match="build it anew"):
        recommender.pool(Case(question, Wishes(similarity=0.5), subject))
    assert len(recommender.pool(Case(question, Wishes(), subject)).rows)


@pytest.mark.parametrize("target", TARGETS)
def test_an_explanation_adds_up_to_the_score(predictor: Predictor, upload: bytes, target: str):
    answer = predictor.explain(upload, target, *CONTEXT)
    score = predictor.score(upload, target, *CONTEXT)
    assert answer.score == score
    log_odds = answer.base_log_odds + sum(each.log_odds for each in answer.contributions)
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(score.probability, abs=1e-9)
    assert [each.group for each in answer.contributions if each.kind == "calibration"]
    values = {each.group: each.value for each in answer.contributions}
    assert values == score.attributes_seen | {
        "campaign_type": CONTEXT[0],
        "industry": CONTEXT[1],
        "vehicle_type_told": None,
        "calibration": None,
    }


def test_another_campaign_moves_the_campaigns_contribution(predictor: Predictor, upload: bytes):
    def contribution(campaign_type: str) -> float:
        answer = predictor.explain(upload, "open_rate", campaign_type, CONTEXT[1])
        [found] = [each for each in answer.contributions if each.group == "campaign_type"]
        assert found.value == campaign_type
        return found.log_odds

    assert len({contribution(name) for name in taxonomy.CAMPAIGN_TYPES[:4]}) > 2


def test_an_explanation_shows_the_attribute_that_contributes_most(
    predictor: Predictor, upload: bytes
):
    answer = predictor.explain(upload, "open_rate", *CONTEXT)
    attributes = [each for each in answer.contributions if each.kind == "attribute"]
    sizes = [abs(each.log_odds) for each in attributes]
    assert sizes == sorted(sizes, reverse=True)
    shown = answer.heat_map
    assert (shown.attribute, shown.class_name) == (attributes[0].group, attributes[0].value)
    assert shown.values.shape == answer.image.shape[:2]
    assert 0 <= shown.values.min() <= shown.values.max() <= 1
    alone = predictor.heat_map(upload, str(shown.attribute))
    np.testing.assert_array_equal(alone.values, shown.values)
    json.dumps(answer.as_json())


def test_a_heat_map_of_another_class_is_another_one(predictor: Predictor, upload: bytes):
    maps = [predictor.heat_map(upload, "vehicle_type", name) for name in ("SUV", "Coupe")]
    assert [each.class_name for each in maps] == ["SUV", "Coupe"]
    assert np.abs(maps[0].values - maps[1].values).max() > 0.01


@pytest.mark.parametrize(
    ("attribute", "class_name", "accepted"),
    [
        ("colour", None, "augmentation_class, vehicle_type"),
        ("colour", "red", "augmentation_class, vehicle_type"),
        ("vehicle_type", "Zeppelin", "Sedan, SUV"),
    ],
)
def test_heat_maps_of_what_the_encoder_does_not_know_are_refused(
    predictor: Predictor, upload: bytes, attribute: str, class_name: str | None, accepted: str
):
    with pytest.raises(TaxonomyError, match=accepted):
        predictor.heat_map(upload, attribute, class_name)


def test_all_targets_at_once_have_no_explanation(predictor: Predictor, upload: bytes):
    with pytest.raises(TaxonomyError, match="'all'"):
        predictor.explain(upload, "all", *CONTEXT)


def test_an_image_like_the_catalogues_is_in_its_domain(predictor: Predictor, upload: bytes):
    score = predictor.score(upload, "all", *CONTEXT)
    assert score.domain_distance is not None
    assert 0 < score.domain_distance <= 1
    assert score.out_of_domain is False
    for answer in (
        predictor.recommend(upload, "open_rate", *CONTEXT).score,
        predictor.explain(upload, "open_rate", *CONTEXT).score,
    ):
        assert answer.domain_distance == pytest.approx(score.domain_distance, abs=1e-3)
        assert answer.as_json()["out_of_domain"] is False


def test_an_interval_is_around_the_probability(predictor: Predictor, upload: bytes) -> None:
    score = predictor.score(upload, "all", *CONTEXT)
    assert set(score.intervals) == set(TARGETS)
    for target, (low, high) in score.intervals.items():
        assert low < score.probabilities[target] < high
    assert score.interval is None
    one = predictor.score(upload, TARGETS[0], *CONTEXT)
    assert one.interval == score.intervals[TARGETS[0]]
    assert one.interval is not None
    assert one.as_json()["interval"] == list(one.interval), "as JSON has it"


def test_a_vehicle_type_is_checked_and_kept(predictor: Predictor, upload: bytes) -> None:
    told = predictor.score(upload, TARGETS[0], *CONTEXT, vehicle_type="suv")
    assert told.vehicle_type == "SUV"
    assert predictor.score(upload, TARGETS[0], *CONTEXT).vehicle_type is None
    with pytest.raises(TaxonomyError, match="Hovercraft"):
        predictor.score(upload, TARGETS[0], *CONTEXT, vehicle_type="Hovercraft")
    [reason] = [
        each
        for each in predictor.explain(upload, TARGETS[0], *CONTEXT, "SUV").contributions
        if each.group == "vehicle_type_told"
    ]
    assert (reason.kind, reason.value) == ("context", "SUV")


def _photographs() -> list[np.ndarray]:
    """A temple and a flower, whole and in quarters: photographs that come with scikit-learn."""
    found = []
    for photograph in load_sample_images().images:
        height, width = photograph.shape[0] // 2, photograph.shape[1] // 2
        found.append(photograph)
        found += [
            photograph[y : y + height, x : x + width] for y in (0, height) for x in (0, width)
        ]
    return found


def test_what_is_unlike_the_catalogue_is_further_from_it(predictor: Predictor) -> None:
    """Even an untrained encoder sees that; `test_domain` says from where on it is outside."""

    def distance(encoded: bytes) -> float:
        found = predictor.score(encoded, "open_rate", *CONTEXT).domain_distance
        assert found is not None
        return found

    drawn = [p for pictures in strange_pictures(2).values() for p in pictures]
    strange = [distance(images.encode_png(picture)) for picture in drawn]
    photographed = [distance(images.encode_jpeg(crop)) for crop in _photographs()]
    alike = [distance(showroom_jpeg(CATALOGUE_IMAGES + index)) for index in range(12)]
    assert np.median(strange) > np.quantile(alike, 0.8)
    assert np.median(photographed) > np.quantile(alike, 0.8)


def test_beyond_a_distance_of_one_it_is_out_of_the_domain(
    predictor: Predictor, upload: bytes
) -> None:
    score = predictor.score(upload, "open_rate", *CONTEXT)
    assert score.as_json()["domain_distance"] == score.domain_distance
    for distance, outside in ((0.99, False), (1.01, True), (None, None)):
        moved = replace(score, domain_distance=distance)
        assert moved.out_of_domain is outside
        assert moved.as_json()["out_of_domain"] is outside
