"""The machines of a cluster by kind, and which instance of the price table each kind is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emailimg.errors import ConfigError
from tune_jobs.instances.prices import Instance, PriceTable

# An instance sees a few percent less than its nominal memory: the hypervisor and kernel keep some.
_MEMORY_SHARE = (0.85, 1.02)


@dataclass(frozen=True)
class Node:
    """One machine of the cluster, as Ray offers it."""

    node_id: str
    cpus: float
    memory_gib: float  # the machine's, not Ray's share of it
    gpus: int = 0
    gpu: str | None = None
    processor: str = "unknown processor"
    stated: str | None = None  # instance type by a label or by the machine itself
    load: float = 0.0  # processes that want a CPU, per CPU, over the last minute


@dataclass(frozen=True)
class Kind:
    """Nodes that are equal, and what to call one of them.

    instance: its name in the price table, or another that was stated; None is unknown.
    candidates: names in the price table of which it could be any.
    """

    cpus: float
    memory_gib: int
    gpus: int
    gpu: str | None
    processor: str
    node_ids: tuple[str, ...]
    instance: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.instance or self.description

    @property
    def description(self) -> str:
        """Such as `8 CPUs, 61 GiB, 1 V100`."""
        machine = f"{_cpus(self.cpus)}, {self.memory_gib} GiB"
        return machine + (f", {self.gpus} {self.gpu or 'GPU'}" if self.gpus else "")


def group(nodes: Iterable[Node], table: PriceTable, stated: str | None = None) -> list[Kind]:
    """Nodes grouped by equal machines, the smallest first.

    stated: the user's own name for the machines. Raises ConfigError when they are of several kinds.
    """
    grouped: dict[Kind, list[str]] = {}
    for node in nodes:
        memory = round(node.memory_gib)
        machine = (node.cpus, memory, node.gpus, node.gpu, node.processor, ())
        grouped.setdefault(Kind(*machine, node.stated), []).append(node.node_id)
    kinds = [replace(kind, node_ids=tuple(ids)) for kind, ids in grouped.items()]
    kinds.sort(key=lambda kind: (kind.gpus, kind.cpus, kind.memory_gib, kind.name))
    if stated is not None:
        _refuse_several(kinds, stated)
        return [replace(kind, instance=stated) for kind in kinds]
    return [_recognised(kind, table) for kind in kinds]


def _refuse_several(kinds: list[Kind], stated: str) -> None:
    if len(kinds) > 1:
        listed = "; ".join(kind.description for kind in kinds)
        raise ConfigError(
            f"--instance {stated}: the cluster has {len(kinds)} kinds of machines ({listed}); "
            "leave it out, and start their nodes with `ray start --labels=instance-type=NAME`"
        )


def _recognised(kind: Kind, table: PriceTable) -> Kind:
    if kind.instance is not None:
        return kind
    names = tuple(name for name, entry in table.instances.items() if _fits(kind, entry))
    return replace(kind, instance=names[0]) if len(names) == 1 else replace(kind, candidates=names)


def _fits(kind: Kind, entry: Instance) -> bool:
    low, high = (share * entry.memory_gib for share in _MEMORY_SHARE)
    same_gpus = kind.gpus == entry.gpus and (kind.gpu or "") == (entry.gpu or "")
    return kind.cpus == entry.cpus and low <= kind.memory_gib <= high and same_gpus


def _cpus(number: float) -> str:
    return "1 CPU" if number == 1 else f"{number:g} CPUs"
