"""From the image that a request means to what the encoder makes of it.

The image was sent, is one of the catalogue, or is on S3. It is decoded, and embedded together with
its edits; what was looked at lately is remembered.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emailimg import images, predict
from emailimg.config import ImageConfig
from emailimg.edits import Edit
from emailimg.predict import Embedded, Upload, Versions
from emailimg.question import Question
from serve_app import pictures
from serve_app.calls import Part
from serve_app.decoding import Decoder
from serve_app.deployments import CataloguePicture
from serve_app.embedding_cache import EmbeddingCache
from serve_app.failures import ApiError
from serve_app.observation import Metrics
from serve_app.request_bodies import Asked
from serve_app.served import Served
from serve_app.settings import ServiceArguments


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

    @classmethod
    def sent(cls, data: bytes) -> "Picture":
        key = images.image_id(data)
        return cls(data, key, key)

    def known_to(self, question: Question) -> Question:
        """The question with the type that the catalogue knows; what a request says goes before."""
        if question.vehicle_type or not self.vehicle_type:
            return question
        return replace(question, vehicle_type=self.vehicle_type)


class Looking:
    """Finds, decodes and embeds pictures."""

    def __init__(
        self, embedder: Part, recommender: Part, settings: ServiceArguments, metrics: Metrics
    ) -> None:
        pictures.check_prefixes(settings.image_uri_prefixes)
        self._prefixes = settings.image_uri_prefixes
        self._embedder = embedder
        self._recommender = recommender
        self._decoder = Decoder()
        self._cache = EmbeddingCache(settings.cached_images)
        self._metrics = metrics

    async def picture(self, served: Served, asked: Asked[Any]) -> Picture:
        """The image that was sent, or that a field names; raises ApiError."""
        fields = asked.fields
        if fields.image_id is not None:
            found = await self.in_catalogue(served, fields.image_id)
            key = images.image_id(found.jpeg)
            return Picture(found.jpeg, key, fields.image_id, found.vehicle_type)
        if fields.image_uri is not None:
            most = served.limits.max_bytes
            return Picture.sent(
                await asyncio.to_thread(pictures.fetch, fields.image_uri, self._prefixes, most)
            )
        assert asked.image is not None
        return Picture.sent(asked.image)

    async def in_catalogue(self, served: Served, image_id: str) -> CataloguePicture:
        """Raises ApiError where there is no such image."""
        found = await self._recommender.ask("picture", served.ref, image_id)
        if found is None:
            raise ApiError(404, "not_found", "the catalogue has no image of this id")
        return found

    async def decoded(self, served: Served, picture: Picture) -> Upload:
        """At working size; raises ImageError."""
        pixels = await self._decoder.run(images.decode, picture.data, limits=served.limits)
        return Upload(picture.image_id, pixels)

    async def shown(self, served: Served, picture: Picture) -> np.ndarray:
        """At the size for people, uint8 (H, W, 3) RGB; raises ImageError."""
        return await self._decoder.run(predict.picture_to_show, picture.data, limits=served.limits)

    async def edited(self, served: Served, picture: Picture, edit: Edit) -> bytes:
        """With an edit, as JPEG; raises ImageError."""
        return await self._decoder.run(_edited, picture.data, edit, limits=served.limits)

    async def embedded(
        self,
        served: Served,
        picture: Picture,
        upload: Upload | None = None,
        edits: list[Edit] | None = None,
    ) -> Embedded:
        """What the encoder makes of a picture and its edits; upload: where it is decoded."""
        wanted = edits or []
        known = self._cache.get(served.ref, picture.key, len(wanted))
        self._metrics.cache(known is not None)
        if known is not None:
            return known if wanted else known.alone
        if upload is None:
            upload = await self.decoded(served, picture)
        versions = Versions(upload.pixels, wanted)
        embedded = await self._embedder.ask("embed", served.ref, versions)
        self._cache.put(served.ref, picture.key, embedded)
        return embedded


def _edited(data: bytes, edit: Edit, limits: ImageConfig) -> bytes:
    return images.encode_jpeg(predict.edited(data, edit, limits))
