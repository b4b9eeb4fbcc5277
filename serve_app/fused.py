"""All parts in one replica."""

import asyncio
from typing import Any

from serve_app.deployments import Classifiers, Embedder, Recommender
from serve_app.ingress import Ingress
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef


class Fused(Ingress):
    """The ingress with the other parts inside: no hops, and nothing to scale apart."""

    def __init__(self, ref: BundleRef, settings: ServiceArguments) -> None:
        embedder = Embedder(ref, settings.torch_threads)
        classifiers = Classifiers(ref)
        recommender = Recommender(ref, classifiers, settings.request_timeout_s)
        self._inside = (embedder, classifiers, recommender)
        super().__init__(ref, settings, embedder, classifiers, recommender)

    async def reconfigure(self, user_config: Any) -> None:
        await asyncio.gather(*(part.reconfigure(user_config) for part in self._inside))
        await super().reconfigure(user_config)
