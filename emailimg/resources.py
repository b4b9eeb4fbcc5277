"""Checking, before a stage starts, that the cluster can run it: a stage that cannot, hangs.

Ray queues what it cannot place and says nothing, so every stage first asks for what it will hold
at the same time, as one placement group, and gives it back at once.
"""

from collections.abc import Sequence

import ray
from ray.util.placement_group import placement_group, remove_placement_group

from emailimg.config import ClusterConfig
from emailimg.errors import ResourceError

Bundle = dict[str, float]


def cpu_bundles(count: int, cpus: float, gpus: float = 0) -> list[Bundle]:
    """Resources of `count` workers that each hold so many CPUs and GPUs."""
    return [{"CPU": cpus} | ({"GPU": gpus} if gpus else {}) for _ in range(count)]


def data_bundles(cluster: ClusterConfig) -> list[Bundle]:
    """What a stage of Ray Data tasks needs at the least: room for one task."""
    return cpu_bundles(1, cluster.cpus_per_data_task)


def require(stage: str, bundles: Sequence[Bundle], cluster: ClusterConfig) -> None:
    """Return when the cluster has placed `bundles` at the same time; else raise ResourceError.

    Fails at once where the whole cluster is too small (unless it autoscales), and after
    `cluster.schedule_timeout_s` where others hold what is missing.
    """
    total = ray.cluster_resources()
    for resource, wanted in _sums(bundles).items():
        if wanted > total.get(resource, 0) and not cluster.autoscaling:
            raise ResourceError(_message(stage, resource, wanted, "the cluster has", total))
    group = placement_group(list(bundles), strategy="PACK")
    try:
        if not group.wait(cluster.schedule_timeout_s):
            free = ray.available_resources()
            reasons = [
                _message(stage, resource, wanted, "free now:", free)
                for resource, wanted in _sums(bundles).items()
            ]
            raise ResourceError(
                f"not scheduled within {cluster.schedule_timeout_s:g} s: {'; '.join(reasons)}"
            )
    finally:
        remove_placement_group(group)


def _sums(bundles: Sequence[Bundle]) -> Bundle:
    names = {name for bundle in bundles for name in bundle}
    return {name: sum(bundle.get(name, 0) for bundle in bundles) for name in sorted(names)}


def _message(stage: str, resource: str, wanted: float, verb: str, resources: Bundle) -> str:
    return (
        f"stage {stage!r} needs {wanted:g} {resource} at the same time, {verb} "
        f"{resources.get(resource, 0):g}; lower its shares in the config "
        "(num_workers, cpus_per_worker, num_actors, cpus_per_actor, cluster.cpus_per_data_task) "
        "or add machines"
    )
