"""The service over several nodes goes on answering while one of them goes away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from benchmarks.free_ports import free_port
from proxies import answering, listening
from serve_settings import everywhere, fused, settings
from service_load import CLIENTS, UPLOADS, is_ready, right_answers, under_load
from several_nodes import Node, SeveralNodes, several_nodes
from waiting import wait_for

QUESTIONS = 60  # that chance leaves out none of three
DEPLOYMENTS = ("Ingress", "Embedder", "Classifiers", "Recommender")


@pytest.fixture(scope="module")
def cluster(bucket: str) -> Iterator[SeveralNodes]:
    with several_nodes(workers=2) as cluster:
        yield cluster


@contextmanager
def serving(cluster: SeveralNodes, settings: dict[str, Any]) -> Iterator[str]:
    """The base URL, once it is ready, while the block runs."""
    cluster.dashboard.deploy(settings)
    base_url = f"http://127.0.0.1:{settings['http_options']['port']}"
    try:
        wait_for("the service is ready", lambda: is_ready(base_url))
        yield base_url
    finally:
        cluster.dashboard.end_service()


@pytest.fixture
def base_url(cluster: SeveralNodes, bundle_on_s3: str) -> Iterator[str]:
    """Of a service with two replicas of everything, which no node has both of."""
    apart = {"num_replicas": 2, "max_replicas_per_node": 1}
    with serving(cluster, settings(bundle_on_s3, free_port(), **apart)) as base_url:
        wait_for_replicas(cluster, 2)
        yield base_url


def replicas(cluster: SeveralNodes, deployment: str) -> list[Node]:
    """The worker nodes that hold one."""
    return cluster.doing(f"ray::ServeReplica:emailimg:{deployment}".encode())


def counts(cluster: SeveralNodes) -> list[int]:
    """Of the replicas of every deployment."""
    return [len(replicas(cluster, name)) for name in DEPLOYMENTS]


def wait_for_replicas(cluster: SeveralNodes, count: int) -> None:
    wait_for(
        f"{count} replicas of everything",
        lambda: min(counts(cluster)) >= count,
        seen=lambda: counts(cluster),
    )


def test_it_answers_while_a_node_goes_away(
    base_url: str, cluster: SeveralNodes, bundle_on_s3: str
) -> None:
    """By the replicas that are left: until a node comes, the lost ones have nowhere to be."""
    with under_load(base_url, right_answers(bundle_on_s3)) as load:
        before = len(load.right)
        cluster.kill(cluster.workers[0])
        killed = time.monotonic()
        load.wait_for(20)
        resumed_s = time.monotonic() - killed
        assert counts(cluster) == [1, 1, 1, 1]
        cluster.add_node()
        wait_for_replicas(cluster, 2)
        whole_s = time.monotonic() - killed
        load.wait_for(20)
    # What a lost ingress was about to answer, Serve's proxy answers by itself.
    assert load.wrong == ["500 Internal Server Error"] * min(CLIENTS, len(load.wrong))
    print(
        f"a node lost: 20 right answers within {resumed_s:.1f} s, two replicas of everything after "
        f"{whole_s:.1f} s; in all {len(load.right) - before} right answers, {len(load.wrong)} "
        f"errors, {len(load.again)} times to try again"
    )


def test_any_proxy_answers_and_the_others_do_when_its_node_goes_away(
    cluster: SeveralNodes, bundle_on_s3: str
) -> None:
    """The head's, which has no replica, and those of both nodes that have one."""
    expected = right_answers(bundle_on_s3, uploads=UPLOADS[:1])
    apart = {"num_replicas": 2, "max_replicas_per_node": 1}
    nodes = [cluster.head, *cluster.workers]
    with serving(cluster, everywhere(fused(bundle_on_s3, free_port(), **apart))) as base_url:
        wait_for(
            "a healthy proxy on every node",
            lambda: cluster.dashboard.proxies() == {node.id: "HEALTHY" for node in nodes},
            seen=cluster.dashboard.proxies,
        )
        assert answering(base_url, expected, QUESTIONS) == {node.raylet for node in nodes}
        lost = cluster.workers[0]
        cluster.kill(lost)
        wait_for("its proxy is gone", lambda: listening(base_url) == 2)
        left = {node.raylet for node in nodes if node != lost}
        assert answering(base_url, expected, QUESTIONS) == left
