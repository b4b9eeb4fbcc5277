"""The service keeps to its own OpenAPI document, whatever requests are made up from it."""

import base64
from typing import Any

import pytest
import schemathesis
from bundle_factory import showroom_jpeg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from in_process import FORM, JPEG, application
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from emailimg import images

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MADE_UP = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = [
    ("POST", "/v1/score"),
    ("POST", "/v1/score:batch"),
    ("POST", "/v1/recommend"),
    ("POST", "/v1/edits"),
    ("POST", "/v1/heatmap"),
    ("GET", "/v1/images/{image_id}"),
    ("GET", "/v1/examples"),
    ("GET", "/v1/targets"),
    ("GET", "/v1/model"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
]


# By chance alone hardly any request would be about a picture, in words that are known.
RIGHT = FORM | {
    "image": JPEG,
    "image_id": images.image_id(showroom_jpeg(0)),
    "augmentation_class": "transpose",
    "parameters": {},
    "attribute": "vehicle_type",
    "class_name": "SUV",
}


def _put_right(case: Case, names: set[str]) -> None:
    """Replace some fields of the request by right ones, and name one picture only."""
    if case.path_parameters and "image_id" in names:
        case.path_parameters["image_id"] = RIGHT["image_id"]
    if not isinstance(case.body, dict):
        return
    takes = {*case.body} if case.path == "/v1/score:batch" else {*case.body, "image"}
    for name in sorted(names & takes):
        as_text = name == "image" and case.media_type == "application/json"
        case.body[name] = base64.b64encode(JPEG).decode() if as_text else RIGHT[name]
    if "image" in names:
        case.body.pop("image_id", None)
        case.body.pop("image_uri", None)


@pytest.fixture(scope="module")
def document(served: tuple[Any, dict[str, Any]]) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", application(*served))


def test_every_operation_is_tried(document: Any):
    found = [each.ok() for each in document.get_all_operations()]
    assert sorted((each.method.upper(), each.path) for each in found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(document: Any, method: str, path: str):
    operation = document[path][method]

    @MADE_UP
    @given(case=operation.as_strategy(), right=st.sets(st.sampled_from(sorted(RIGHT))))
    def answer(case: Case, right: set[str]) -> None:
        _put_right(case, right)
        case.call_and_validate(checks=CHECKS)

    answer()
