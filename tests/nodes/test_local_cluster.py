"""The head of `cluster/local.yaml` starts Ray on all machines that the file names.

By SSH, which here is a program that notes what is asked of it: there are no such machines.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_files import read
from loopback import own_environment
from ray.autoscaler._private.util import prepare_config
from ray_folder import ray_folder
from ray_start import Head
from waiting import wait_for

NOTING = """#!/bin/sh
line=$(printf '%s ' "$@" | tr '\\n' ' ')
echo "$line" >> {calls}
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A line for every `ssh` and `rsync`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("ssh", "rsync"):
        (programs / name).write_text(NOTING.format(calls=tmp_path / "calls"))
        (programs / name).chmod(0o755)
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """As `ray up` brings it to the head, which is this machine, with the key and the token."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (".ssh/id_ed25519", ".ray/auth_token"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("a secret")
    filled = prepare_config(read("local.yaml"))
    filled["provider"]["head_ip"] = "127.0.0.1"
    return filled


@pytest.fixture
def head(config: dict[str, Any], calls: Path, tmp_path: Path) -> Iterator[Head]:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    with ray_folder() as folder:
        environment = own_environment(folder)
        environment |= {
            "PATH": f"{calls.parent / 'programs'}:{environment['PATH']}",
            "AUTOSCALER_UPDATE_INTERVAL_S": "1",
            **set_by_ray_up(config),
            **set_for_ray_start(config["head_start_ray_commands"][-1]),
        }
        head = Head(environment, folder, "--num-cpus=0", f"--autoscaling-config={file}")
        try:
            head.start()
            yield head
        finally:
            head.kill()


def set_by_ray_up(config: dict[str, Any]) -> dict[str, str]:
    """The variables that it sets for a command on the head."""
    return {
        "RAY_enable_autoscaler_v2": "1",
        "RAY_CLOUD_INSTANCE_ID": config["provider"]["head_ip"],
        "RAY_NODE_TYPE_NAME": config["head_node_type"],
    }


def set_for_ray_start(command: str) -> dict[str, str]:
    """The variables that a command has before the words `ray start`."""
    [words] = re.findall(r"((?:\w+=\S+ )+)ray start ", command)
    return dict(word.split("=") for word in words.split())


def test_every_machine_is_asked_to_start_ray(
    head: Head, config: dict[str, Any], calls: Path
) -> None:
    machines = set(config["provider"]["worker_ips"])
    assert len(machines) == 2
    wait_for(
        "Ray on all machines",
        lambda: started(calls) >= machines,
        patience_s=60,
        seen=calls.read_text,
    )
    assert started(calls) == machines


def started(calls: Path) -> set[str]:
    """The machines on which the workers' command was to run."""
    return set(re.findall(r"ubuntu@(\S+) .* ray start --address=", calls.read_text()))
