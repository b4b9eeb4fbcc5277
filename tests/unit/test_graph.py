"""The application before it is deployed: which deployments there are, and how many of each."""

from typing import Any

import pytest
from ray.serve._private.build_app import build_app

from serve_app import graph, versions
from serve_app.versions import BundleRef

PARTS = {"Ingress", "Embedder", "Classifiers", "Recommender"}


@pytest.fixture(autouse=True)
def _a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "find", lambda location: BundleRef(location, "v1"))


def replicas(**settings: Any) -> dict[str, int]:
    """Numbers of replicas, by deployment."""
    made = graph.build_app({"bundle": "somewhere", **settings})  # type: ignore[arg-type]
    deployments = build_app(made, name="emailimg").deployments
    return {each.name: each._deployment_config.num_replicas for each in deployments}


def test_a_graph_of_four_or_all_of_it_in_one() -> None:
    assert replicas() == dict.fromkeys(PARTS, 1)
    assert replicas(fused=True) == {"Fused": 1}


def test_as_many_replicas_of_each_as_are_asked_for() -> None:
    assert replicas(replicas=3) == dict.fromkeys(PARTS, 3)
    assert replicas(replicas=2, fused=True) == {"Fused": 2}
