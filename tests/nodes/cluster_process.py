"""A head without CPUs and worker nodes of one CPU, as processes of this one: ray.cluster_utils.

Every line on stdin starts a node; each node, the head first, is answered with a line of JSON.
"""

import json
import sys
from typing import Any

from ray._private.node import Node
from ray._private.ray_constants import PROCESS_TYPE_RAYLET
from ray.cluster_utils import Cluster

_LOOPBACK = "127.0.0.1"


def main() -> None:
    gcs_port, dashboard_port = map(int, sys.argv[1:])
    cluster = Cluster()
    head = cluster.add_node(
        num_cpus=0,
        node_ip_address=_LOOPBACK,
        gcs_server_port=gcs_port,
        include_dashboard=True,
        dashboard_host=_LOOPBACK,
        dashboard_port=dashboard_port,
    )
    _say(head)
    for _ in sys.stdin:
        _say(cluster.add_node(num_cpus=1, node_ip_address=_LOOPBACK))
    cluster.shutdown()


def _say(node: Node) -> None:
    [raylet] = node.all_processes[PROCESS_TYPE_RAYLET]
    answer: dict[str, Any] = {"id": node.node_id, "raylet": raylet.process.pid}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
