"""The ingress: HTTP in front of the other deployments. Decodes, asks them, and answers in JSON.

Everything a caller can get wrong is found here, before another deployment is called: an exception
that crosses a process arrives wrapped and would lose its status.
"""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Response, UploadFile
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

import emailimg
from emailimg import taxonomy
from emailimg.predict import Upload, Versions, read_upload, score_of
from emailimg.question import parse_question, parse_questions
from serve_app import failures
from serve_app.deployments import Classifiers, Embedder, LoadBundle, Recommender
from serve_app.failures import ApiError, documented
from serve_app.schemas import (
    HealthAnswer,
    ImageFile,
    QuestionForm,
    RecommendAnswer,
    ScoreAnswer,
    Suggestions,
    TargetsAnswer,
    read_image_file,
    read_question_form,
)

_HEALTH_TIMEOUT_S = 5.0
# An image id is a hash of its content, but a later bundle may draw its thumbnail differently.
_THUMBNAIL_CACHE = "public, max-age=86400"

Asked = Annotated[QuestionForm, Depends(read_question_form)]


class Ingress:
    """Takes the requests; holds no model."""

    def __init__(
        self,
        load_bundle: LoadBundle,
        embedder: DeploymentHandle[Embedder],
        classifiers: DeploymentHandle[Classifiers],
        recommender: DeploymentHandle[Recommender],
        request_timeout_s: float,
    ) -> None:
        bundle = load_bundle()
        self._version = bundle.version
        self._targets = bundle.config.targets
        self._limits = bundle.config.images
        self._embedder = embedder
        self._classifiers = classifiers
        self._recommender = recommender
        self._timeout_s = request_timeout_s

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve in the replica: the limits and targets of the bundle are known here."""
        app = FastAPI(
            title="emailimg",
            version=emailimg.__version__,
            description="Predicts which image makes a marketing email succeed, and recommends "
            f"better ones. Targets of this bundle: {', '.join(self._targets)}.",
        )
        failures.install(app, self._limits.max_bytes)
        bad_input = documented(400, 413, 415, 422, 503, 504)
        app.post("/v1/score", responses=bad_input)(self.score)
        app.post("/v1/recommend", responses=bad_input)(self.recommend)
        app.get(
            "/v1/images/{image_id}",
            response_class=_JpegResponse,
            responses=documented(404, 422, 503),
        )(self.image)
        app.get("/v1/targets")(self.targets)
        app.get("/healthz", responses=documented(503, 504))(self.healthz)
        return app

    async def score(self, image: ImageFile, asked: Asked) -> ScoreAnswer:
        """How likely this image is to succeed."""
        questions = parse_questions(
            self._targets, asked.target, asked.campaign_type, asked.industry, asked.vehicle_type
        )
        upload = await self._read(image)
        embedded = await self._ask(self._embedder.embed.remote(Versions(upload.pixels)))
        chances = await self._ask(self._classifiers.predict.remote(questions, embedded.embeddings))
        score = score_of(questions, upload, embedded, chances)
        return ScoreAnswer.of(score, self._version)

    async def recommend(
        self, image: ImageFile, asked: Asked, k: Suggestions = 6
    ) -> RecommendAnswer:
        """Which edits of this image, and which images of the catalogue, would do better."""
        question = parse_question(
            self._targets, asked.target, asked.campaign_type, asked.industry, asked.vehicle_type
        )
        upload = await self._read(image)
        return await self._ask(self._recommender.recommend.remote(question, upload, k))

    async def image(self, image_id: str) -> Response:
        """Thumbnail of a catalogue image."""
        thumbnail = await self._ask(self._recommender.thumbnail.remote(image_id))
        if thumbnail is None:
            raise ApiError(404, "not_found", "the catalogue has no image of this id")
        return _JpegResponse(thumbnail, headers={"cache-control": _THUMBNAIL_CACHE})

    async def targets(self) -> TargetsAnswer:
        """Accepted targets, campaign types and industries."""
        return TargetsAnswer(
            targets=list(self._targets),
            lower_is_better=sorted(taxonomy.LOWER_IS_BETTER & set(self._targets)),
            campaign_types=list(taxonomy.CAMPAIGN_TYPES),
            industries=list(taxonomy.INDUSTRIES),
        )

    async def healthz(self) -> HealthAnswer:
        """200 when every deployment answers."""
        parts: dict[str, DeploymentHandle[Any]] = {
            "embedder": self._embedder,
            "classifiers": self._classifiers,
            "recommender": self._recommender,
        }
        versions = await asyncio.gather(
            *(self._ask(part.version.remote(), _HEALTH_TIMEOUT_S) for part in parts.values())
        )
        deployments = {"ingress": self._version} | dict(zip(parts, versions, strict=True))
        return HealthAnswer(status="ok", bundle=self._version, deployments=deployments)

    async def _read(self, file: UploadFile) -> Upload:
        data = await read_image_file(file, self._limits)
        return await asyncio.to_thread(read_upload, data, self._limits)

    async def _ask(self, response: Awaitable[Any], timeout_s: float | None = None) -> Any:
        """The other deployment's answer; raises ApiError when it is late or cannot take more."""
        limit_s = timeout_s or self._timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await response
        except TimeoutError:
            raise ApiError(504, "timeout", f"not answered within {limit_s:g} s") from None
        except (BackPressureError, DeploymentUnavailableError, RayActorError):
            headers = {"retry-after": "1"}
            raise ApiError(503, "unavailable", "overloaded or restarting", (), headers) from None


class _JpegResponse(Response):
    media_type = "image/jpeg"
