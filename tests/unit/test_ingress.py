"""The HTTP interface, with the other deployments in this process: documentation, every failure."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from bundle_factory import CATALOGUE_IMAGES, TARGETS, bundle_config, showroom_jpeg
from fastapi.testclient import TestClient
from in_process import FORM, JPEG, assert_failure, client_of, parts_of, post
from ray.serve.exceptions import BackPressureError

from emailimg import bundle, images, taxonomy
from emailimg.config import ImageConfig
from emailimg.edits import candidate_edits
from emailimg.predict import Embedded, Versions
from serve_app.deployments import Embedder
from serve_app.versions import BundleRef, find

MAX_BYTES = bundle_config().images.max_bytes


@pytest.fixture
def ref(served: tuple[BundleRef, dict[str, Any]]) -> BundleRef:
    return served[0]


def failing(error: Exception) -> SimpleNamespace:
    async def fail(*_: Any) -> None:
        raise error

    return SimpleNamespace(embed=fail, version=fail)


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("target", "applause", list(TARGETS)),
        ("target", "bounce_rate", list(TARGETS)),
        ("campaign_type", "Carrier Pigeon", list(taxonomy.CAMPAIGN_TYPES)),
        ("industry", "Alchemy", list(taxonomy.INDUSTRIES)),
    ],
)
@pytest.mark.parametrize("path", ["/v1/score", "/v1/recommend"])
def test_unknown_values_list_the_accepted_ones(
    client: TestClient, path: str, field: str, value: str, accepted: list[str]
):
    error = assert_failure(post(client, path, **{field: value}), 422, "unknown_value")
    assert error["accepted"] == accepted


def test_all_targets_are_scored_but_not_recommended_for(client: TestClient):
    answer = post(client, "/v1/score", target="all").json()
    assert set(answer["probabilities"]) == set(TARGETS)
    assert answer["probability"] is None
    assert_failure(post(client, "/v1/recommend", target="all"), 422, "unknown_value")


@pytest.mark.parametrize("missing", ["image", "target", "campaign_type", "industry"])
def test_missing_fields_are_named(client: TestClient, missing: str):
    form = {name: value for name, value in FORM.items() if name != missing}
    files = None if missing == "image" else {"image": ("car.jpg", JPEG)}
    error = assert_failure(client.post("/v1/score", files=files, data=form), 422, "missing_field")
    assert missing in error["message"]


@pytest.mark.parametrize("k", ["0", "51", "many", "2.5"])
def test_k_out_of_range_is_refused(client: TestClient, k: str):
    error = assert_failure(post(client, "/v1/recommend", k=k), 422, "invalid_field")
    assert error["message"].startswith("k:")


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [
        (b"not an image", 415, "not_an_image"),
        (b"%PDF-1.7 something else", 415, "unsupported_format"),
        (b"", 400, "empty"),
        (JPEG[: len(JPEG) // 2], 400, "truncated"),
        (JPEG + bytes(MAX_BYTES), 413, "too_many_bytes"),
        (bytes(MAX_BYTES + 2**20), 413, "too_many_bytes"),
    ],
    ids=["text", "pdf", "empty", "truncated", "long", "very long"],
)
def test_bad_images_get_their_status(client: TestClient, image: bytes, status: int, code: str):
    error = assert_failure(post(client, "/v1/score", image), status, code)
    if status == 415:
        assert error["accepted"] == ["JPEG", "PNG", "WEBP", "GIF"]


def test_a_body_of_unknown_length_is_cut_off_while_it_arrives(client: TestClient):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        while sent < 3 * MAX_BYTES:
            sent += 2**20
            yield bytes(2**20)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/score", content=endless(), headers=headers)
    assert_failure(response, 413, "too_many_bytes")


def test_a_malformed_form_is_a_bad_request(client: TestClient):
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/score", content=b"garbage", headers=headers)
    assert_failure(response, 400, "bad_request")


def test_unknown_paths_and_methods(client: TestClient):
    assert_failure(client.get("/v2/score"), 404, "not_found")
    assert_failure(client.get("/v1/score"), 405, "method_not_allowed")
    assert_failure(client.get("/v1/images/nothing"), 404, "not_found")


def test_unexpected_errors_are_logged_with_the_request_id_and_tell_nothing(
    connect: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
):
    client = connect(embedder=failing(RuntimeError("the password is swordfish")))
    client.headers["x-request-id"] = "request-17"
    with caplog.at_level(logging.ERROR, logger="ray.serve"):
        response = post(client, "/v1/score")
    error = assert_failure(response, 500, "internal_error")
    assert "swordfish" not in response.text
    assert "request-17" in error["message"]
    assert "request-17" in caplog.text
    assert "swordfish" in caplog.text


def test_overload_asks_to_try_again(connect: Callable[..., TestClient]):
    response = post(connect(embedder=failing(BackPressureError(9, 9))), "/v1/score")
    assert_failure(response, 503, "unavailable")
    assert response.headers["retry-after"] == "1"


def test_a_late_answer_is_a_timeout(connect: Callable[..., TestClient]):
    async def sleep(*_: Any) -> None:
        await asyncio.sleep(5)

    slow = SimpleNamespace(embed=sleep)
    response = post(connect(embedder=slow, request_timeout_s=0.05), "/v1/score")
    assert_failure(response, 504, "timeout")


def test_readiness_needs_every_deployment_and_health_none(
    connect: Callable[..., TestClient], ref: BundleRef
):
    ready = connect().get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["bundle"] == ref.version
    assert set(ready.json()["deployments"]) == {
        "ingress",
        "embedder",
        "classifiers",
        "recommender",
    }
    broken = connect(embedder=failing(BackPressureError(9, 9)))
    assert_failure(broken.get("/readyz"), 503, "unavailable")
    assert broken.get("/healthz").json() == {"status": "ok", "bundle": ref.version}


def test_targets_are_those_of_the_bundle(client: TestClient):
    answer = client.get("/v1/targets").json()
    assert answer["targets"] == list(TARGETS)
    assert answer["lower_is_better"] == ["unsubscribe_rate"]
    assert answer["campaign_types"] == list(taxonomy.CAMPAIGN_TYPES)
    assert answer["industries"] == list(taxonomy.INDUSTRIES)


def test_a_batch_may_be_as_large_as_is_published_and_no_larger(client: TestClient):
    limits = client.get("/v1/targets").json()["batch"]

    def send(count: int, size: int) -> int:
        files = [("images", (f"{i}.jpg", bytes(size))) for i in range(count)]
        return client.post("/v1/score:batch", files=files, data=FORM).status_code

    assert send(limits["max_files"], limits["max_bytes"] // limits["max_files"]) == 200
    assert send(limits["max_files"] + 1, 1) == 400
    assert send(2, limits["max_bytes"]) == 413


def test_examples_are_images_of_the_catalogue_to_ask_about(client: TestClient):
    examples = client.get("/v1/examples").json()["images"]
    assert len({example["image_id"] for example in examples}) == 8
    assert all(example["class_name"] for example in examples)
    assert client.get(examples[-1]["image"]).status_code == 200
    answer = client.post("/v1/score", data=FORM | {"image_id": examples[-1]["image_id"]})
    assert answer.json()["image_id"] == examples[-1]["image_id"]


def test_filters_that_leave_no_image_are_answered_with_none(client: TestClient):
    answer = post(client, "/v1/recommend", year_from="2099")
    assert answer.status_code == 200, answer.text
    assert answer.json()["alternates"] == []
    assert answer.json()["considered"] == 0
    assert answer.json()["edits"]


def test_years_of_which_none_can_be_are_refused(client: TestClient):
    answer = post(client, "/v1/recommend", year_from="2010", year_to="2001")
    error = assert_failure(answer, 422, "not_possible")
    assert error["message"] == "year_from 2010 is after year_to 2001"


@pytest.mark.parametrize("wanted", ["edits", "alternates"])
def test_only_what_is_asked_for_is_suggested(client: TestClient, wanted: str):
    both = post(client, "/v1/recommend", min_better="0").json()
    alone = post(client, "/v1/recommend", min_better="0", suggest=wanted).json()
    [other] = {"edits", "alternates"} - {wanted}
    assert alone[other] == []
    # Of several images at once the encoder's numbers differ in their last digits.
    assert len(alone[wanted]) == len(both[wanted]) > 0
    assert alone["probability"] == pytest.approx(both["probability"], rel=1e-4)


def test_who_wants_no_edits_does_not_wait_for_them(bundle_location: str):
    ref = find(bundle_location)
    parts = parts_of(ref)
    asked: list[int] = []

    class Counted(Embedder):
        async def embed(self, ref: BundleRef, versions: Versions) -> Embedded:
            asked.append(len(versions.edits))
            return await super().embed(ref, versions)

    client = client_of(ref, parts, embedder=Counted(ref, threads=1))
    post(client, "/v1/recommend", suggest="alternates")
    post(client, "/v1/recommend", suggest="edits,alternates")
    assert asked == [0, len(candidate_edits(bundle_config().augment))]


@pytest.mark.parametrize("wanted", ["nothing", "edits,nothing"])
def test_what_cannot_be_suggested_is_refused(client: TestClient, wanted: str):
    error = assert_failure(post(client, "/v1/recommend", suggest=wanted), 422, "invalid_field")
    assert error["message"] == "suggest: Input should be 'edits' or 'alternates'"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/targets", 200),
        ("GET", "/v1/examples", 200),
        ("GET", "/v1/images/no-such-id", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("POST", "/v1/score", 415),
    ],
)
def test_every_answer_names_the_bundle(
    client: TestClient, bundle_location: str, method: str, path: str, status: int
):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers.get_list("x-emailimg-bundle") == [bundle.load(bundle_location).version]


def test_an_edited_picture_names_the_bundle_and_is_asked_for_in_any_spelling(
    client: TestClient, bundle_location: str
):
    pictures = []
    for name in ("horizontal_flip", "Horizontal Flip"):
        form = {"augmentation_class": name, "parameters": "{}"}
        answer = client.post("/v1/edits", files={"image": JPEG}, data=form)
        assert answer.headers["x-emailimg-bundle"] == bundle.load(bundle_location).version
        pictures.append(answer.content)
    assert pictures[0] == pictures[1]


def test_a_heat_map_is_asked_for_in_any_spelling(client: TestClient):
    maps = []
    for attribute, class_name in (("vehicle_type", "SUV"), ("Vehicle Type", "suv")):
        form = {"attribute": attribute, "class_name": class_name}
        answer = client.post("/v1/heatmap", files={"image": JPEG}, data=form)
        assert answer.status_code == 200, answer.text
        maps.append(answer.json())
    assert maps[0] == maps[1]
    assert (maps[0]["attribute"], maps[0]["class_name"]) == ("vehicle_type", "SUV")


def test_an_unknown_attribute_lists_the_known_ones(client: TestClient):
    response = client.post("/v1/heatmap", files={"image": JPEG}, data={"attribute": "colour"})
    error = assert_failure(response, 422, "unknown_value")
    assert "attribute 'colour'" in error["message"]
    assert error["accepted"] == ["augmentation_class", "vehicle_type"]


@pytest.mark.parametrize(("side", "saved"), [(96, 96), (640, 640), (2000, 1024)])
def test_an_edited_picture_is_large_enough_to_be_sent(client: TestClient, side: int, saved: int):
    files = {"image": ("car.jpg", showroom_jpeg(CATALOGUE_IMAGES, side))}
    form = {"augmentation_class": "horizontal_flip", "parameters": "{}"}
    response = client.post("/v1/edits", files=files, data=form)
    assert response.status_code == 200, response.text
    assert max(images.decode(response.content, ImageConfig(working_size_px=4000)).shape) == saved


def test_a_batch_says_what_its_files_are_called(client: TestClient):
    error = assert_failure(post(client, "/v1/score:batch"), 422, "invalid_field")
    assert error["accepted"] == ["images"]


def test_openapi_documents_every_path_and_its_failures(client: TestClient):
    document = client.get("/openapi.json").json()
    assert {
        "/v1/score",
        "/v1/score:batch",
        "/v1/recommend",
        "/v1/edits",
        "/v1/heatmap",
        "/v1/images/{image_id}",
        "/v1/targets",
        "/v1/examples",
        "/v1/model",
        "/healthz",
        "/readyz",
    } <= set(document["paths"])
    assert {"200", "400", "413", "415", "422"} <= set(
        document["paths"]["/v1/recommend"]["post"]["responses"]
    )
    text = client.get("/openapi.json").text
    assert all(name in text for name in (*taxonomy.CAMPAIGN_TYPES, *taxonomy.INDUSTRIES))
    assert "HTTPValidationError" not in text
    assert client.get("/docs").status_code == 200
