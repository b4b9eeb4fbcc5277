"""The ingress: HTTP in front of the other parts. Decodes, asks them, and answers in JSON.

Everything a caller can get wrong is found here, before another part is called: an exception that
crosses a process arrives wrapped and would lose its status.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from ray.serve.handle import DeploymentHandle

import emailimg
from emailimg import images, predict, taxonomy
from emailimg.answers import Score
from emailimg.bundle import Bundle
from emailimg.config import ImageConfig
from emailimg.edits import Edit, candidate_edits, find_edit
from emailimg.errors import ConfigError, ImageError
from emailimg.explain import Focus
from emailimg.image_formats import FORMATS
from emailimg.predict import Embedded, Upload, Versions
from emailimg.question import Question, parse_question, parse_questions
from emailimg.recommender import Case, Subject
from serve_app import access, browser_cache, failures, observation, page_files, pictures, requests
from serve_app.calls import Part
from serve_app.decoding import Decoder
from serve_app.deployments import CataloguePicture, Classifiers, Embedder, Recommender
from serve_app.embedding_cache import EmbeddingCache
from serve_app.examples import examples_of
from serve_app.failures import ApiError, documented
from serve_app.requests import (
    MAX_SUGGESTIONS,
    Asked,
    EditFields,
    HeatMapFields,
    RecommendFields,
    ScoreFields,
)
from serve_app.schemas import (
    BatchAnswer,
    BatchItem,
    ErrorDetail,
    ExampleImage,
    ExamplesAnswer,
    HealthAnswer,
    HeatMapAnswer,
    ImageLimits,
    ModelAnswer,
    ReadyAnswer,
    RecommendAnswer,
    ScoreAnswer,
    TargetsAnswer,
)
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef, Shelf

logger = logging.getLogger("ray.serve")

_READY_TIMEOUT_S = 5.0
# Boundaries, field names and the short fields of a form around its file.
_FORM_BYTES = 64 * 2**10
_BATCH_IMAGES = 4  # of the greatest size; 32 files of a usual size are less
_BATCH_PATH = "/v1/score:batch"

# Not by `response_class`: FastAPI would document failures as pictures, too.
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/jpeg": _BINARY}}
}
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is the one whose tag the request has"}
}


@dataclass(frozen=True)
class Served:
    """What the ingress knows of a bundle."""

    bundle: Bundle
    edits: list[Edit]
    examples: list[ExampleImage]

    @classmethod
    def of(cls, bundle: Bundle) -> "Served":
        return cls(bundle, candidate_edits(bundle.config.augment), examples_of(bundle))

    @property
    def ref(self) -> BundleRef:
        return BundleRef(self.bundle.location, self.bundle.version)


@dataclass(frozen=True)
class Picture:
    """The image that a request is about.

    key: hash of the bytes that are looked at; image_id: the one that is answered with, which for an
    image of the catalogue is that of its original; vehicle_type: where the catalogue knows it.
    """

    data: bytes
    key: str
    image_id: str
    vehicle_type: str | None = None


class Ingress:
    """Takes the requests; holds no model."""

    def __init__(
        self,
        ref: BundleRef,
        settings: ServiceArguments,
        embedder: DeploymentHandle[Embedder] | Embedder,
        classifiers: DeploymentHandle[Classifiers] | Classifiers,
        recommender: DeploymentHandle[Recommender] | Recommender,
    ) -> None:
        pictures.check_prefixes(settings.image_uri_prefixes)
        self._settings = settings
        self._keys = access.read_keys(settings.api_keys_file) if settings.api_keys_file else None
        self._shelf = Shelf(Served.of, ref)
        self._current = ref
        timeout_s = settings.request_timeout_s
        self._embedder = Part.of(embedder, timeout_s)
        self._classifiers = Part.of(classifiers, timeout_s)
        self._recommender = Part.of(recommender, timeout_s)
        self._decoder = Decoder()
        self._cache = EmbeddingCache(settings.cached_images)
        self._metrics = observation.Metrics()

    async def reconfigure(self, user_config: Any) -> None:
        """Called by Serve with the deployment's `user_config`: from now on another bundle."""
        ref = await self._shelf.swap(user_config)
        if ref is not None:
            self._current = ref
            logger.info("serving bundle %s from %s", ref.version, ref.location)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve in the replica."""
        app = FastAPI(
            title="emailimg",
            version=emailimg.__version__,
            description="Predicts which image makes a marketing email succeed, and recommends "
            "better ones.",
        )
        self._add_middleware(app)
        self._add_model_routes(app)
        app.get("/v1/targets", responses=documented(401, 429))(self.targets)
        app.get("/v1/examples", responses=documented(401, 429))(self.examples)
        app.get("/v1/model", responses=documented(401, 429))(self.model)
        app.get("/healthz")(self.healthz)
        app.get("/readyz", responses=documented(503, 504))(self.readyz)
        page_files.install(app)
        return app

    def _add_middleware(self, app: FastAPI) -> None:
        """The last one added is the outermost."""
        settings = self._settings
        failures.install(app, self._max_body_bytes, settings.request_timeout_s)
        limit = settings.requests_per_minute
        rate = access.RateLimit(limit) if limit else None
        app.add_middleware(access.Guard, keys=self._keys, limit=rate)
        if settings.cors_origins:
            origins = list(settings.cors_origins)
            app.add_middleware(
                CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"]
            )
        app.add_middleware(observation.Observe, metrics=self._metrics)

    def _add_model_routes(self, app: FastAPI) -> None:
        bad = documented(400, 401, 404, 413, 415, 422, 429, 502, 503, 504)

        def post(path: str, body: dict[str, Any], **options: Any) -> Any:
            answers = options.pop("responses", bad)
            return app.post(path, responses=answers, openapi_extra=body, **options)

        post("/v1/score", requests.documented(ScoreFields))(self.score)
        post(_BATCH_PATH, requests.documented_many())(self.score_batch)
        post("/v1/recommend", requests.documented(RecommendFields))(self.recommend)
        post("/v1/heatmap", requests.documented(HeatMapFields))(self.heat_map)
        edits = requests.documented(EditFields)
        post("/v1/edits", edits, responses=bad | _JPEG, response_class=Response)(self.edit)
        app.get(
            "/v1/images/{image_id}",
            response_class=Response,
            responses=documented(401, 404, 422, 429, 503, 504) | _JPEG | _UNCHANGED,
        )(self.image)

    async def score(self, request: Request) -> ScoreAnswer:
        """How likely this image is to succeed, and why."""
        served = await self._served()
        asked = await requests.read(request, ScoreFields, self._max_bytes(served))
        questions = _questions(served, asked.fields)
        picture = await self._picture(served, asked)
        return await self._scored(request, served, questions, picture)

    async def score_batch(self, request: Request) -> BatchAnswer:
        """The scores of several images; one that cannot be read does not keep back the others."""
        served = await self._served()
        asked = await requests.read_many(request, self._max_bytes(served))
        questions = _questions(served, asked.fields)

        async def one(name: str, data: bytes) -> BatchItem:
            key = images.image_id(data)
            try:
                picture = Picture(data, key, key)
                answer = await self._scored(request, served, questions, picture)
            except ImageError as error:
                detail = ErrorDetail(code=error.reason, message=str(error))
                return BatchItem(file_name=name, error=detail)
            return BatchItem(file_name=name, score=answer)

        items = await asyncio.gather(*(one(name, data) for name, data in asked.files))
        return BatchAnswer(answers=items, bundle=served.ref.version)

    async def recommend(self, request: Request) -> RecommendAnswer:
        """Which edits of this image, and which images of the catalogue, would do better."""
        served = await self._served()
        asked = await requests.read(request, RecommendFields, self._max_bytes(served))
        fields = asked.fields
        question = parse_question(
            served.bundle.config.targets,
            fields.target,
            fields.campaign_type,
            fields.industry,
            fields.vehicle_type,
        )
        picture = await self._picture(served, asked)
        upload = await self._decoded(served, picture)
        embedded = await self._embedded(served, picture, upload, served.edits)
        question = _with_type(question, picture)
        subject = Subject(upload.image_id, upload.pixels, embedded.pooled)
        case = Case(question, fields.wishes, subject)
        recommendation, reasons = await asyncio.gather(
            self._recommender.ask("recommend", served.ref, case, embedded),
            self._classifiers.ask("explain", served.ref, question, embedded),
        )
        self._note(request, recommendation.score)
        return await asyncio.to_thread(
            RecommendAnswer.of, recommendation, reasons, served.ref.version
        )

    async def edit(self, request: Request) -> Response:
        """The image with an edit, as JPEG: to look at closely, or to save."""
        served = await self._served()
        asked = await requests.read(request, EditFields, self._max_bytes(served))
        fields = asked.fields
        edit = find_edit(served.edits, fields.augmentation_class, fields.parameters)
        picture = await self._picture(served, asked)
        limits = served.bundle.config.images
        return await self._decoder.run(_edited, picture.data, edit, limits=limits)

    async def heat_map(self, request: Request) -> HeatMapAnswer:
        """The image, and on it where the encoder sees an attribute's class."""
        served = await self._served()
        asked = await requests.read(request, HeatMapFields, self._max_bytes(served))
        fields, picture = asked.fields, await self._picture(served, asked)
        upload = await self._decoded(served, picture)
        class_name = fields.class_name
        if class_name is None:
            seen = (await self._embedded(served, picture, upload, [])).attributes_seen
            class_name = seen.get(fields.attribute, "")
        focus = _focus(served, fields.attribute, class_name)
        limits = served.bundle.config.images
        shown = await self._decoder.run(predict.picture_to_show, picture.data, limits=limits)
        found = await self._embedder.ask(
            "heat_map", served.ref, upload.pixels, focus, shown.shape[:2]
        )
        return await asyncio.to_thread(
            HeatMapAnswer.of, found, shown, picture.image_id, served.ref.version
        )

    async def image(self, request: Request, image_id: str) -> Response:
        """Thumbnail of a catalogue image."""
        served = await self._served()
        found = await self._in_catalogue(served, image_id)
        return browser_cache.answer(request, found.jpeg, shared=self._keys is None)

    async def targets(self) -> TargetsAnswer:
        """What the other requests accept."""
        served = await self._served()
        targets = served.bundle.config.targets
        limits = served.bundle.config.images
        return TargetsAnswer(
            targets=list(targets),
            lower_is_better=sorted(taxonomy.LOWER_IS_BETTER & set(targets)),
            campaign_types=list(taxonomy.CAMPAIGN_TYPES),
            industries=list(taxonomy.INDUSTRIES),
            vehicle_types=list(taxonomy.VEHICLE_TYPES),
            image=ImageLimits(
                formats=list(FORMATS), max_bytes=limits.max_bytes, max_pixels=limits.max_pixels
            ),
            max_k=MAX_SUGGESTIONS,
        )

    async def examples(self) -> ExamplesAnswer:
        """A few images of the catalogue to ask about."""
        return ExamplesAnswer(images=(await self._served()).examples)

    async def model(self) -> ModelAnswer:
        """The bundle that answers: its version, how good it is, and how it was made."""
        bundle = (await self._served()).bundle
        return ModelAnswer(
            bundle=bundle.version,
            checksums=bundle.checksums,
            metrics=bundle.metrics,
            config=bundle.config.model_dump(mode="json"),
        )

    async def healthz(self) -> HealthAnswer:
        """200 while this process takes requests."""
        return HealthAnswer(status="ok", bundle=self._current.version)

    async def readyz(self) -> ReadyAnswer:
        """200 when every part answers, with the bundle that is served."""
        ref = self._current
        parts = {
            "embedder": self._embedder,
            "classifiers": self._classifiers,
            "recommender": self._recommender,
        }
        versions = await asyncio.gather(
            *(part.ask("version", ref, timeout_s=_READY_TIMEOUT_S) for part in parts.values())
        )
        held = {"ingress": ref.version} | dict(zip(parts, versions, strict=True))
        return ReadyAnswer(status="ok", bundle=ref.version, deployments=held)

    async def _served(self) -> Served:
        """The bundle for one request: it stays that one until the request is answered."""
        return await self._shelf.get(self._current)

    async def _picture(self, served: Served, asked: Asked[Any]) -> Picture:
        """The image that was sent, or that a field names."""
        fields, data = asked.fields, asked.image
        if fields.image_id is not None:
            found = await self._in_catalogue(served, fields.image_id)
            key = images.image_id(found.jpeg)
            return Picture(found.jpeg, key, fields.image_id, found.vehicle_type)
        if fields.image_uri is not None:
            prefixes, most = self._settings.image_uri_prefixes, self._max_bytes(served)
            data = await asyncio.to_thread(pictures.fetch, fields.image_uri, prefixes, most)
        assert data is not None
        key = images.image_id(data)
        return Picture(data, key, key)

    async def _in_catalogue(self, served: Served, image_id: str) -> CataloguePicture:
        found = await self._recommender.ask("picture", served.ref, image_id)
        if found is None:
            raise ApiError(404, "not_found", "the catalogue has no image of this id")
        return found

    async def _decoded(self, served: Served, picture: Picture) -> Upload:
        limits = served.bundle.config.images
        pixels = await self._decoder.run(images.decode, picture.data, limits=limits)
        return Upload(picture.image_id, pixels)

    async def _embedded(
        self, served: Served, picture: Picture, upload: Upload | None, edits: list[Edit]
    ) -> Embedded:
        """What the encoder makes of a picture and its edits; remembered from the last time."""
        known = self._cache.get(served.ref, picture.key, len(edits))
        self._metrics.cache(known is not None)
        if known is not None:
            return known
        if upload is None:
            upload = await self._decoded(served, picture)
        versions = Versions(upload.pixels, edits)
        embedded = await self._embedder.ask("embed", served.ref, versions)
        self._cache.put(served.ref, picture.key, embedded)
        return embedded

    async def _scored(
        self, request: Request, served: Served, questions: list[Question], picture: Picture
    ) -> ScoreAnswer:
        questions = [_with_type(question, picture) for question in questions]
        embedded = await self._embedded(served, picture, None, [])
        own = embedded.embeddings[:1]
        asks = [self._classifiers.ask("predict", served.ref, questions, own)]
        if len(questions) == 1:
            asks.append(self._classifiers.ask("explain", served.ref, questions[0], embedded))
        chances, *reasons = await asyncio.gather(*asks)
        score = predict.score_of(questions, picture.image_id, embedded, chances)
        self._note(request, score)
        return ScoreAnswer.of_score(score, reasons[0] if reasons else None, served.ref.version)

    def _note(self, request: Request, score: Score) -> None:
        self._metrics.score(score)
        observation.note(request.scope, target=score.target, image_id=score.image_id)

    def _max_bytes(self, served: Served) -> int:
        return served.bundle.config.images.max_bytes

    def _max_body_bytes(self, path: str) -> int:
        """Of a request: its image, in base64 a third longer, or several of them."""
        image = self._shelf.newest.bundle.config.images.max_bytes
        return (_BATCH_IMAGES * image if path == _BATCH_PATH else 4 * image // 3) + _FORM_BYTES


class Fused(Ingress):
    """All parts in one replica: no hops between processes, and nothing to scale apart."""

    def __init__(self, ref: BundleRef, settings: ServiceArguments) -> None:
        embedder = Embedder(ref, settings.torch_threads)
        classifiers = Classifiers(ref)
        recommender = Recommender(ref, classifiers, settings.request_timeout_s)
        self._parts = (embedder, classifiers, recommender)
        super().__init__(ref, settings, embedder, classifiers, recommender)

    async def reconfigure(self, user_config: Any) -> None:
        await asyncio.gather(*(part.reconfigure(user_config) for part in self._parts))
        await super().reconfigure(user_config)


def _questions(served: Served, fields: ScoreFields) -> list[Question]:
    return parse_questions(
        served.bundle.config.targets,
        fields.target,
        fields.campaign_type,
        fields.industry,
        fields.vehicle_type,
    )


def _with_type(question: Question, picture: Picture) -> Question:
    """The catalogue knows the type of its images; what the request says goes before."""
    if question.vehicle_type or not picture.vehicle_type:
        return question
    return Question(
        question.target, question.campaign_type, question.industry, picture.vehicle_type
    )


def _focus(served: Served, attribute: str, class_name: str) -> Focus:
    """What a heat map is to show; raises ApiError for what the encoder does not know."""
    classes = tuple(class_name.split(" + "))
    spec = served.bundle.encoder_spec()
    try:
        for name in classes:
            spec.place_of(attribute, name)
    except ConfigError as error:
        accepted = spec.heads.get(attribute, tuple(spec.heads))
        raise ApiError(422, "unknown_value", str(error), accepted) from None
    return Focus(attribute, classes)


def _edited(data: bytes, edit: Edit, limits: ImageConfig) -> Response:
    return Response(images.encode_jpeg(predict.edited(data, edit, limits)), media_type="image/jpeg")
