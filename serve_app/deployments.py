"""The deployments behind the ingress: each holds one part of a bundle and answers with it.

What they compute is in `emailimg`; here is only where it runs. Work that takes longer than a moment
goes to a thread, so that a replica's event loop stays free to take requests. Every call says which
bundle it is about (see `versions`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from ray.serve.handle import DeploymentHandle

from emailimg import boosters, explain, predict, recommender
from emailimg.answers import HeatMap, Recommendation
from emailimg.boosters import Prediction
from emailimg.bundle import Bundle
from emailimg.encoder_spec import EncoderSpec
from emailimg.explain import Focus, Reasons
from emailimg.predict import Embedded, Versions
from emailimg.question import Question
from emailimg.recommender import Case, Weighed
from emailimg.together import by_kind
from serve_app import device
from serve_app.batching import Batches
from serve_app.calls import Part
from serve_app.versions import BundleRef, Shelf

if TYPE_CHECKING:
    from emailimg.embed import Embedder as Encoder  # noqa: F401 (in a base class, as text)

_MAX_BATCH = 8  # uploads that go through the encoder, or through the classifiers, together

Held = TypeVar("Held")
Item = TypeVar("Item")
Result = TypeVar("Result")


class _Deployment(Generic[Held]):
    """Holds a part of every bundle that is in use."""

    _shelf: Shelf[Held]

    async def reconfigure(self, user_config: Any) -> None:
        """Called by Serve with the deployment's `user_config`: the bundle to have ready."""
        await self._shelf.swap(user_config)

    async def _together(
        self,
        batch: list[tuple[BundleRef, Item]],
        compute: Callable[[Held, list[Item]], Sequence[Result]],
    ) -> list[Result]:
        """The batch's results, of each bundle in one go."""
        held = {ref: await self._shelf.get(ref) for ref, _ in batch}

        def of_one(ref: BundleRef, some: list[tuple[BundleRef, Item]]) -> Sequence[Result]:
            return compute(held[ref], [item for _, item in some])

        return await asyncio.to_thread(by_kind, batch, lambda each: each[0], of_one)

    async def version(self, ref: BundleRef) -> str:
        """The bundle's version, once its part is there."""
        await self._shelf.get(ref)
        return ref.version


class Embedder(_Deployment["Encoder"]):
    """Holds the encoder; maps an upload and its edits to embeddings."""

    def __init__(self, ref: BundleRef, threads: int) -> None:
        where = device.granted()
        self._shelf = Shelf(lambda bundle: bundle.embedder(device=where, threads=threads), ref)
        self._batches = Batches(self._embed_all, _MAX_BATCH)

    async def embed(self, ref: BundleRef, versions: Versions) -> Embedded:
        """Edits are made here: they travel as a few parameters, not as a picture each."""
        return await self._batches.ask((ref, versions))

    async def _embed_all(self, batch: list[tuple[BundleRef, Versions]]) -> list[Embedded]:
        return await self._together(batch, predict.embed_versions)

    async def heat_map(
        self, ref: BundleRef, pixels: np.ndarray, focus: Focus, size: tuple[int, int]
    ) -> HeatMap:
        """Where in a picture, uint8 (H, W, 3), the focus is seen; see `explain.heat_map`."""
        encoder = await self._shelf.get(ref)
        return await asyncio.to_thread(explain.heat_map, encoder, pixels, focus, size)


_Judged = tuple[list[Question], Embedded]  # questions about an image and its edits
_Verdict = tuple[list[Prediction], Reasons | None]


@dataclass(frozen=True)
class _Judge:
    """The classifiers of a bundle, and what names the columns of their embeddings."""

    classifiers: boosters.Classifiers
    spec: EncoderSpec
    kind: str

    @classmethod
    def of(cls, bundle: Bundle) -> "_Judge":
        return cls(bundle.classifiers(), bundle.encoder_spec(), bundle.config.embed.kind)

    def predictions(
        self,
        questions: list[Question],
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None] | None = None,
    ) -> list[Prediction]:
        """Each question's; see `predict.prediction`."""
        return [
            predict.prediction(self.classifiers, question, embeddings, vehicle_types)
            for question in questions
        ]

    def verdicts(self, cases: list[_Judged]) -> list[_Verdict]:
        """Of each case its questions' predictions, and where that is one, the reasons."""
        asked = [(q, embedded.embeddings) for questions, embedded in cases for q in questions]
        predicted = iter(predict.predictions(self.classifiers, asked))
        explained = iter(self._reasons([case for case in cases if len(case[0]) == 1]))
        return [
            (
                [next(predicted) for _ in questions],
                next(explained) if len(questions) == 1 else None,
            )
            for questions, _ in cases
        ]

    def _reasons(self, cases: list[_Judged]) -> list[Reasons]:
        asked = [
            explain.Asked(question, embedded.embeddings[0], embedded.attributes_seen)
            for [question], embedded in cases
        ]
        return explain.reasons(self.classifiers, asked, self.spec, self.kind)


class Classifiers(_Deployment[_Judge]):
    """Holds the classifiers of all targets; maps embeddings to probabilities."""

    def __init__(self, ref: BundleRef) -> None:
        self._shelf = Shelf(_Judge.of, ref)
        self._batches = Batches(self._judge_all, _MAX_BATCH)

    async def predict(
        self,
        ref: BundleRef,
        questions: list[Question],
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None] | None = None,
    ) -> list[Prediction]:
        """Each question's answer about embeddings, float32 (N, D); see `predict.prediction`."""
        judge = await self._shelf.get(ref)
        return await asyncio.to_thread(judge.predictions, questions, embeddings, vehicle_types)

    async def probabilities(
        self,
        ref: BundleRef,
        question: Question,
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None],
    ) -> np.ndarray:
        """Float64 (N,), without intervals; see `predict.probabilities`."""
        judge = await self._shelf.get(ref)
        return await asyncio.to_thread(
            predict.probabilities, judge.classifiers, question, embeddings, vehicle_types
        )

    async def judge(
        self, ref: BundleRef, questions: list[Question], embedded: Embedded
    ) -> _Verdict:
        """Each question's answer about an image and its edits, and what moves the image's.

        The reasons of one question; of several None.
        """
        return await self._batches.ask((ref, (questions, embedded)))

    async def _judge_all(self, batch: list[tuple[BundleRef, _Judged]]) -> list[_Verdict]:
        return await self._together(batch, _Judge.verdicts)


@dataclass(frozen=True)
class CataloguePicture:
    """A catalogue image to ask about: its thumbnail as JPEG, and its type where that is known."""

    jpeg: bytes
    vehicle_type: str | None


class Recommender(_Deployment[recommender.Recommender]):
    """Holds the catalogue; finds the edits and the catalogue images that beat an upload."""

    def __init__(
        self,
        ref: BundleRef,
        classifiers: DeploymentHandle[Classifiers] | Classifiers,
        timeout_s: float,
    ) -> None:
        self._shelf = Shelf(_recommender, ref)
        self._classifiers = Part.of(classifiers, timeout_s)

    async def recommend(
        self, ref: BundleRef, case: Case, embedded: Embedded
    ) -> tuple[Recommendation, Reasons]:
        """The answer about an upload, and why; embedded: of itself and the recommender's edits."""
        held = await self._shelf.get(ref)
        question = case.question
        weighed, ([predicted], reasons) = await asyncio.gather(
            self._weighed(ref, held, case),
            self._classifiers.ask("judge", ref, [question], embedded),
        )
        rows = await asyncio.to_thread(held.shortlist, case, weighed, predicted)
        [of_rows] = await self._classifiers.ask("predict", ref, [question], *held.features(rows))
        score = predict.score_of([question], case.subject.image_id, embedded, [predicted])
        recommendation = await asyncio.to_thread(
            held.recommendation, case, score, predicted, weighed, rows, of_rows
        )
        return recommendation, reasons

    async def _weighed(self, ref: BundleRef, held: recommender.Recommender, case: Case) -> Weighed:
        """The images that fit, with their probabilities: asked for once, and then remembered."""
        pool = await asyncio.to_thread(held.pool, case)
        known = held.known(case, pool)
        if known is not None:
            return known
        probabilities = await self._classifiers.ask(
            "probabilities", ref, case.question, *held.features(pool.rows)
        )
        return held.remember(case, pool, probabilities)

    async def picture(self, ref: BundleRef, image_id: str) -> CataloguePicture | None:
        """None when the catalogue has no such image."""
        held = await self._shelf.get(ref)
        jpeg = held.thumbnail(image_id)
        return None if jpeg is None else CataloguePicture(jpeg, held.vehicle_type(image_id))


def _recommender(bundle: Bundle) -> recommender.Recommender:
    return recommender.Recommender(bundle.catalogue(), bundle.config)
