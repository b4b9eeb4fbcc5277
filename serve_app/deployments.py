"""The deployments behind the ingress: each holds one part of a bundle and answers with it.

What they compute is in `emailimg`; here is only where it runs. Work that takes longer than a moment
goes to a thread, so that a replica's event loop stays free to take requests. Every call says which
bundle it is about (see `versions`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from ray import serve
from ray.serve.handle import DeploymentHandle

from emailimg import boosters, explain, predict
from emailimg.answers import HeatMap, Recommendation
from emailimg.bundle import Bundle
from emailimg.encoder_spec import EncoderSpec
from emailimg.explain import Focus, Reasons
from emailimg.predict import Chances, Embedded, Upload, Versions
from emailimg.question import Question
from serve_app.calls import Part
from serve_app.versions import BundleRef, Shelf

if TYPE_CHECKING:
    from emailimg.embed import Embedder as Encoder  # noqa: F401 (in a base class, as text)

# Uploads that go through the encoder together. While one batch is computed the next one fills, so
# waiting for company is only worth a fraction of what one upload takes.
_MAX_BATCH = 8
_BATCH_WAIT_S = 0.001

Held = TypeVar("Held")


class _Deployment(Generic[Held]):
    """Holds a part of every bundle that is in use."""

    _shelf: Shelf[Held]

    async def reconfigure(self, user_config: Any) -> None:
        """Called by Serve with the deployment's `user_config`: the bundle to have ready."""
        await self._shelf.swap(user_config)

    async def version(self, ref: BundleRef) -> str:
        """The bundle's version, once its part is there."""
        await self._shelf.get(ref)
        return ref.version


class Embedder(_Deployment["Encoder"]):
    """Holds the encoder; maps an upload and its edits to embeddings."""

    def __init__(self, ref: BundleRef, threads: int) -> None:
        self._shelf = Shelf(lambda bundle: bundle.embedder(threads=threads), ref)

    async def embed(self, ref: BundleRef, versions: Versions) -> Embedded:
        """Edits are made here: they travel as a few parameters, not as a picture each."""
        return await self._embed((ref, versions))

    @serve.batch(max_batch_size=_MAX_BATCH, batch_wait_timeout_s=_BATCH_WAIT_S)
    async def _embed(self, batch: list[tuple[BundleRef, Versions]]) -> list[Embedded]:
        """Called with one pair; Serve makes the batch."""
        places: dict[BundleRef, list[int]] = defaultdict(list)
        for place, (ref, _) in enumerate(batch):
            places[ref].append(place)
        found: dict[int, Embedded] = {}
        for ref, where in places.items():
            encoder = await self._shelf.get(ref)
            versions = [batch[place][1] for place in where]
            embedded = await asyncio.to_thread(predict.embed_versions, encoder, versions)
            found |= dict(zip(where, embedded, strict=True))
        return [found[place] for place in range(len(batch))]

    async def heat_map(
        self, ref: BundleRef, pixels: np.ndarray, focus: Focus, size: tuple[int, int]
    ) -> HeatMap:
        """Where in a picture, uint8 (H, W, 3), the focus is seen; see `explain.heat_map`."""
        encoder = await self._shelf.get(ref)
        return await asyncio.to_thread(explain.heat_map, encoder, pixels, focus, size)


@dataclass(frozen=True)
class _Judge:
    """The classifiers of a bundle, and what names the columns of their embeddings."""

    classifiers: boosters.Classifiers
    spec: EncoderSpec
    kind: str

    @classmethod
    def of(cls, bundle: Bundle) -> "_Judge":
        return cls(bundle.classifiers(), bundle.encoder_spec(), bundle.config.embed.kind)


class Classifiers(_Deployment[_Judge]):
    """Holds the classifiers of all targets; maps embeddings to probabilities."""

    def __init__(self, ref: BundleRef) -> None:
        self._shelf = Shelf(_Judge.of, ref)

    async def predict(
        self,
        ref: BundleRef,
        questions: list[Question],
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None] = (),
    ) -> list[Chances]:
        """Each question's answer about embeddings, float32 (N, D); see `predict.chances`."""
        judge = await self._shelf.get(ref)

        def answers() -> list[Chances]:
            return [
                predict.chances(judge.classifiers, question, embeddings, vehicle_types)
                for question in questions
            ]

        return await asyncio.to_thread(answers)

    async def explain(self, ref: BundleRef, question: Question, embedded: Embedded) -> Reasons:
        """What moves the probability of the image; see `explain.reasons`."""
        judge = await self._shelf.get(ref)
        return await asyncio.to_thread(
            explain.reasons,
            judge.classifiers,
            question,
            embedded.embeddings[0],
            embedded.attributes_seen,
            judge.spec,
            judge.kind,
        )


@dataclass(frozen=True)
class CataloguePicture:
    """A catalogue image to ask about: its thumbnail as JPEG, and its type where that is known."""

    jpeg: bytes
    vehicle_type: str | None


class Recommender(_Deployment[predict.Recommender]):
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
        self, ref: BundleRef, question: Question, upload: Upload, embedded: Embedded, k: int
    ) -> Recommendation:
        """The answer about an upload; embedded: of itself and the recommender's edits."""
        recommender = await self._shelf.get(ref)
        shortlist = await asyncio.to_thread(recommender.shortlist, question, upload.image_id, k)
        candidates = np.concatenate([embedded.embeddings, shortlist.embeddings])
        [chances] = await self._classifiers.ask(
            "predict", ref, [question], candidates, shortlist.vehicle_types
        )
        return await asyncio.to_thread(
            recommender.rank, question, upload, embedded, shortlist, chances, k
        )

    async def picture(self, ref: BundleRef, image_id: str) -> CataloguePicture | None:
        """None when the catalogue has no such image."""
        recommender = await self._shelf.get(ref)
        jpeg = recommender.thumbnail(image_id)
        return None if jpeg is None else CataloguePicture(jpeg, recommender.vehicle_type(image_id))


def _recommender(bundle: Bundle) -> predict.Recommender:
    return predict.Recommender(bundle.catalogue(), bundle.config.augment)
