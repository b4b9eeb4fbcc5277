"""The HTTP application around the ingress: which path goes where, and what every request passes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.responses import Response

import emailimg
from serve_app import access, failures, observation, page_files, request_bodies
from serve_app.access import Keys
from serve_app.failures import documented
from serve_app.observation import Metrics
from serve_app.request_fields import EditFields, HeatMapFields, RecommendFields, ScoreFields
from serve_app.served import Served
from serve_app.settings import ServiceArguments

if TYPE_CHECKING:
    from serve_app.ingress import Ingress

# Boundaries, field names and the short fields of a form around its file.
_FORM_BYTES = 64 * 2**10
_BATCH_PATH = "/v1/score:batch"

# Not by `response_class`: FastAPI would document failures as pictures, too.
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/jpeg": _BINARY}}
}
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is the one whose tag the request has"}
}


def build(
    ingress: "Ingress",
    settings: ServiceArguments,
    keys: Keys | None,
    metrics: Metrics,
    newest: Callable[[], Served],
) -> FastAPI:
    """The application; newest: the bundle that is served now."""
    app = FastAPI(
        title="emailimg",
        version=emailimg.__version__,
        description="Predicts which image makes a marketing email succeed, and recommends "
        "better ones.",
    )

    def max_body_bytes(path: str) -> int:
        """Of a request: its image, in base64 a third longer, or several of them."""
        served = newest()
        image = 4 * served.limits.max_bytes // 3
        return (served.max_batch_bytes if path == _BATCH_PATH else image) + _FORM_BYTES

    failures.install(app, max_body_bytes, settings.request_timeout_s)
    _add_middleware(app, settings, keys, metrics)
    _add_questions(app, ingress)
    _add_facts(app, ingress)
    page_files.install(app)
    return app


def _add_middleware(
    app: FastAPI, settings: ServiceArguments, keys: Keys | None, metrics: Metrics
) -> None:
    """The last one added is the outermost."""
    limit = settings.requests_per_minute
    rate = access.RateLimit(limit) if limit else None
    app.add_middleware(access.Guard, keys=keys, limit=rate)
    if settings.cors_origins:
        origins = list(settings.cors_origins)
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["x-request-id", "x-emailimg-bundle", "retry-after"],
        )
    app.add_middleware(observation.Observe, metrics=metrics)


def _add_questions(app: FastAPI, ingress: "Ingress") -> None:
    """What is asked about an image."""
    bad = documented(400, 401, 404, 413, 415, 422, 429, 502, 503, 504)

    def post(path: str, body: dict[str, Any], **options: Any) -> Any:
        answers = options.pop("responses", bad)
        return app.post(path, responses=answers, openapi_extra=body, **options)

    post("/v1/score", request_bodies.documented(ScoreFields))(ingress.score)
    post(_BATCH_PATH, request_bodies.documented_many())(ingress.score_batch)
    post("/v1/recommend", request_bodies.documented(RecommendFields))(ingress.recommend)
    post("/v1/heatmap", request_bodies.documented(HeatMapFields))(ingress.heat_map)
    edits = request_bodies.documented(EditFields)
    post("/v1/edits", edits, responses=bad | _JPEG, response_class=Response)(ingress.edit)


def _add_facts(app: FastAPI, ingress: "Ingress") -> None:
    """What there is to see without an image."""
    app.get(
        "/v1/images/{image_id}",
        response_class=Response,
        responses=documented(401, 404, 422, 429, 503, 504) | _JPEG | _UNCHANGED,
    )(ingress.image)
    app.get("/v1/targets", responses=documented(401, 429))(ingress.targets)
    app.get("/v1/examples", responses=documented(401, 429))(ingress.examples)
    app.get("/v1/model", responses=documented(401, 429))(ingress.model)
    app.get("/healthz")(ingress.healthz)
    app.get("/readyz", responses=documented(503, 504))(ingress.readyz)
