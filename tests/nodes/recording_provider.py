"""A cloud with one machine, the head, that notes what Ray's autoscaler asks of it."""

import os
from pathlib import Path
from typing import Any

from ray.autoscaler.node_provider import NodeProvider
from ray.autoscaler.tags import (
    NODE_KIND_HEAD,
    STATUS_UP_TO_DATE,
    TAG_RAY_NODE_KIND,
    TAG_RAY_NODE_STATUS,
    TAG_RAY_USER_NODE_TYPE,
)

HEAD = "i-head"
HEAD_KIND = "head"
CALLS_FILE = "RECORDING_PROVIDER_FILE"  # environment variable: where a line for every call goes


class RecordingProvider(NodeProvider):
    """Also after it was told to end the head: nobody can."""

    @staticmethod
    def bootstrap_config(config: dict[str, Any]) -> dict[str, Any]:
        return config

    def non_terminated_nodes(self, tag_filters: dict[str, str]) -> list[str]:
        _note("looked")
        return [HEAD]

    def is_running(self, node_id: str) -> bool:
        return True

    def is_terminated(self, node_id: str) -> bool:
        return False

    def node_tags(self, node_id: str) -> dict[str, str]:
        return {
            TAG_RAY_NODE_KIND: NODE_KIND_HEAD,
            TAG_RAY_USER_NODE_TYPE: HEAD_KIND,
            TAG_RAY_NODE_STATUS: STATUS_UP_TO_DATE,
        }

    def external_ip(self, node_id: str) -> str:
        return "127.0.0.1"

    internal_ip = external_ip

    def terminate_node(self, node_id: str) -> None:
        _note(f"ended {node_id}")

    def terminate_nodes(self, node_ids: list[str]) -> None:
        for node_id in node_ids:
            self.terminate_node(node_id)


def _note(call: str) -> None:
    with Path(os.environ[CALLS_FILE]).open("a") as file:
        file.write(f"{call}\n")
