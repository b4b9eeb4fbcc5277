"""A stage that cannot be scheduled says so, and nothing hangs."""

import time

import pytest
import ray

from emailimg import resources
from emailimg.config import ClusterConfig
from emailimg.errors import ResourceError

pytestmark = pytest.mark.usefixtures("ray_cluster")


def test_what_fits_is_placed_and_given_back() -> None:
    for _ in range(3):
        resources.require("fits", resources.cpu_bundles(2, 1.0), ClusterConfig())


def test_a_stage_larger_than_the_cluster_fails_at_once_and_names_both_sizes() -> None:
    started = time.monotonic()
    with pytest.raises(ResourceError, match=r"'encoder' needs 64 CPU .* the cluster has 2"):
        resources.require("encoder", resources.cpu_bundles(64, 1.0), ClusterConfig())
    assert time.monotonic() - started < 30


def test_missing_gpus_are_named() -> None:
    with pytest.raises(ResourceError, match="GPU"):
        resources.require("encoder", resources.cpu_bundles(1, 1.0, gpus=1), ClusterConfig())


def test_cpus_held_by_others_end_the_wait_with_a_message() -> None:
    held = ray.util.placement_group([{"CPU": 2}])
    assert held.wait(30)
    try:
        impatient = ClusterConfig(schedule_timeout_s=2)
        with pytest.raises(ResourceError, match=r"not scheduled within 2 s.*free now"):
            resources.require("search", resources.cpu_bundles(1, 1.0), impatient)
    finally:
        ray.util.remove_placement_group(held)
