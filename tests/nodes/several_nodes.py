"""A head without CPUs and worker nodes of one CPU, as processes of this machine.

A node is a raylet and the workers below it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.free_ports import free_port
from dashboard import Dashboard
from loopback import own_environment
from ray_folder import ray_folder
from ray_processes import doing, kill_with_all_below, parent

_PROCESS = Path(__file__).with_name("cluster_process.py")


@dataclass(frozen=True)
class Node:
    """id: Ray's own; raylet: process id."""

    id: str
    raylet: int


class SeveralNodes:
    """The cluster; nodes come and go."""

    def __init__(self, environment: dict[str, str]) -> None:
        gcs_port, dashboard_port = free_port(), free_port()
        self._environment = environment
        self._address = f"127.0.0.1:{gcs_port}"
        self.dashboard = Dashboard(dashboard_port, environment["RAY_AUTH_TOKEN"])
        self._process = subprocess.Popen(
            [sys.executable, _PROCESS, str(gcs_port), str(dashboard_port)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.workers: list[Node] = []

    def start(self, workers: int) -> None:
        self.head = self._started()
        for _ in range(workers):
            self.add_node()

    def add_node(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.workers.append(self._started())

    def kill(self, node: Node) -> None:
        self.workers.remove(node)
        kill_with_all_below(node.raylet)

    def doing(self, title: bytes) -> list[Node]:
        """The worker nodes on which a process has a title that begins so."""
        raylets = {parent(pid) for pid in doing(title)}
        return [node for node in self.workers if node.raylet in raylets]

    def emailimg(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command on this cluster."""
        return subprocess.Popen(
            [sys.executable, "-m", "emailimg", *arguments, "--address", self._address],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self) -> None:
        kill_with_all_below(self._process.pid)
        self._process.wait()

    def _started(self) -> Node:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process of the cluster has ended"
        return Node(**json.loads(line))


@contextmanager
def several_nodes(workers: int) -> Iterator[SeveralNodes]:
    with ray_folder() as folder:
        cluster = SeveralNodes(own_environment(folder))
        try:
            cluster.start(workers)
            yield cluster
        finally:
            cluster.end()
