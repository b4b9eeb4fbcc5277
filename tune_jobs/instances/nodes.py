"""The nodes of the connected cluster: what Ray says of them, and what they say of themselves."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from emailimg.errors import ResourceError
from tune_jobs.instances.kinds import Node

_NODE_ID = "ray.io/node-id"  # a label that Ray gives every node
_ANSWER_TIMEOUT_S = 60.0
_BUSY_LOAD = 0.5  # per CPU


def alive() -> list[Node]:
    """Every node that offers CPUs; raises ResourceError when none does, or one does not answer."""
    found = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    if not found:
        raise ResourceError("no node of the cluster offers CPUs")
    asked = [_ask(node["NodeID"]) for node in found]
    try:
        answers = ray.get(asked, timeout=_ANSWER_TIMEOUT_S)
    except ray.exceptions.GetTimeoutError:
        raise ResourceError(
            f"a node of the cluster did not answer within {_ANSWER_TIMEOUT_S:g} s"
        ) from None
    return [_node(node, answer) for node, answer in zip(found, answers, strict=True)]


def busy(found: Sequence[Node]) -> list[str]:
    """A line for each node on which other programs take time that is then measured as ours."""
    return [
        f"a node of {node.cpus:g} CPUs is busy (a load of {node.load:.1f} per CPU): what is "
        "measured there is too slow"
        for node in found
        if node.load > _BUSY_LOAD
    ]


@contextmanager
def held_back(node_ids: Sequence[str], timeout_s: float) -> Iterator[None]:
    """Hold all CPUs and GPUs of these nodes meanwhile, so that Ray places nothing there.

    Raises ResourceError when others hold some of them for longer than `timeout_s`.
    """
    nodes = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] in node_ids]
    bundles = [_offered(node) for node in nodes if _offered(node)]
    if not bundles:
        yield
        return
    labels = [{_NODE_ID: node["NodeID"]} for node in nodes if _offered(node)]
    group = placement_group(bundles, bundle_label_selector=labels)
    try:
        if not group.wait(timeout_s):
            raise ResourceError("other nodes of the cluster are busy; measure on an idle cluster")
        yield
    finally:
        remove_placement_group(group)


def instance_type(labels: dict[str, str], vendor: str, product: str) -> str | None:
    """The type that a label (`.../instance-type`) states, else EC2's firmware; None if neither."""
    for key, value in labels.items():
        if key.rpartition("/")[2] == "instance-type":
            return value
    named = re.fullmatch(r"[a-z][\w-]*\.[\w-]+", product)  # not `HVM domU`, of older ones
    return product if vendor == "Amazon EC2" and named else None


def _ask(node_id: str) -> Any:
    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    return ray.remote(_describe).options(num_cpus=0, scheduling_strategy=there).remote()


def _describe() -> dict[str, Any]:
    """Runs on the node."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    dmi = Path("/sys/class/dmi/id")
    return {
        "memory_gib": pages / 2**30,
        "load": os.getloadavg()[0],
        "processor": _processor(_text(Path("/proc/cpuinfo"))),
        "vendor": _text(dmi / "sys_vendor"),
        "product": _text(dmi / "product_name"),
    }


def _processor(cpuinfo: str) -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return named.group(1).strip() if named else os.uname().machine


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _node(node: dict[str, Any], answer: dict[str, Any]) -> Node:
    resources = node["Resources"]
    kinds = [name.partition(":")[2] for name in resources if name.startswith("accelerator_type:")]
    gpus = int(resources.get("GPU", 0))
    return Node(
        node["NodeID"],
        cpus=resources["CPU"],
        memory_gib=answer["memory_gib"],
        gpus=gpus,
        gpu=kinds[0] if gpus and kinds else None,
        processor=answer["processor"],
        stated=instance_type(node.get("Labels", {}), answer["vendor"], answer["product"]),
        load=answer["load"] / resources["CPU"],
    )


def _offered(node: dict[str, Any]) -> dict[str, float]:
    """CPUs and GPUs of a node."""
    return {
        name: amount
        for name, amount in node["Resources"].items()
        if name in ("CPU", "GPU") and amount > 0
    }
