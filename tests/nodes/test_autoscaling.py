"""An autoscaler adds nodes when work waits for them, and removes them when they are idle.

The kinds are those of cluster/aws.yaml, with all the CPUs and GPUs that they say they have; each
node is a process of this machine, and has none.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import readme_on_aws
from autoscaler_config import autoscaler_config
from loopback import own_environment
from ray_folder import ray_folder
from ray_start import Head
from waiting import PATIENCE_S, wait_for

from emailimg.stages import Workspace

_FAKE_ID = "fffffffffffffffffffffffffffffffffffffffffffffffffff00000"  # the provider's, of the head


def autoscaling_config(gcs_address: str) -> dict[str, Any]:
    """Of nodes that are processes of this machine."""
    provider = {
        "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
        "use_node_id_as_ip": True,
        "launch_multiple": True,
        "head_node_id": _FAKE_ID,
        "gcs_address": gcs_address,
    }
    return autoscaler_config(provider, head_kind="ray.head.default")


@pytest.fixture
def head(bucket: str, tmp_path: Path) -> Iterator[Head]:
    of_autoscaler = {
        "RAY_FAKE_CLUSTER": "1",
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_enable_autoscaler_v2": "1",  # as `ray up` does
        "RAY_CLOUD_INSTANCE_ID": _FAKE_ID,
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": _FAKE_ID,
    }
    config = tmp_path / "autoscaling.json"
    with ray_folder() as folder:
        environment = own_environment(folder) | of_autoscaler
        head = Head(environment, folder, "--num-cpus=0", f"--autoscaling-config={config}")
        config.write_text(json.dumps(autoscaling_config(head.address)))
        try:
            head.start()
            yield head
        finally:
            head.kill()


def workers(head: Head, *states: str) -> dict[str, str]:
    """The kinds of the nodes besides the head that are in one of these states, by their ids."""
    nodes = head.dashboard.listed("nodes")
    return {
        node["node_id"]: f"{node['labels']['instance-type']} {node['labels']['market']}"
        for node in nodes
        if node["state"] in states and not node["is_head_node"]
    }


def begin(head: Head, command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *command],
        env=head.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_nodes_come_for_waiting_work_and_go_when_they_are_idle(head: Head, bucket: str) -> None:
    assert workers(head, "ALIVE") == {}
    workspace = f"{bucket}/autoscaled"
    command = ["-m", "emailimg", "catalogue", "--preset", "tiny", "--workspace", workspace]
    command += ["--address", head.address]
    command += ["--set", "cluster.autoscaling=true", "--set", "cluster.schedule_timeout_s=120"]
    with begin(head, command) as run:
        began = time.monotonic()
        wait_for("a node", lambda: workers(head, "ALIVE") or run.poll() is not None)
        came = time.monotonic() - began
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, said[-4000:]
    assert Workspace(workspace).finished("catalogue") is not None
    ended = time.monotonic()
    wait_for("no node", lambda: workers(head, "ALIVE") == {}, seen=lambda: workers(head, "ALIVE"))
    gone = time.monotonic() - ended
    assert set(workers(head, "DEAD").values()) == {"m7i.4xlarge spot"}
    print(f"autoscaling: a node {came:.1f} s after the work, none {gone:.1f} s after its end")


# What the encoder stage does before it starts.
ENCODER = """
import sys
from emailimg import config, ray_session, resources, train_encoder
address, *assignments = sys.argv[1:]
settings = config.load("paper", assignments=assignments)
with ray_session.session(address):
    resources.require("encoder", train_encoder.needs(settings), settings.cluster)
"""


def test_the_readmes_job_gets_its_gpus_on_spot_machines(head: Head) -> None:
    job = readme_on_aws.words(readme_on_aws.one("ray job submit"))
    assignments = [word for flag, word in pairwise(job) if flag == "--set"]
    with begin(head, ["-c", ENCODER, head.address, *assignments]) as run:
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, said[-4000:]
    came = Counter(workers(head, "ALIVE", "DEAD").values())
    assert came == {"g6.2xlarge spot": 2}
