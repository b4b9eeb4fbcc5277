"""A cluster as `ray start` makes it: a head that runs no work, and a node with a disk of its own.

Everything that Ray, a job or a stage writes to a local disk is below one folder, and the node has
another file system there, as another machine would. So what one of the two leaves on its disk, the
other cannot find. That takes Linux's mount namespaces; where they are not allowed, the two share
the disk (`Cluster.disks_are_apart`).
"""

import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ray_folder import ray_folder
from ray_start import Head, Worker

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
    with ray_folder() as disk:
        own = dict(environment) | {"TMPDIR": str(disk)}
        apart = _own_disk(disk)
        head = Head(own, disk, "--num-cpus=0")
        node = Worker(own, disk / "node.log", head, f"--num-cpus={cpus}", before=apart)
        try:
            head.start()
            pid = node.start()
            node_disk = Path(f"/proc/{pid}/root{disk}") if apart else disk
            yield Cluster(head.dashboard.url, head.address, disk, node_disk)
        finally:
            node.kill()
            head.kill()


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
