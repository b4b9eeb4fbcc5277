"""The stack of `cluster/aws-access.yaml` gives each machine what it needs, and no more."""

from typing import Any

import pytest
from cfnlint import lint_file
from cfnlint.decode import cfn_yaml
from cluster_files import FOLDER, read
from ray.autoscaler.tags import NODE_KIND_WORKER, TAG_RAY_NODE_KIND

TEMPLATE = FOLDER / "aws-access.yaml"
BUCKET = {"Fn::GetAtt": ["Data", "Arn"]}
IN_BUCKET = {"Fn::Sub": "${Data.Arn}/*"}
GROUP = {
    "Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}"
    ":security-group/${Group.GroupId}"
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return cfn_yaml.load(str(TEMPLATE))["Resources"]


@pytest.fixture(scope="module")
def of_head(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Statements of what the head may do besides using the bucket."""
    return statements(resources, "ScaleCluster")


def statements(resources: dict[str, Any], policy: str) -> list[dict[str, Any]]:
    return resources[policy]["Properties"]["PolicyDocument"]["Statement"]


def kinds_of_workers() -> list[str]:
    cluster = read("aws.yaml")
    head = cluster["head_node_type"]
    types = cluster["available_node_types"].items()
    return [each["node_config"]["InstanceType"] for name, each in types if name != head]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cloudformation_has_no_complaint() -> None:
    assert lint_file(TEMPLATE) == []


def test_a_worker_may_use_the_one_bucket_and_do_nothing_else(resources: dict[str, Any]) -> None:
    role = resources["WorkerRole"]["Properties"]
    assert role["ManagedPolicyArns"] == [{"Ref": "UseBucket"}]
    assert "Policies" not in role
    for statement in statements(resources, "UseBucket"):
        assert statement["Effect"] == "Allow"
        assert all(action.startswith("s3:") for action in listed(statement["Action"]))
        assert "*" not in "".join(listed(statement["Action"]))
        assert all(resource in (BUCKET, IN_BUCKET) for resource in listed(statement["Resource"]))


def test_nobody_else_is_given_anything(resources: dict[str, Any]) -> None:
    policies = {name for name, made in resources.items() if "Policy" in made["Type"]}
    assert policies == {"UseBucket", "ScaleCluster"}
    for role in ("HeadRole", "WorkerRole"):
        [trust] = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_the_bucket_is_not_public_and_outlives_the_stack(resources: dict[str, Any]) -> None:
    bucket = resources["Data"]
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert bucket["DeletionPolicy"] == "Retain"


def test_what_the_head_may_do_to_everything_is_to_look(of_head: list[dict[str, Any]]) -> None:
    [anywhere] = [statement for statement in of_head if statement["Resource"] == "*"]
    assert all(action.startswith("ec2:Describe") for action in anywhere["Action"])
    actions = [action for statement in of_head for action in listed(statement["Action"])]
    assert not any("*" in action for action in actions)


def test_the_head_tags_machines_of_its_cluster_alone_and_ends_its_workers(
    of_head: list[dict[str, Any]],
) -> None:
    """Not itself, whatever its autoscaler thinks of it."""
    owned = {"aws:ResourceTag/ray-cluster-name": {"Ref": "ClusterName"}}
    [ends] = [each for each in of_head if "ec2:TerminateInstances" in listed(each["Action"])]
    worker = {f"aws:ResourceTag/{TAG_RAY_NODE_KIND}": NODE_KIND_WORKER}
    assert ends["Condition"] == {"StringEquals": owned | worker}
    tags = [each["Condition"] for each in of_head if each["Action"] == "ec2:CreateTags"]
    assert tags == [
        {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        {"StringEquals": owned},
    ]


def test_the_head_gives_the_role_of_workers_and_none_other(of_head: list[dict[str, Any]]) -> None:
    [gives] = [statement for statement in of_head if statement["Action"] == "iam:PassRole"]
    assert gives["Resource"] == {"Fn::GetAtt": ["WorkerRole", "Arn"]}
    assert gives["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def test_machines_start_tagged_in_the_closed_group_without_old_metadata(
    of_head: list[dict[str, Any]],
) -> None:
    starts = [
        (str(resource), statement.get("Condition"))
        for statement in of_head
        if statement["Action"] == "ec2:RunInstances"
        for resource in listed(statement["Resource"])
    ]
    [(_, condition)] = [start for start in starts if ":instance/" in start[0]]
    assert condition["StringEquals"] == {
        "aws:RequestTag/ray-cluster-name": {"Ref": "ClusterName"},
        "ec2:MetadataHttpTokens": "required",
        "ec2:InstanceType": {"Ref": "WorkerTypes"},
    }
    kinds = cfn_yaml.load(str(TEMPLATE))["Parameters"]["WorkerTypes"]["Default"]
    assert kinds.split(",") == list(dict.fromkeys(kinds_of_workers()))
    groups = [resource for resource, _ in starts if ":security-group/" in resource]
    assert groups == [str(GROUP)]
