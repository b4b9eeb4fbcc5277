"""The deployments' own part: what arrives at the same time goes through the encoder together."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from emailimg.embed import Look
from emailimg.predict import Embedded, Versions
from serve_app import versions
from serve_app.deployments import Embedder
from serve_app.versions import BundleRef


class CountingEmbedder:
    """Embeds an image as its mean, and remembers how many came at a time."""

    spec = SimpleNamespace(model_size_px=32, heads={"augmentation_class": ("original",)})
    domain = None

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []
        self.lasting: list[int] = []

    def look(self, pixels: np.ndarray) -> Look:
        self.batch_sizes.append(len(pixels))
        means = pixels.mean((1, 2, 3), dtype=np.float32)[:, None]
        return Look(means, means, {"augmentation_class": ["original"] * len(pixels)})


def test_simultaneous_uploads_become_one_batch_and_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
):
    counting = CountingEmbedder()
    bundle = SimpleNamespace(embedder=lambda **_: counting)
    monkeypatch.setattr(versions, "open_bundle", lambda _: bundle)
    ref = BundleRef("somewhere", "v1")
    deployment = Embedder(ref, threads=1)
    uploads = [np.full((32, 32, 3), level, np.uint8) for level in range(0, 80, 10)]

    async def ask_all() -> list[Embedded]:
        return await asyncio.gather(*(deployment.embed(ref, Versions(u)) for u in uploads))

    answers = asyncio.run(ask_all())
    assert counting.batch_sizes == [len(uploads)]
    assert [answer.embeddings.item() for answer in answers] == list(range(0, 80, 10))
