"""What comes in: forms and JSON, what is read from them, and what is refused."""

import base64
import json
from typing import Any

import pytest
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from fastapi.testclient import TestClient
from in_process import FORM, JPEG, assert_failure, post

from emailimg import images

BASE64 = base64.b64encode(JPEG).decode()
KNOWN = images.image_id(showroom_jpeg(0))
EDIT = {"augmentation_class": "brighter"}


def as_json(client: TestClient, path: str = "/v1/score", **values: Any) -> Any:
    body = {name: value for name, value in (FORM | values).items() if value is not None}
    return client.post(path, json=body)


def raw_json(client: TestClient, text: str | bytes, path: str = "/v1/score") -> Any:
    return client.post(path, content=text, headers={"content-type": "application/json"})


def test_a_form_and_json_mean_the_same(client: TestClient):
    sent = post(client, "/v1/score")
    assert sent.status_code == 200
    in_lines = base64.encodebytes(JPEG).decode()
    for text in (BASE64, in_lines, f"data:image/jpeg;base64,{BASE64}"):
        assert as_json(client, image=text).json() == sent.json()


def test_campaign_is_another_name_for_campaign_type(client: TestClient):
    form = {name: value for name, value in FORM.items() if name != "campaign_type"}
    other = client.post(
        "/v1/score", files={"image": ("a.jpg", JPEG)}, data=form | {"campaign": "Newsletter"}
    )
    assert other.json() == post(client, "/v1/score").json()
    both = post(client, "/v1/score", campaign="Survey")
    assert_failure(both, 422, "invalid_field")


@pytest.mark.parametrize("kind", ["form", "json"])
def test_unknown_fields_are_refused_by_name(client: TestClient, kind: str):
    send = post if kind == "form" else as_json
    image = {} if kind == "form" else {"image": BASE64}
    error = assert_failure(
        send(client, "/v1/recommend", colour="red", **image), 422, "invalid_field"
    )
    assert error["message"].startswith("colour: ")


@pytest.mark.parametrize(
    "types", [["SUV", "Van"], "SUV,Van", "SUV, Van,", ["SUV,Van"]], ids=["both", "comma", "s", "m"]
)
def test_lists_are_repeated_or_have_commas(client: TestClient, types: Any):
    sent = post(client, "/v1/recommend", only_vehicle_types=types)
    assert sent.status_code == 200
    assert as_json(client, "/v1/recommend", image=BASE64, only_vehicle_types=types).json() == (
        sent.json()
    )


@pytest.mark.parametrize("types", [[["SUV"]], [1], {"SUV": 1}])
def test_lists_of_anything_else_are_refused(client: TestClient, types: Any):
    response = as_json(client, "/v1/recommend", image=BASE64, only_vehicle_types=types)
    error = assert_failure(response, 422, "invalid_field")
    assert error["message"].startswith("only_vehicle_types: ")


def test_parameters_are_an_object_or_its_text(client: TestClient):
    body = {"image": BASE64, "augmentation_class": "transpose"}
    sent = [
        client.post("/v1/edits", json=body | {"parameters": parameters})
        for parameters in ({}, "{}")
    ]
    form = {"augmentation_class": "transpose", "parameters": "{}"}
    sent.append(client.post("/v1/edits", files={"image": ("a.jpg", JPEG)}, data=form))
    assert {response.status_code for response in sent} == {200}
    assert len({response.content for response in sent}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "brightness=1",
        "[1]",
        "7",
        '{"a": "b"}',
        '{"a": {}}',
        '{"a": NaN}',
        "[" * 9000,
        '{"a": 1e999}',
    ],
)
def test_parameters_that_are_none(client: TestClient, text: str):
    response = client.post(
        "/v1/edits", files={"image": ("a.jpg", JPEG)}, data=EDIT | {"parameters": text}
    )
    assert response.status_code == 422
    assert len(response.content) < 2000


def test_what_a_form_leaves_empty_counts_as_not_sent(client: TestClient):
    empty = {"k": "", "make": "", "year_from": "", "only_vehicle_types": "", "image_uri": ""}
    assert post(client, "/v1/recommend", **empty).json() == post(client, "/v1/recommend").json()
    response = post(client, "/v1/score", industry="")
    assert "industry" in assert_failure(response, 422, "missing_field")["message"]


def test_no_file_chosen_leaves_the_place_to_an_image_id(client: TestClient):
    body = (
        '--x\r\nContent-Disposition: form-data; name="image"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n"
    )
    for name, value in (FORM | {"image_id": KNOWN}).items():
        body += f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/score", content=body + "--x--\r\n", headers=headers)
    assert response.json()["image_id"] == KNOWN


@pytest.mark.parametrize(
    ("sources", "code"),
    [
        ({}, "missing_field"),
        ({"image": BASE64, "image_id": KNOWN}, "invalid_field"),
        ({"image": BASE64, "image_uri": "s3://bucket/a.jpg"}, "invalid_field"),
        ({"image_id": KNOWN, "image_uri": "s3://bucket/a.jpg"}, "invalid_field"),
    ],
)
def test_exactly_one_image_is_named(client: TestClient, sources: dict[str, str], code: str):
    error = assert_failure(as_json(client, **sources), 422, code)
    assert error["accepted"] == ["image", "image_id", "image_uri"]


def test_two_files_of_one_name_are_refused(client: TestClient):
    files = [("image", ("a.jpg", JPEG)), ("image", ("b.jpg", JPEG))]
    assert_failure(client.post("/v1/score", files=files, data=FORM), 400, "bad_request")


def test_an_image_without_a_file_name_is_text(client: TestClient):
    files = {"image": (None, JPEG)} | {name: (None, value) for name, value in FORM.items()}
    error = assert_failure(client.post("/v1/score", files=files), 422, "invalid_field")
    assert error["message"].startswith("image: a file is expected")


def test_a_file_where_text_is_expected(client: TestClient):
    files = {"target": ("a.txt", b"open_rate")}
    error = assert_failure(client.post("/v1/score", files=files, data=FORM), 422, "invalid_field")
    assert error["message"].startswith("target: ")


def test_a_field_that_is_one_is_not_repeated(client: TestClient):
    response = post(client, "/v1/score", target=["open_rate", "conversion_rate"])
    assert assert_failure(response, 422, "invalid_field")["message"].startswith("target: ")


@pytest.mark.parametrize(
    "text", ["not base64!", "/9j/4AA", 7, ["/9j/"], {}, "\u00e9", "data:image/png,abc", True]
)
def test_images_in_json_that_are_no_base64(client: TestClient, text: Any):
    response = as_json(client, image=text)
    assert_failure(response, 422, "invalid_field")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"image"',
        "null",
        b"\xff\xfe",
        '{"k": NaN}',
        '{"k": -Infinity}',
        '{"k": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"x": ' + "[" * 900 + "]" * 900 + "}",
        '{"x": [' + "[]," * 2_000_000 + "[]]}",
        '{"target": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"x": ["\\udfff"]}',
    ],
)
def test_bodies_that_are_no_json(client: TestClient, text: str | bytes):
    response = raw_json(client, text)
    assert response.status_code == 422, response.text
    assert len(response.content) < 2000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("year_from", 10**400),
        ("year_from", -1),
        ("year_to", 10_000),
        ("year_to", 2009.5),
        ("k", 10**30),
        ("min_better", 1e300),
        ("similarity", -0.1),
        ("diversity", "nan"),
        ("min_better", "inf"),
        ("make", ["Audi"]),
        ("vehicle_type", 5),
    ],
)
def test_numbers_out_of_range_are_refused(client: TestClient, field: str, value: Any):
    response = as_json(client, "/v1/recommend", image=BASE64, **{field: value})
    assert assert_failure(response, 422, "invalid_field")["message"].startswith(f"{field}: ")


LONG = "x" * 10**6


@pytest.mark.parametrize(
    "values",
    [
        {"target": LONG},
        {"industry": LONG[:60_000]},
        {"vehicle_type": LONG[:60_000]},
        {"image": None, "image_uri": f"s3://{LONG[:60_000]}"},
        {LONG[:60_000]: "1"},
        {f"field {number}": "1" for number in range(900)},
        {"only_vehicle_types": [LONG[:60_000]]},
    ],
    ids=["target", "industry", "type", "uri", "name", "fields", "list"],
)
def test_long_values_are_refused_and_do_not_come_back(client: TestClient, values: dict[str, Any]):
    response = as_json(client, "/v1/recommend", **{"image": BASE64} | values)
    assert 400 <= response.status_code < 500
    assert len(response.content) < 3000


def test_forms_are_short_beside_their_files(client: TestClient):
    assert_failure(post(client, "/v1/score", target=LONG), 400, "bad_request")
    many = {f"field{number}": "x" for number in range(5000)}
    assert_failure(post(client, "/v1/score", **many), 400, "bad_request")
    response = client.post("/v1/score", data=many)
    assert_failure(response, 400, "bad_request")


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "undefined", "punycode", "utf-16", "x" * 5000]
)
def test_a_form_has_one_encoding(client: TestClient, charset: str):
    body = b'--x\r\nContent-Disposition: form-data; name="target"\r\n\r\n\\ud800\r\n--x--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    response = client.post("/v1/score", content=body, headers=headers)
    error = assert_failure(response, 415, "unsupported_media_type")
    assert error["accepted"] == ["utf-8"]
    assert len(response.content) < 1000


@pytest.mark.parametrize("kind", ["text/plain", "image/jpeg", "", "application/xml; a=b"])
def test_other_content_types_are_refused(client: TestClient, kind: str):
    response = client.post("/v1/score", content=JPEG, headers={"content-type": kind})
    error = assert_failure(response, 415, "unsupported_media_type")
    assert error["accepted"] == ["multipart/form-data", "application/json"]


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\u00e9",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=" + "b" * 500,
    ],
)
def test_forms_without_a_boundary(client: TestClient, kind: str):
    headers = {"content-type": kind.encode("latin-1")}
    response = client.post("/v1/score", content=b"--b\r\n\r\n--b--", headers=headers)
    assert 400 <= response.status_code < 500


class TestBatch:
    def ask(self, client: TestClient, *images_sent: bytes, **form: str) -> Any:
        files = [("images", (f"{i}.jpg", data)) for i, data in enumerate(images_sent)]
        return client.post("/v1/score:batch", files=files, data=FORM | form)

    def test_some_may_fail_and_all_keep_their_places(self, client: TestClient):
        sent = [
            JPEG,
            b"no image",
            showroom_jpeg(CATALOGUE_IMAGES + 1),
            JPEG[: len(JPEG) // 2],
            JPEG,
        ]
        answers = self.ask(client, *sent).json()["answers"]
        assert [each["file_name"] for each in answers] == [f"{i}.jpg" for i in range(5)]
        assert [each["error"] and each["error"]["code"] for each in answers] == [
            None,
            "not_an_image",
            None,
            "truncated",
            None,
        ]
        for answer, data in zip(answers, sent, strict=True):
            if answer["error"] is None:
                alone = post(client, "/v1/score", data).json()
                assert answer["score"]["image_id"] == alone["image_id"]
                assert answer["score"]["probability"] == alone["probability"]

    @pytest.mark.parametrize("count", [1, 32])
    def test_up_to_32_files(self, client: TestClient, count: int):
        response = self.ask(client, *[JPEG] * count)
        assert len(response.json()["answers"]) == count

    def test_none_and_too_many(self, client: TestClient):
        assert_failure(
            client.post("/v1/score:batch", files={"x": (None, "")}), 422, "missing_field"
        )
        assert_failure(self.ask(client, *[JPEG] * 33), 400, "bad_request")

    def test_text_among_the_files_is_refused(self, client: TestClient):
        assert_failure(self.ask(client, JPEG, images="text"), 422, "invalid_field")

    def test_other_images_cannot_be_named(self, client: TestClient):
        assert_failure(self.ask(client, JPEG, image_id=KNOWN), 422, "invalid_field")

    def test_json_is_no_batch(self, client: TestClient):
        error = assert_failure(
            raw_json(client, json.dumps(FORM), "/v1/score:batch"), 415, "unsupported_media_type"
        )
        assert error["accepted"] == ["multipart/form-data"]

    def test_long_file_names_are_cut(self, client: TestClient):
        files = {"images": ("n" * 3000 + ".jpg", JPEG)}
        answer = client.post("/v1/score:batch", files=files, data=FORM).json()["answers"][0]
        assert len(answer["file_name"]) == 255
