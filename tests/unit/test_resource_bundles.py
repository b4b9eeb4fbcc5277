"""Sums of what a stage asks for; placing it on a cluster is tested with Ray."""

import pytest

from emailimg import classifiers, config, resources
from emailimg.config import ClusterConfig


@pytest.mark.parametrize(
    ("count", "cpus", "gpus", "expected"),
    [
        (2, 1.5, 0, [{"CPU": 1.5}, {"CPU": 1.5}]),
        (1, 0.5, 1, [{"CPU": 0.5, "GPU": 1}]),
        (0, 1, 0, []),
    ],
)
def test_a_bundle_per_worker(
    count: int, cpus: float, gpus: float, expected: list[resources.Bundle]
) -> None:
    assert resources.cpu_bundles(count, cpus, gpus) == expected


def test_bundles_are_not_the_same_object() -> None:
    first, second = resources.cpu_bundles(2, 1)
    first["CPU"] = 9
    assert second == {"CPU": 1}


def test_data_needs_room_for_one_task() -> None:
    cluster = ClusterConfig(data_tasks=8, cpus_per_data_task=0.25)
    assert resources.data_bundles(cluster) == [{"CPU": 0.25}]


@pytest.mark.parametrize(
    ("bundles", "expected"),
    [
        ([], {}),
        ([{"CPU": 1}, {"CPU": 0.5}], {"CPU": 1.5}),
        ([{"CPU": 1, "GPU": 1}, {"CPU": 2}, {"GPU": 1}], {"CPU": 3, "GPU": 2}),
    ],
)
def test_what_is_wanted_at_the_same_time(
    bundles: list[resources.Bundle], expected: resources.Bundle
) -> None:
    assert resources._sums(bundles) == expected


def test_the_message_has_the_stage_both_numbers_and_a_way_out() -> None:
    message = resources._message("encoder", "GPU", 2.0, "the cluster has", {"CPU": 4.0})
    for text in ("'encoder'", "needs 2 GPU", "the cluster has 0", "num_workers", "cpus_per_worker"):
        assert text in message
    assert "free now: 1.5" in resources._message("a", "CPU", 4, "free now:", {"CPU": 1.5})


@pytest.mark.parametrize(("targets", "actors"), [(1, 1), (2, 2), (4, 2)])
def test_no_more_classifiers_at_once_than_there_are_targets(targets: int, actors: int) -> None:
    chosen = config.load("tiny")
    rules = dict(list(chosen.labels.rules.items())[:targets])
    labels = chosen.labels.model_copy(update={"rules": rules})
    few = chosen.model_copy(update={"labels": labels})
    assert few.classifiers.concurrent_targets == 2
    assert classifiers.needs(few) == [{"CPU": 1}] * actors
