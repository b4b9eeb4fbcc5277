"""`cluster/aws.yaml` as Ray reads it, and the machines that it makes of a simulated EC2."""

import copy
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cluster_files import FOLDER, make_stack, read
from ray.autoscaler._private.aws.config import DEFAULT_AMI, bootstrap_aws
from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
from ray.autoscaler._private.commands import get_or_create_head_node
from ray.autoscaler._private.util import prepare_config
from ray.autoscaler.v2.instance_manager.subscribers.cloud_resource_monitor import (
    CloudResourceMonitor,
)
from ray.core.generated.instance_manager_pb2 import Instance, InstanceUpdateEvent
from recorded_commands import RecordedCommands
from s3_server import s3_server

from tune_jobs.instances import prices

ROOT = FOLDER.parent
SSH_FROM = "203.0.113.7/32"


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return read("aws.yaml")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The file as Ray fills it in, in an account with the stack; nothing leaves this machine."""
    home = tmp_path_factory.mktemp("home")  # Ray writes an SSH key there, and reads the token
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("a token")
    with s3_server(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.chdir(ROOT)
        make_stack("a-bucket", SSH_FROM)
        filled = prepare_config(read("aws.yaml"))
        yield bootstrap_aws(AWSNodeProvider.fillout_available_node_types_resources(filled))


@pytest.fixture(scope="module")
def on_head(account: dict[str, Any]) -> RecordedCommands:
    """What `ray up` runs on the machine that it starts for the head."""
    commands = RecordedCommands()
    get_or_create_head_node(account, "aws.yaml", False, False, True, None, _runner=commands)
    return commands


@pytest.fixture(scope="module")
def machines(account: dict[str, Any], on_head: RecordedCommands) -> dict[str, Any]:
    """The head and a worker of each type, by type, as EC2 describes them."""
    provider = AWSNodeProvider(account["provider"], account["cluster_name"])
    for name, node_type in account["available_node_types"].items():
        if name != "head":
            tags = {"ray-user-node-type": name}
            provider.create_node(copy.deepcopy(node_type["node_config"]), tags, 1)
    return {tag(machine, "ray-user-node-type"): machine for machine in described()}


def described() -> list[dict[str, Any]]:
    """Every machine of the account, with the rules of its security groups."""
    ec2 = boto3.client("ec2")
    groups = {group["GroupId"]: group for group in ec2.describe_security_groups()["SecurityGroups"]}
    found = []
    for reservation in ec2.describe_instances()["Reservations"]:
        for machine in reservation["Instances"]:
            own = [groups[group["GroupId"]] for group in machine["SecurityGroups"]]
            found.append(machine | {"groups": own})
    return found


def tag(machine: dict[str, Any], key: str) -> str:
    [value] = [tag["Value"] for tag in machine["Tags"] if tag["Key"] == key]
    return value


def test_every_type_becomes_a_machine_of_this_cluster(
    config: dict[str, Any], machines: dict[str, Any]
) -> None:
    assert machines.keys() == config["available_node_types"].keys()
    for name, machine in machines.items():
        assert tag(machine, "ray-cluster-name") == config["cluster_name"]
        assert tag(machine, "project") == "emailimg"
        node_config = config["available_node_types"][name]["node_config"]
        assert machine["InstanceType"] == node_config["InstanceType"]


def test_spot_is_where_the_name_says_so(machines: dict[str, Any]) -> None:
    spot = {name for name, machine in machines.items() if "InstanceLifecycle" in machine}
    assert spot == {"cpu-spot", "gpu-spot"}


def test_machines_have_the_role_of_their_kind(machines: dict[str, Any]) -> None:
    for name, machine in machines.items():
        kind = "head" if name == "head" else "worker"
        assert machine["IamInstanceProfile"]["Arn"].endswith(f":instance-profile/emailimg-{kind}")


def test_metadata_needs_a_token(machines: dict[str, Any]) -> None:
    for machine in machines.values():
        assert machine["MetadataOptions"]["HttpTokens"] == "required"
        assert machine["MetadataOptions"]["HttpPutResponseHopLimit"] == 2


def test_nothing_is_open_but_ssh_to_those_who_were_named(machines: dict[str, Any]) -> None:
    for machine in machines.values():
        [group] = machine["groups"]
        from_outside = [rule for rule in group["IpPermissions"] if rule["IpRanges"]]
        assert [(rule["FromPort"], rule["ToPort"]) for rule in from_outside] == [(22, 22)]
        assert from_outside[0]["IpRanges"] == [{"CidrIp": SSH_FROM}]
        among = [rule for rule in group["IpPermissions"] if rule not in from_outside]
        [pair] = [pair for rule in among for pair in rule["UserIdGroupPairs"]]
        assert pair["GroupId"] == group["GroupId"]


def test_disks_are_encrypted_and_go_with_their_machine(config: dict[str, Any]) -> None:
    for node_type in config["available_node_types"].values():
        [disk] = node_type["node_config"]["BlockDeviceMappings"]
        assert disk["Ebs"]["VolumeType"] == "gp3"
        assert disk["Ebs"]["Encrypted"]
        assert disk["Ebs"]["DeleteOnTermination"]


def test_the_machine_image_is_not_rays_of_2018(config: dict[str, Any]) -> None:
    for node_type in config["available_node_types"].values():
        image = node_type["node_config"]["ImageId"]
        assert image not in DEFAULT_AMI.values()
        assert "ubuntu-24.04" in image


def test_types_offer_what_their_machines_have(config: dict[str, Any]) -> None:
    known = prices.load(str(FOLDER / "instances.yaml")).instances
    for name, node_type in config["available_node_types"].items():
        kind = node_type["node_config"]["InstanceType"]
        assert node_type["labels"]["instance-type"] == kind
        if name != "head":
            assert node_type["resources"]["CPU"] == known[kind].cpus
            assert node_type["resources"].get("GPU", 0) == known[kind].gpus


def test_shared_memory_holds_rays_object_store(config: dict[str, Any]) -> None:
    """Ray takes 30% of the memory for it, or what /dev/shm has, where that is less."""
    known = prices.load(str(FOLDER / "instances.yaml")).instances
    for name, node_type in config["available_node_types"].items():
        options = config["docker"]["head_run_options"]
        if name != "head":
            options = node_type["docker"]["worker_run_options"]
        [size] = [option for option in options if option.startswith("--shm-size=")]
        gib = float(size.removeprefix("--shm-size=").removesuffix("g"))
        memory_gib = known[node_type["node_config"]["InstanceType"]].memory_gib
        assert 0.3 < gib / memory_gib < 0.4


def test_the_head_works_for_nobody(config: dict[str, Any], on_head: RecordedCommands) -> None:
    head = config["available_node_types"][config["head_node_type"]]
    assert head["resources"] == {"CPU": 0, "GPU": 0}
    assert "--num-cpus=0" in on_head.with_words("ray start --head")


def test_the_token_is_where_ray_looks_and_asked_for_in_every_process(
    on_head: RecordedCommands,
) -> None:
    container = on_head.with_words("docker run")
    assert ":/home/ray/.ray/auth_token " in container
    assert "--env RAY_AUTH_MODE=token" in container


def test_the_heads_state_is_kept_outside_its_container(on_head: RecordedCommands) -> None:
    made = on_head.lines.index(on_head.with_words("mkdir -p /home/ubuntu/gcs"))
    container = on_head.with_words("docker run")
    assert made < on_head.lines.index(container), "Docker would make it for root"
    assert "--volume /home/ubuntu/gcs:/home/ray/gcs" in container
    assert "RAY_gcs_storage_path=/home/ray/gcs" in container


def test_the_container_has_the_image_and_the_shared_memory(on_head: RecordedCommands) -> None:
    container = on_head.with_words("docker run")
    assert "rayproject/ray:2.60.0-py311-cpu bash" in container
    assert "--shm-size=5g" in container


def test_what_is_installed_is_the_project_with_its_constraints_and_no_other_ray(
    on_head: RecordedCommands,
) -> None:
    installs = [line for line in on_head.lines if "pip install" in line]
    assert len(installs) == 1
    assert "--constraint /tmp/emailimg/constraints.txt /tmp/emailimg)" in installs[0]


def test_the_project_is_mounted_as_it_is_installed(config: dict[str, Any]) -> None:
    ours = {
        remote: local
        for remote, local in config["file_mounts"].items()
        if remote.startswith("/home/ray/emailimg/")
    }
    assert all(remote == f"/home/ray/emailimg/{local}" for remote, local in ours.items())
    assert all((ROOT / local).exists() for local in ours.values())
    copied = (FOLDER / "Dockerfile").read_text()
    assert all(local in copied for local in ours.values()), "the image has the same files"


def test_growth_begins_with_spot_and_goes_on_with_as_much_on_demand(
    config: dict[str, Any],
) -> None:
    types = config["available_node_types"]
    for kind in ("cpu", "gpu"):
        spot, on_demand = types[f"{kind}-spot"], types[f"{kind}-on-demand"]
        assert spot["priority"] > on_demand["priority"]
        assert spot["resources"] == on_demand["resources"]
        without_market = spot["node_config"].keys() - {"InstanceMarketOptions"}
        assert on_demand["node_config"].keys() == without_market
    workers = sum(node_type["max_workers"] for node_type in types.values())
    assert config["max_workers"] == workers


def test_ray_does_not_remember_a_refused_launch_as_the_file_says() -> None:
    """Should this fail, Ray has learnt to leave a kind that AWS refuses: say so in aws.yaml."""
    monitor = CloudResourceMonitor()
    refused = InstanceUpdateEvent(
        instance_type="cpu-spot", new_instance_status=Instance.ALLOCATION_FAILED
    )
    monitor.notify([refused])
    assert monitor.get_recoverable_resource_availabilities() == {}


def test_commands_are_ones_that_a_shell_can_read(config: dict[str, Any]) -> None:
    commands = [
        command for key, value in config.items() if key.endswith("_commands") for command in value
    ]
    for command in commands:
        subprocess.run(["bash", "-n", "-c", command], check=True)


@pytest.mark.parametrize("file", ["aws.yaml", "aws-access.yaml"])
def test_no_account_is_in_it(file: str) -> None:
    assert not re.search(r"\b\d{12}\b", (FOLDER / file).read_text())
