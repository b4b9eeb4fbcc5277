"""The service on a Ray cluster: over HTTP it gives the library's numbers, also under load.

One application serves the whole module; starting it takes most of the time.
"""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from bundle_factory import CATALOGUE_IMAGES, TARGETS, bundle_config, showroom_jpeg
from ray import serve

from emailimg import augment, images, service, taxonomy
from emailimg.config import ClusterConfig, ServeConfig
from emailimg.errors import BundleError, ConfigError, EmailimgError, ResourceError
from emailimg.predict import Predictor

JPEG = showroom_jpeg(CATALOGUE_IMAGES + 10)
QUESTION = ("open_rate", "Newsletter", "Retail")
FORM = dict(zip(("target", "campaign_type", "industry"), QUESTION, strict=True))


@pytest.fixture(scope="module")
def base_url(ray_cluster: None, bundle_location: str) -> Iterator[str]:
    yield service.start(bundle_location, ServeConfig(port=0), ClusterConfig())
    service.stop()


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def recommendation(base_url: str) -> dict[str, Any]:
    return service.recommend(base_url, JPEG, "car.jpg", *QUESTION, k=4)


_WHY = ("bundle", "base_log_odds", "contributions")


def post(client: httpx.Client, path: str, image: bytes = JPEG, **form: Any) -> httpx.Response:
    return client.post(path, files={"image": ("car.jpg", image)}, data=FORM | form)


def without_pictures(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as the library's `as_json` has it."""
    candidates = {
        kind: [{k: v for k, v in found.items() if k != "image"} for found in answer[kind]]
        for kind in ("edits", "alternates")
    }
    return {key: value for key, value in (answer | candidates).items() if key not in _WHY}


@pytest.mark.parametrize("target", TARGETS)
def test_score_is_the_predictors_to_the_last_digit(
    base_url: str, predictor: Predictor, target: str
):
    answer = service.score(base_url, JPEG, "car.jpg", target, "Newsletter", "Retail")
    explained = predictor.explain(JPEG, target, "Newsletter", "Retail")
    expected = predictor.score(JPEG, target, "Newsletter", "Retail").as_json()
    assert answer == expected | {
        "bundle": answer["bundle"],
        "base_log_odds": explained.base_log_odds,
        "contributions": [each.as_json() for each in explained.contributions],
    }


def test_recommendation_is_the_predictors_to_the_last_digit(
    recommendation: dict[str, Any], predictor: Predictor
):
    expected = predictor.recommend(JPEG, *QUESTION, k=4).as_json()
    found = without_pictures(recommendation)
    for mine, theirs in zip(found["alternates"], expected["alternates"], strict=True):
        # Of principal components, which another number of threads adds up in another order.
        assert mine.pop("similarity") == pytest.approx(theirs.pop("similarity"), abs=1e-3)
    assert found == expected


def test_target_campaign_and_industry_change_the_answer(client: httpx.Client):
    def probabilities(field: str, values: tuple[str, ...]) -> set[float]:
        answers = [post(client, "/v1/score", **{field: value}).json() for value in values]
        return {answer["probability"] for answer in answers}

    assert len(probabilities("target", TARGETS)) == len(TARGETS)
    assert len(probabilities("campaign_type", taxonomy.CAMPAIGN_TYPES)) > 2
    assert len(probabilities("industry", taxonomy.INDUSTRIES)) > 2


def test_campaign_is_another_name_and_any_spelling_is_accepted(client: httpx.Client):
    form = {"target": "Open Rate", "campaign": "newsletter", "industry": "RETAIL"}
    answer = client.post("/v1/score", files={"image": ("car.jpg", JPEG)}, data=form).json()
    assert answer == post(client, "/v1/score").json()


def test_k_is_honoured_and_everything_recommended_beats_the_upload(recommendation: dict[str, Any]):
    for found in (recommendation["edits"], recommendation["alternates"]):
        assert len(found) == 4
        assert all(candidate["probability"] > recommendation["probability"] for candidate in found)
    assert recommendation["scope"] == "campaign type and industry"
    assert {other["campaign_type"] for other in recommendation["alternates"]} == {"Newsletter"}


def test_edited_image_is_the_edit(recommendation: dict[str, Any]):
    limits = bundle_config().images
    upload = images.decode(JPEG, limits)
    for edit in recommendation["edits"]:
        jpeg = base64.b64decode(edit["image"].partition(",")[2])
        edited = augment.apply(edit["augmentation_class"], edit["parameters"], upload)
        assert jpeg == images.encode_jpeg(edited)


def test_alternates_link_to_their_thumbnails(client: httpx.Client, recommendation: dict[str, Any]):
    for other in recommendation["alternates"]:
        response = client.get(other["image"])
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/jpeg"
        assert "max-age" in response.headers["cache-control"]
        images.decode(response.content, bundle_config().images)
    assert client.get("/v1/images/none").status_code == 404


def test_concurrent_requests_keep_their_answers(client: httpx.Client, predictor: Predictor):
    uploads = [showroom_jpeg(CATALOGUE_IMAGES + index) for index in range(16)]

    def ask(upload: bytes) -> httpx.Response:
        return post(client, "/v1/score", upload)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, uploads * 2))
    for upload, response in zip(uploads * 2, answers, strict=True):
        expected = predictor.score(upload, *QUESTION)
        assert response.status_code == 200
        assert response.json()["image_id"] == expected.image_id
        # Sums over a batch may differ in their last bits.
        assert response.json()["probability"] == pytest.approx(expected.probability, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "form", "status", "code"),
    [
        (b"not an image", {}, 415, "not_an_image"),
        (JPEG[: len(JPEG) // 2], {}, 400, "truncated"),
        (bytes(bundle_config().images.max_bytes + 2**20), {}, 413, "too_many_bytes"),
        (JPEG, {"target": "bounce_rate"}, 422, "unknown_value"),
        (JPEG, {"industry": "Alchemy"}, 422, "unknown_value"),
        (JPEG, {"k": "51"}, 422, "invalid_field"),
        (JPEG, {"make": "Fjord"}, 422, "unknown_value"),  # found by the recommender
    ],
    ids=["text", "truncated", "long", "target", "industry", "k", "make"],
)
def test_bad_requests_keep_their_status(
    client: httpx.Client, image: bytes, form: dict[str, str], status: int, code: str
):
    response = post(client, "/v1/recommend", image, **form)
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code
    assert "ray::" not in response.json()["error"]["message"]
    assert response.headers.get_list("x-request-id") != []


def test_health_names_the_bundle_and_every_answer_has_one_request_id(client: httpx.Client):
    response = client.get("/readyz", headers={"x-request-id": "mine"})
    assert response.status_code == 200
    assert set(response.json()["deployments"].values()) == {response.json()["bundle"]}
    assert response.headers.get_list("x-request-id") == ["mine"]
    assert len(client.get("/nowhere").headers.get_list("x-request-id")) == 1


def test_documentation_is_there(client: httpx.Client):
    assert "/v1/recommend" in client.get("/openapi.json").json()["paths"]
    assert client.get("/docs").status_code == 200


@pytest.mark.usefixtures("base_url")
def test_the_graph_is_four_deployments():
    deployments = serve.status().applications["emailimg"].deployments
    assert set(deployments) == {"Ingress", "Embedder", "Classifiers", "Recommender"}


def test_client_raises_the_services_message(base_url: str):
    with pytest.raises(EmailimgError, match="unknown industry 'Alchemy'"):
        service.score(base_url, JPEG, "car.jpg", "open_rate", "Newsletter", "Alchemy")
    with pytest.raises(EmailimgError, match="no answer"):
        service.score("http://127.0.0.1:9", JPEG, "car.jpg", *QUESTION)


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"cpus_per_replica": 1.0}, ResourceError, "'service' needs 4 CPU"),
        ({"application": "serve_app.nowhere:build_app"}, ConfigError, "cannot be imported"),
        (
            {"api_keys_file": "nowhere.txt"},
            ConfigError,
            "api_keys_file 'nowhere.txt' cannot be read",
        ),
        ({"image_uri_prefixes": ("http://host/",)}, ConfigError, "image_uri_prefixes"),
    ],
)
def test_a_service_that_cannot_start_says_why(
    bundle_location: str,
    settings: dict[str, Any],
    error: type[Exception],
    message: str,
):
    with pytest.raises(error, match=message):
        service.start(bundle_location, ServeConfig(port=0, **settings), ClusterConfig())


def test_a_taken_port_and_a_missing_bundle_are_refused(
    base_url: str, bundle_location: str, tmp_path: Path
):
    port = int(base_url.rpartition(":")[2])
    with pytest.raises(ResourceError, match="cannot listen"):
        service.start(bundle_location, ServeConfig(port=port), ClusterConfig())
    with pytest.raises(BundleError, match="no bundle"):
        service.start(str(tmp_path), ServeConfig(port=0), ClusterConfig())
