"""Nodes by kind, and which instance a kind is: by a word, else by its looks."""

from dataclasses import replace

import pytest

from emailimg.errors import ConfigError
from tune_jobs.instances import kinds, nodes, prices
from tune_jobs.instances.kinds import Node

TABLE = prices.load(prices.DEFAULT_FILE)
C5_LARGE = Node("a", cpus=2, memory_gib=3.7)


@pytest.mark.parametrize(
    ("node", "instance", "candidates"),
    [
        (C5_LARGE, "c5.large", ()),
        (Node("a", 8, 59.9, 1, "V100"), "p3.2xlarge", ()),
        (Node("a", 48, 186.0, 4, "T4"), "g4dn.12xlarge", ()),
        (Node("a", 48, 186.0, 4, "A10G"), "g5.12xlarge", ()),
        (Node("a", 4, 7.6), None, ("c5.xlarge", "c7i.xlarge")),  # equal by their looks
        (Node("a", 4, 7.6, stated="c7i.xlarge"), "c7i.xlarge", ()),
        (Node("a", 2, 24.0), None, ()),
        (Node("a", 2, 3.2), None, ()),  # too little memory
        (Node("a", 48, 186.0, 4, None), None, ()),  # GPUs of an unknown kind
        (Node("a", 2, 3.7, stated="of our own"), "of our own", ()),
    ],
)
def test_a_machine_is_recognised(
    node: Node, instance: str | None, candidates: tuple[str, ...]
) -> None:
    [kind] = kinds.group([node], TABLE)
    assert (kind.instance, kind.candidates) == (instance, candidates)


def test_equal_nodes_are_one_kind_and_the_smallest_comes_first() -> None:
    gpu = Node("b", 8, 60.1, 1, "V100")
    other = replace(C5_LARGE, node_id="c", memory_gib=3.71, load=3.0)
    found = kinds.group([gpu, C5_LARGE, other], TABLE)
    assert [kind.node_ids for kind in found] == [("a", "c"), ("b",)]
    assert [kind.name for kind in found] == ["c5.large", "p3.2xlarge"]


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Node("a", 2, 23.5), "2 CPUs, 24 GiB"),
        (Node("a", 1, 2), "1 CPU, 2 GiB"),
        (Node("a", 1.5, 2), "1.5 CPUs, 2 GiB"),
        (Node("a", 16, 128, 2, "H100"), "16 CPUs, 128 GiB, 2 H100"),
        (Node("a", 16, 128, 2), "16 CPUs, 128 GiB, 2 GPU"),
    ],
)
def test_a_machine_without_a_name_is_described(node: Node, text: str) -> None:
    [kind] = kinds.group([node], TABLE)
    assert kind.name == kind.description == text


def test_the_users_word_counts_where_there_is_one_kind() -> None:
    [kind] = kinds.group([C5_LARGE], TABLE, stated="m5.large")
    assert kind.instance == "m5.large"
    with pytest.raises(ConfigError, match=r"2 kinds .*2 CPUs, 4 GiB; 8 CPUs, 16 GiB.*--labels="):
        kinds.group([C5_LARGE, Node("b", 8, 16)], TABLE, stated="m5.large")


@pytest.mark.parametrize(
    ("labels", "vendor", "product", "found"),
    [
        ({"instance-type": "c5.large"}, "", "", "c5.large"),
        ({"node.kubernetes.io/instance-type": "m7i.large"}, "Amazon EC2", "x.y", "m7i.large"),
        ({"ray.io/node-id": "1"}, "Amazon EC2", "g4dn.xlarge", "g4dn.xlarge"),
        ({}, "Xen", "HVM domU", None),
        ({}, "Amazon EC2", "HVM domU", None),
        ({}, "Some Maker", "model.7", None),
        ({}, "", "", None),
    ],
)
def test_the_type_that_a_node_states(
    labels: dict[str, str], vendor: str, product: str, found: str | None
) -> None:
    assert nodes.instance_type(labels, vendor, product) == found


def test_a_busy_node_is_pointed_out() -> None:
    assert nodes.busy([C5_LARGE]) == []
    [line] = nodes.busy([C5_LARGE, replace(C5_LARGE, load=4.0)])
    assert "2 CPUs is busy (a load of 4.0 per CPU)" in line
