"""The encoder runs on a GPU where Ray gave the replica one, and nowhere else."""

from types import SimpleNamespace
from typing import Any

import pytest
import ray

from serve_app import deployments, device, versions
from serve_app.versions import BundleRef


@pytest.fixture
def in_replica(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says which accelerators Ray gave to this process."""

    def of(accelerators: dict[str, list[str]]) -> None:
        context = SimpleNamespace(get_accelerator_ids=lambda: accelerators)
        monkeypatch.setattr(ray, "is_initialized", lambda: True)
        monkeypatch.setattr(ray, "get_runtime_context", lambda: context)

    return of


@pytest.mark.parametrize(
    ("accelerators", "where"),
    [({"GPU": ["0"]}, "cuda"), ({"GPU": []}, "cpu"), ({"TPU": ["0"]}, "cpu"), ({}, "cpu")],
)
def test_a_replica_uses_what_it_was_given(
    in_replica: Any, accelerators: dict[str, list[str]], where: str
):
    in_replica(accelerators)
    assert device.granted() == where


def test_without_ray_it_is_the_cpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    assert device.granted() == "cpu"


def test_the_embedder_asks(in_replica: Any, monkeypatch: pytest.MonkeyPatch):
    asked: list[dict[str, Any]] = []
    bundle = SimpleNamespace(embedder=lambda **options: asked.append(options))
    monkeypatch.setattr(versions, "open_bundle", lambda _: bundle)
    in_replica({"GPU": ["0"]})
    deployments.Embedder(BundleRef("somewhere", "v1"), threads=1)
    assert asked == [{"device": "cuda", "threads": 1}]
