"""The files of `cluster/`, read; and what those about AWS make of a simulated account."""

from pathlib import Path
from typing import Any

import boto3
import yaml

FOLDER = Path(__file__).parents[1] / "cluster"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def read_all(name: str) -> list[Any]:
    """The documents of a file that has several."""
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def make_stack(bucket: str, ssh_from: str) -> None:
    """The stack of `aws-access.yaml`, as its first lines say."""
    parameters = {"Bucket": bucket, "SshFrom": ssh_from}
    boto3.client("cloudformation").create_stack(
        StackName="emailimg",
        TemplateBody=(FOLDER / "aws-access.yaml").read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
