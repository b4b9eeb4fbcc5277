"""What comes in: a multipart form or JSON, read into the fields of a request and its image."""

import base64
import binascii
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from emailimg import images
from serve_app.failures import ApiError
from serve_app.request_fields import PictureFields, ScoreFields

MAX_BATCH_FILES = 32
_MAX_FORM_FIELDS = 40
# What comes beside images is short: more would only cost memory, and come back in messages.
_MAX_FIELDS_BYTES = 64 * 2**10
_MAX_JSON_COMMAS = 1000
_LONGEST_QUOTE = 100  # characters of a content-type that come back in a message
_LONGEST_FILE_NAME = 255
_CHARSETS = ("utf-8",)
_FORM, _JSON = "multipart/form-data", "application/json"
_FIELDS_ONLY = "application/x-www-form-urlencoded"  # what a form without a file is sent as

Fields = TypeVar("Fields", bound=PictureFields)


@dataclass(frozen=True)
class Asked(Generic[Fields]):
    """A request: its fields, and the bytes of the image, None where a field says which is meant."""

    fields: Fields
    image: bytes | None


@dataclass(frozen=True)
class AskedMany:
    """A request about several images: each with its file name."""

    fields: ScoreFields
    files: list[tuple[str, bytes]]


async def read(request: Request, model: type[Fields], max_bytes: int) -> Asked[Fields]:
    """The request; raises ApiError or RequestValidationError, which are answered as 4xx.

    max_bytes: of the image. At most one byte more is kept, so that decoding refuses what is longer.
    """
    values, image = await _content(request, max_bytes)
    fields = _validated(model, values)
    sources = (image, fields.image_id, fields.image_uri)
    sent = sum(source is not None for source in sources)
    if sent != 1:
        code = "invalid_field" if sent else "missing_field"
        message = "send one of image (a file, or base64 in JSON), image_id and image_uri"
        raise ApiError(422, code, message, ("image", "image_id", "image_uri"))
    return Asked(fields, image)


async def read_many(request: Request, max_bytes: int) -> AskedMany:
    """A form with several files named `images`; raises ApiError or RequestValidationError."""
    if _media_type(request) != _FORM:
        raise _unsupported(request, (_FORM,))
    async with _form(request, MAX_BATCH_FILES) as form:
        files = [
            ((file.filename or "")[:_LONGEST_FILE_NAME], await file.read(max_bytes + 1))
            for file in _files(form, "images")
        ]
        if "image" in form:
            raise ApiError(
                422, "invalid_field", "image: several files are sent as images", ["images"]
            )
        texts = _texts(form, files_named="images")
    for name in texts.keys() & PictureFields.model_fields.keys():
        raise ApiError(422, "invalid_field", f"{name}: of several images none can be named")
    fields = _validated(ScoreFields, texts)
    if not files:
        message = f"images: send 1 to {MAX_BATCH_FILES} files of this name"
        raise ApiError(422, "missing_field", message)
    return AskedMany(fields, files)


def documented(model: type[PictureFields]) -> dict[str, Any]:
    """The request body of an endpoint, for its OpenAPI description."""
    schema = model.model_json_schema()
    picture = {"description": f"The image to ask about; {images.ACCEPTED}."}
    file = picture | {"type": "string", "format": "binary"}
    text = picture | {"type": "string", "contentEncoding": "base64", "examples": ["/9j/4AAQ..."]}
    content = {
        _FORM: {"schema": _with_image(schema, "image", file)},
        _JSON: {"schema": _with_image(schema, "image", text)},
    }
    return {"requestBody": {"required": True, "content": content}}


def documented_many() -> dict[str, Any]:
    """`documented`, of a request with several files."""
    file = {"type": "string", "format": "binary"}
    files = {"type": "array", "items": file, "minItems": 1, "maxItems": MAX_BATCH_FILES}
    schema = _with_image(ScoreFields.model_json_schema(), "images", files)
    schema["required"] = [*schema["required"], "images"]
    for name in PictureFields.model_fields:
        del schema["properties"][name]
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": schema}}}}


def _with_image(schema: dict[str, Any], name: str, image: dict[str, Any]) -> dict[str, Any]:
    return schema | {"properties": {name: image} | schema["properties"]}


async def _content(request: Request, max_bytes: int) -> tuple[dict[str, Any], bytes | None]:
    sent = _media_type(request)
    if sent in (_FORM, _FIELDS_ONLY):
        return await _from_form(request, max_bytes)
    if sent == _JSON:
        return _from_object(await request.body(), max_bytes)
    raise _unsupported(request, (_FORM, _JSON))


async def _from_form(request: Request, max_bytes: int) -> tuple[dict[str, Any], bytes | None]:
    async with _form(request, max_files=1) as form:
        files = _files(form, "image")
        image = await files[0].read(max_bytes + 1) if files else None
        return _texts(form, files_named="image"), image


def _form(request: Request, max_files: int) -> AbstractAsyncContextManager[FormData]:
    return request.form(
        max_files=max_files, max_fields=_MAX_FORM_FIELDS, max_part_size=_MAX_FIELDS_BYTES
    )


def _files(form: FormData, name: str) -> list[UploadFile]:
    """The files of this name, less what an HTML form sends for none chosen; text is refused."""
    files = []
    for value in form.getlist(name):
        if not isinstance(value, UploadFile):
            raise ApiError(422, "invalid_field", f"{name}: a file is expected, not text")
        if value.filename or value.size:
            files.append(value)
    return files


def _texts(form: FormData, files_named: str) -> dict[str, Any]:
    """The form's fields but its files; what an HTML form leaves empty counts as not sent."""
    found: dict[str, Any] = {}
    for name in form:
        values = [value for value in form.getlist(name) if value != ""]
        if name == files_named or not values:
            continue
        if not all(isinstance(value, str) for value in values):
            raise ApiError(422, "invalid_field", f"{name}: text is expected, not a file")
        found[name] = values[0] if len(values) == 1 else values
    return found


def _from_object(body: bytes, max_bytes: int) -> tuple[dict[str, Any], bytes | None]:
    # Before parsing: a list of empty lists takes twenty times as much memory as its text.
    if body.count(b",") > _MAX_JSON_COMMAS:
        raise ApiError(422, "invalid_json", "the body has too many values")
    try:
        values = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ApiError(422, "invalid_json", "the body is no JSON") from None
    if not isinstance(values, dict):
        raise ApiError(422, "invalid_json", "the body must be a JSON object")
    text = values.pop("image", None)
    _check_size(values)
    return values, None if text is None else _decoded(text, max_bytes)


def _refuse_constant(name: str) -> NoReturn:
    """NaN and infinities, which Python reads and JSON does not have."""
    raise ValueError(name)


def _check_size(values: dict[str, Any]) -> None:
    try:
        size = len(json.dumps(values, ensure_ascii=False).encode())
    except (ValueError, RecursionError):  # half of a surrogate pair has no UTF-8
        raise ApiError(422, "invalid_json", "the body is no Unicode text") from None
    if size > _MAX_FIELDS_BYTES:
        message = f"at most {_MAX_FIELDS_BYTES:,} bytes are accepted beside the image"
        raise ApiError(413, "too_many_bytes", message)


def _decoded(text: Any, max_bytes: int) -> bytes:
    """Base64, plain or as a data URI, in one line or, as `base64` prints it, in many."""
    message = "image: base64 is expected, or a data URI with it"
    if not isinstance(text, str):
        raise ApiError(422, "invalid_field", message)
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)[: max_bytes + 1]
    except (binascii.Error, ValueError):
        raise ApiError(422, "invalid_field", message) from None


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(details) from None


def _media_type(request: Request) -> str:
    """Raises ApiError for a text encoding: Python knows some that are slow, or are no text."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    charset = options.get(b"charset", b"utf-8").decode("latin-1")
    if charset.lower() not in _CHARSETS:
        message = f"charset {charset[:_LONGEST_QUOTE]!r} is not accepted"
        raise ApiError(415, "unsupported_media_type", message, _CHARSETS)
    return kind.decode("latin-1").lower()


def _unsupported(request: Request, accepted: tuple[str, ...]) -> ApiError:
    sent = _media_type(request)[:_LONGEST_QUOTE]
    message = f"content-type {sent!r} is not accepted" if sent else "there is no content-type"
    return ApiError(415, "unsupported_media_type", message, accepted)
