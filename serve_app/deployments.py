"""The deployments behind the ingress: each holds one part of the bundle and answers with it.

What they compute is in `emailimg.predict`; here is only where it runs. Work that takes longer than
a moment goes to a thread, so that a replica's event loop stays free to take requests.
"""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from ray import serve
from ray.serve.handle import DeploymentHandle

from emailimg import predict
from emailimg.bundle import Bundle
from emailimg.predict import Chances, Embedded, Upload, Versions
from emailimg.question import Question
from serve_app.schemas import RecommendAnswer

LoadBundle = Callable[[], Bundle]

# Uploads that go through the encoder together. While one batch is computed the next one fills, so
# waiting for company is only worth a fraction of what one upload takes.
_MAX_BATCH = 8
_BATCH_WAIT_S = 0.001


class Embedder:
    """Holds the encoder; maps an upload and its edits to embeddings."""

    def __init__(self, load_bundle: LoadBundle, threads: int) -> None:
        bundle = load_bundle()
        self._version = bundle.version
        self._embedder = bundle.embedder(threads=threads)

    @serve.batch(max_batch_size=_MAX_BATCH, batch_wait_timeout_s=_BATCH_WAIT_S)
    async def embed(self, batch: list[Versions]) -> list[Embedded]:
        """Called with one `Versions`; Serve makes the batch.

        Edits are made here: they travel as a few parameters, not as a picture each.
        """
        return await asyncio.to_thread(predict.embed_versions, self._embedder, batch)

    async def version(self) -> str:
        return self._version


class Classifiers:
    """Holds the classifiers of all targets; maps embeddings to probabilities."""

    def __init__(self, load_bundle: LoadBundle) -> None:
        bundle = load_bundle()
        self._version = bundle.version
        self._classifiers = bundle.classifiers()

    async def predict(
        self,
        questions: list[Question],
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None] = (),
    ) -> list[Chances]:
        """Each question's answer about embeddings, float32 (N, D); see `predict.chances`."""
        return await asyncio.to_thread(self._predict, questions, embeddings, vehicle_types)

    def _predict(
        self,
        questions: list[Question],
        embeddings: np.ndarray,
        vehicle_types: Sequence[str | None],
    ) -> list[Chances]:
        return [
            predict.chances(self._classifiers, question, embeddings, vehicle_types)
            for question in questions
        ]

    async def version(self) -> str:
        return self._version


class Recommender:
    """Holds the catalogue; finds the edits and the catalogue images that beat an upload."""

    def __init__(
        self,
        load_bundle: LoadBundle,
        embedder: DeploymentHandle[Embedder],
        classifiers: DeploymentHandle[Classifiers],
    ) -> None:
        bundle = load_bundle()
        self._version = bundle.version
        self._recommender = predict.Recommender(bundle.catalogue(), bundle.config.augment)
        self._embedder = embedder
        self._classifiers = classifiers

    async def recommend(self, question: Question, upload: Upload, k: int) -> RecommendAnswer:
        """The answer to `POST /v1/recommend`, pictures of the edits included."""
        versions = Versions(upload.pixels, self._recommender.edits)
        embedding = self._embedder.embed.remote(versions)
        shortlist = await asyncio.to_thread(
            self._recommender.shortlist, question, upload.image_id, k
        )
        embedded = await embedding
        candidates = np.concatenate([embedded.embeddings, shortlist.embeddings])
        [chances] = await self._classifiers.predict.remote(
            [question], candidates, shortlist.vehicle_types
        )
        ranked = await asyncio.to_thread(
            self._recommender.rank,
            question,
            upload,
            embedded,
            shortlist,
            chances,
            k,
        )
        return await asyncio.to_thread(RecommendAnswer.of, ranked, self._version)

    async def thumbnail(self, image_id: str) -> bytes | None:
        """JPEG bytes of a catalogue image; None when there is no such image."""
        return self._recommender.thumbnail(image_id)

    async def version(self) -> str:
        return self._version
