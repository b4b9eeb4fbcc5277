"""An autoscaler adds nodes when work waits for them, and removes them when they are idle."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import own_environment
from started_head import Head

from emailimg.stages import Workspace

PATIENCE_S = 180.0
_FAKE_ID = "fffffffffffffffffffffffffffffffffffffffffffffffffff00000"  # the provider's, of the head


def autoscaling_config(gcs_address: str) -> dict[str, Any]:
    """Of nodes that are processes of this machine: a head without CPUs, up to two workers."""
    commands = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray")
    return {
        "cluster_name": "rehearsal",
        "provider": {
            "type": "external",
            "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
            "use_node_id_as_ip": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            "launch_multiple": True,
            "head_node_id": _FAKE_ID,
            "gcs_address": gcs_address,
        },
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "worker": {"resources": {"CPU": 1}, "node_config": {}, "max_workers": 2},
        },
        "head_node_type": "ray.head.default",
        "max_workers": 2,
        "idle_timeout_minutes": 0.05,
        "upscaling_speed": 1.0,
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        **{f"{name}_commands": [] for name in (*commands, "worker_start_ray")},
    }


@pytest.fixture
def head(bucket: str, tmp_path: Path) -> Iterator[Head]:
    # Not below tmp_path: a Unix socket's path holds 107 bytes.
    folder = tempfile.mkdtemp(prefix="ray-")
    environment = own_environment(folder) | {
        "RAY_FAKE_CLUSTER": "1",
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_enable_autoscaler_v2": "1",  # as `ray up` does
        "RAY_CLOUD_INSTANCE_ID": _FAKE_ID,
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": _FAKE_ID,
    }
    config = tmp_path / "autoscaling.json"
    head = Head(environment, "--num-cpus=0", f"--autoscaling-config={config}")
    config.write_text(json.dumps(autoscaling_config(head.address)))
    head.start()
    yield head
    head.kill()
    shutil.rmtree(folder, ignore_errors=True)


def workers(head: Head, state: str) -> set[str]:
    """Ids of the nodes besides the head that are in a state."""
    nodes = head.dashboard.listed("nodes")
    return {n["node_id"] for n in nodes if n["state"] == state and not n["is_head_node"]}


def wait_until(condition: Callable[[], bool]) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + PATIENCE_S
        time.sleep(0.5)
    return time.monotonic() - began


def test_nodes_come_for_waiting_work_and_go_when_they_are_idle(head: Head, bucket: str) -> None:
    assert workers(head, "ALIVE") == set()
    workspace = f"{bucket}/autoscaled"
    command = [sys.executable, "-m", "emailimg", "catalogue", "--preset", "tiny"]
    command += ["--workspace", workspace, "--address", head.address]
    command += ["--set", "cluster.autoscaling=true", "--set", "cluster.schedule_timeout_s=120"]
    with subprocess.Popen(
        command,
        env=head.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        came = wait_until(lambda: bool(workers(head, "ALIVE")) or run.poll() is not None)
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, said[-4000:]
    assert Workspace(workspace).finished("catalogue") is not None
    gone = wait_until(lambda: workers(head, "ALIVE") == set())
    assert workers(head, "DEAD")
    print(f"autoscaling: a node {came:.1f} s after the work, none {gone:.1f} s after its end")
