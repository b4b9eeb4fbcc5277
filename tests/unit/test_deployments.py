"""The deployments' own part: what arrives at the same time goes through the encoder together."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emailimg import boosters, bundle
from emailimg.embed import Look
from emailimg.predict import Embedded, Versions
from emailimg.question import Question
from serve_app import versions
from serve_app.deployments import Classifiers, Embedder
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
    opened = SimpleNamespace(embedder=lambda **_: counting)
    monkeypatch.setattr(versions, "open_bundle", lambda _: opened)
    ref = BundleRef("somewhere", "v1")
    deployment = Embedder(ref, threads=1)
    uploads = [np.full((32, 32, 3), level, np.uint8) for level in range(0, 80, 10)]

    async def ask_all() -> list[Embedded]:
        return await asyncio.gather(*(deployment.embed(ref, Versions(u)) for u in uploads))

    answers = asyncio.run(ask_all())
    assert counting.batch_sizes == [len(uploads)]
    assert [answer.embeddings.item() for answer in answers] == list(range(0, 80, 10))


def test_simultaneous_questions_go_through_a_targets_boosters_together(
    bundle_location: str, monkeypatch: pytest.MonkeyPatch
):
    counted: list[int] = []
    predict_rows = boosters.Model.predict

    def count(model: boosters.Model, matrix: np.ndarray) -> boosters.Prediction:
        counted.append(len(matrix))
        return predict_rows(model, matrix)

    monkeypatch.setattr(boosters.Model, "predict", count)
    ref = versions.find(bundle_location)
    deployment = Classifiers(ref)
    rng = np.random.default_rng(0)
    width = bundle.load(bundle_location).classifiers().embedding_width
    seen = {"augmentation_class": "original", "vehicle_type": "SUV"}
    cases = [
        (
            [Question(target, "Survey", "Retail") for target in targets],
            Embedded(rows, rows[0], seen),
        )
        for targets in (["open_rate"], ["open_rate", "unsubscribe_rate"], ["unsubscribe_rate"])
        for rows in [rng.normal(size=(2, width)).astype(np.float32)]
    ]

    async def ask_all() -> list[Any]:
        return await asyncio.gather(*(deployment.judge(ref, *case) for case in cases))

    together = asyncio.run(ask_all())
    assert counted == [4, 4]
    for case, (predicted, reasons) in zip(cases, together, strict=True):
        [[alone, why]] = [asyncio.run(deployment.judge(ref, *case))]
        for one, other in zip(predicted, alone, strict=True):
            np.testing.assert_allclose(one.probability, other.probability, rtol=1e-12)
        assert (reasons is None) == (why is None) == (len(case[0]) > 1)
        if reasons is not None:
            assert why is not None
            assert reasons.base_log_odds == why.base_log_odds
            theirs = {each.group: each.log_odds for each in why.contributions}
            for each in reasons.contributions:
                assert each.log_odds == pytest.approx(theirs[each.group], abs=1e-6)
