"""What `ray start --autoscaling-config` reads, with the kinds of nodes of `cluster/aws.yaml`."""

from typing import Any

from cluster_files import read

_COMMANDS = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray")


def autoscaler_config(provider: dict[str, Any], head_kind: str) -> dict[str, Any]:
    """provider: of another module than Ray's; head_kind: what it calls the head's kind."""
    aws = read("aws.yaml")
    kinds = {
        name: {key: value for key, value in kind.items() if key not in ("docker", "node_config")}
        | {"node_config": {}}
        for name, kind in aws["available_node_types"].items()
    }
    kinds[head_kind] = kinds.pop(aws["head_node_type"])
    return {
        "cluster_name": "rehearsal",
        "provider": {
            "type": "external",
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
            **provider,
        },
        "available_node_types": kinds,
        "head_node_type": head_kind,
        "max_workers": aws["max_workers"],
        "idle_timeout_minutes": 0.05,
        "upscaling_speed": 1.0,
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        **{f"{name}_commands": [] for name in (*_COMMANDS, "worker_start_ray")},
    }
