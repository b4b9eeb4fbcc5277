"""The ingress: what is asked over HTTP, and which parts answer it.

Everything a caller can get wrong is found here, before another part is called: an exception that
crosses a process arrives wrapped and would lose its status.
"""

import asyncio
import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from ray.serve.handle import DeploymentHandle

from emailimg import explain, predict
from emailimg.answers import Score
from emailimg.edits import find_edit
from emailimg.errors import ImageError
from emailimg.question import Question
from emailimg.recommender import Case, Subject
from serve_app import access, application, browser_cache, observation, request_bodies
from serve_app.calls import Part
from serve_app.deployments import Classifiers, Embedder, Recommender
from serve_app.looking import Looking, Picture
from serve_app.request_fields import EditFields, HeatMapFields, RecommendFields, ScoreFields
from serve_app.schemas import (
    BatchAnswer,
    BatchItem,
    ErrorDetail,
    ExamplesAnswer,
    HealthAnswer,
    HeatMapAnswer,
    ModelAnswer,
    ReadyAnswer,
    RecommendAnswer,
    ScoreAnswer,
    TargetsAnswer,
)
from serve_app.served import Served
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef, Shelf

logger = logging.getLogger("ray.serve")  # Serve writes these to the replica's log, with its name

_READY_TIMEOUT_S = 5.0


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
        self._settings = settings
        self._keys = access.read_keys(settings.api_keys_file) if settings.api_keys_file else None
        self._shelf = Shelf(Served.of, ref)
        self._current = ref
        timeout_s = settings.request_timeout_s
        self._embedder = Part.of(embedder, timeout_s)
        self._classifiers = Part.of(classifiers, timeout_s)
        self._recommender = Part.of(recommender, timeout_s)
        self._metrics = observation.Metrics()
        self._looking = Looking(self._embedder, self._recommender, settings, self._metrics)

    async def reconfigure(self, user_config: Any) -> None:
        """Called by Serve with the deployment's `user_config`: from now on another bundle."""
        ref = await self._shelf.swap(user_config)
        if ref is not None:
            self._current = ref
            logger.info("serving bundle %s from %s", ref.version, ref.location)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Called by Serve in the replica."""

        def newest() -> Served:
            return self._shelf.newest

        return application.build(self, self._settings, self._keys, self._metrics, newest)

    async def score(self, request: Request) -> ScoreAnswer:
        """How likely this image is to succeed, and why."""
        served = await self._served(request)
        asked = await request_bodies.read(request, ScoreFields, served.limits.max_bytes)
        questions = served.questions(asked.fields)
        picture = await self._looking.picture(served, asked)
        return await self._scored(request, served, questions, picture)

    async def score_batch(self, request: Request) -> BatchAnswer:
        """The scores of several images; one that cannot be read does not keep back the others."""
        served = await self._served(request)
        asked = await request_bodies.read_many(request, served.limits.max_bytes)
        questions = served.questions(asked.fields)

        async def one(name: str, data: bytes) -> BatchItem:
            try:
                answer = await self._scored(request, served, questions, Picture.sent(data))
            except ImageError as error:
                detail = ErrorDetail(code=error.reason, message=str(error))
                return BatchItem(file_name=name, error=detail)
            return BatchItem(file_name=name, score=answer)

        items = await asyncio.gather(*(one(name, data) for name, data in asked.files))
        return BatchAnswer(answers=items, bundle=served.ref.version)

    async def recommend(self, request: Request) -> RecommendAnswer:
        """Which edits of this image, and which images of the catalogue, would do better."""
        served = await self._served(request)
        asked = await request_bodies.read(request, RecommendFields, served.limits.max_bytes)
        question, wishes = served.question(asked.fields), asked.fields.wishes
        picture = await self._looking.picture(served, asked)
        upload = await self._looking.decoded(served, picture)
        edits = wishes.to_try(served.edits)
        embedded = await self._looking.embedded(served, picture, upload, edits)
        question = picture.known_to(question)
        subject = Subject(upload.image_id, upload.pixels, embedded.pooled)
        case = Case(question, wishes, subject)
        recommendation, reasons = await self._recommender.ask(
            "recommend", served.ref, case, embedded
        )
        self._note(request, recommendation.score)
        return await asyncio.to_thread(
            RecommendAnswer.of, recommendation, reasons, served.ref.version
        )

    async def edit(self, request: Request) -> Response:
        """The image with an edit, as JPEG: to look at closely, or to save."""
        served = await self._served(request)
        asked = await request_bodies.read(request, EditFields, served.limits.max_bytes)
        fields = asked.fields
        edit = find_edit(served.edits, fields.augmentation_class, fields.parameters)
        picture = await self._looking.picture(served, asked)
        jpeg = await self._looking.edited(served, picture, edit)
        return Response(jpeg, media_type="image/jpeg")

    async def heat_map(self, request: Request) -> HeatMapAnswer:
        """The image, and on it where the encoder sees an attribute's class."""
        served = await self._served(request)
        asked = await request_bodies.read(request, HeatMapFields, served.limits.max_bytes)
        fields, picture = asked.fields, await self._looking.picture(served, asked)
        attribute = explain.attribute_of(served.spec, fields.attribute)
        class_name = fields.class_name
        upload = await self._looking.decoded(served, picture)
        if class_name is None:
            seen = (await self._looking.embedded(served, picture, upload)).attributes_seen
            class_name = seen[attribute]
        focus = explain.focus_of(served.spec, attribute, class_name)
        shown = await self._looking.shown(served, picture)
        found = await self._embedder.ask(
            "heat_map", served.ref, upload.pixels, focus, shown.shape[:2]
        )
        return await asyncio.to_thread(
            HeatMapAnswer.of, found, shown, picture.image_id, served.ref.version
        )

    async def image(self, request: Request, image_id: str) -> Response:
        """Thumbnail of a catalogue image."""
        found = await self._looking.in_catalogue(await self._served(request), image_id)
        return browser_cache.answer(request, found.jpeg, shared=self._keys is None)

    async def targets(self, request: Request) -> TargetsAnswer:
        """What the other requests accept."""
        return (await self._served(request)).targets_answer()

    async def examples(self, request: Request) -> ExamplesAnswer:
        """A few images of the catalogue to ask about."""
        return ExamplesAnswer(images=(await self._served(request)).examples)

    async def model(self, request: Request) -> ModelAnswer:
        """The bundle that answers: its version, how good it is, and how it was made."""
        return (await self._served(request)).model_answer()

    async def healthz(self, request: Request) -> HealthAnswer:
        """200 while this process takes requests."""
        version = self._current.version
        observation.note(request.scope, bundle=version)
        return HealthAnswer(status="ok", bundle=version)

    async def readyz(self, request: Request) -> ReadyAnswer:
        """200 when every part answers, with the bundle that is served."""
        ref = self._current
        observation.note(request.scope, bundle=ref.version)
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

    async def _served(self, request: Request) -> Served:
        """The bundle for one request: it stays that one until the request is answered."""
        ref = self._current
        observation.note(request.scope, bundle=ref.version)
        return await self._shelf.get(ref)

    async def _scored(
        self, request: Request, served: Served, questions: list[Question], picture: Picture
    ) -> ScoreAnswer:
        questions = [picture.known_to(question) for question in questions]
        embedded = await self._looking.embedded(served, picture)
        predicted, reasons = await self._classifiers.ask("judge", served.ref, questions, embedded)
        score = predict.score_of(questions, picture.image_id, embedded, predicted)
        self._note(request, score)
        return ScoreAnswer.of_score(score, reasons, served.ref.version)

    def _note(self, request: Request, score: Score) -> None:
        self._metrics.score(score)
        observation.note(request.scope, target=score.target, image_id=score.image_id)
