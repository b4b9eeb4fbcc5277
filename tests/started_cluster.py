"""A cluster as `ray start` makes it: a head that runs no work, and a node with a disk of its own.

Everything that Ray, a job or a stage writes to a local disk is below one folder, and the node has
another file system there, as another machine would. So what one of the two leaves on its disk, the
other cannot find. That takes Linux's mount namespaces; where they are not allowed, the two share
the disk (`Cluster.disks_are_apart`).
"""

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from free_ports import free_port

BIN = Path(sys.executable).parent
_UNSHARE = ("unshare", "--map-root-user", "--mount")


@dataclass(frozen=True)
class Cluster:
    """dashboard: its URL; gcs: HOST:PORT for drivers; disk, node_disk: of the head, of the node."""

    dashboard: str
    gcs: str
    disk: Path
    node_disk: Path

    @property
    def disks_are_apart(self) -> bool:
        return self.disk != self.node_disk


@contextmanager
def started_cluster(environment: Mapping[str, str], cpus: int) -> Iterator[Cluster]:
    """A head without CPUs and a node with `cpus`, on free ports, while the block runs."""
    # Not below tmp_path: a Unix socket's path holds 107 bytes.
    disk = Path(tempfile.mkdtemp(prefix="ray-"))
    own = dict(environment) | {"TMPDIR": str(disk)}
    gcs, dashboard, client = (free_port() for _ in range(3))
    head = ["--head", "--num-cpus=0", f"--port={gcs}", "--dashboard-host=127.0.0.1"]
    head += [f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}"]
    head += [f"--temp-dir={disk}"]
    address = f"127.0.0.1:{gcs}"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, disk, ignore_errors=True)
        stack.enter_context(_node(head, own, disk / "head.log"))
        _wait_for_nodes(dashboard, own, 1, disk / "head.log")
        node = [f"--address={address}", f"--num-cpus={cpus}"]
        apart = _own_disk(disk)
        pid = stack.enter_context(_node(node, own, disk / "node.log", apart))
        _wait_for_nodes(dashboard, own, 2, disk / "node.log")
        node_disk = Path(f"/proc/{pid}/root{disk}") if apart else disk
        yield Cluster(f"http://127.0.0.1:{dashboard}", address, disk, node_disk)


def _own_disk(folder: Path) -> list[str]:
    """What a command begins with for which `folder` is another, empty file system."""
    if not _namespaces_are_allowed():
        return []
    return [*_UNSHARE, "sh", "-c", f'mount -t tmpfs tmpfs {folder} && exec "$@"', "sh"]


@functools.cache
def _namespaces_are_allowed() -> bool:
    if shutil.which("unshare") is None:
        return False
    # Whether it may mount shows only when it does.
    mount = ["mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    return subprocess.run([*_UNSHARE, *mount], capture_output=True, check=False).returncode == 0


@contextmanager
def _node(
    options: list[str], environment: dict[str, str], log: Path, before: list[str] | None = None
) -> Iterator[int]:
    """`ray start`, ended by its process group and never by `ray stop`; yields its process id."""
    command = [*(before or []), str(BIN / "ray"), "start", "--block", "--disable-usage-stats"]
    command += ["--node-ip-address=127.0.0.1", *options]
    # Another Ray on this machine may hold the usual port, and then no job is accepted.
    command += [f"--dashboard-agent-listen-port={free_port()}"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=file, stderr=file
        )
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_nodes(dashboard: int, environment: dict[str, str], count: int, log: Path) -> None:
    deadline = time.monotonic() + 90
    while _nodes(dashboard, environment) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"fewer than {count} nodes: {log.read_text()[-2000:]}")
        time.sleep(0.2)


def _nodes(dashboard: int, environment: dict[str, str]) -> int:
    """How many are alive; 0 while the dashboard is not there yet."""
    token = {"Authorization": f"Bearer {environment['RAY_AUTH_TOKEN']}"}
    try:
        answer = httpx.get(f"http://127.0.0.1:{dashboard}/nodes?view=summary", headers=token)
    except httpx.TransportError:
        return 0
    if answer.status_code != 200:
        return 0
    nodes = answer.json()["data"]["summary"]
    return sum(node["raylet"].get("state") == "ALIVE" for node in nodes)
