"""The walk-through of the README's "On AWS": every command is one that its program takes.

What it says of files, settings and locations fits together; nothing is sent to AWS.
"""

import shlex
from typing import Any

import click
import pytest
import readme_on_aws
import yaml
from cfnlint.decode import cfn_yaml
from cluster_files import read, read_all
from fastapi.testclient import TestClient
from in_process import JPEG
from ray.scripts import scripts
from readme_on_aws import BUCKET, COMMANDS, ROOT, of_program, one, option, words

from emailimg import cli, config


def parsed(arguments: list[str]) -> dict[str, Any]:
    """What a command of `ray` makes of its options; click raises where it does not take them."""
    command: click.Command = scripts.cli
    context = click.Context(command, info_name="ray")
    while isinstance(command, click.Group):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command, context = found, click.Context(found, parent=context, info_name=name)
    return command.make_context(command.name, list(arguments), parent=context.parent).params


@pytest.fixture(autouse=True)
def _in_the_projects_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_there_is_a_walk_through() -> None:
    programs = [command.split()[0] for command in COMMANDS]
    assert {"export", "aws", "ray", "sed", "serve", "curl", "git"} == set(programs)
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("command", of_program("ray"))
def test_ray_takes_the_command(command: str) -> None:
    taken = parsed(words(command)[1:])
    if "cluster_config_file" in taken:
        assert (ROOT / taken["cluster_config_file"]).is_file()
    if taken.get("cmd"):
        program, *rest = shlex.split(taken["cmd"])
        assert program == "ray"
        parsed(rest)


@pytest.mark.parametrize("command", of_program("serve"))
def test_serve_takes_the_command(command: str) -> None:
    """`serve` is `ray serve`; the file is the one that `sed` makes."""
    parsed(words(command.replace("serve.yaml", "cluster/serve.yaml")))


def test_the_stack_has_these_parameters() -> None:
    deploy = one("aws cloudformation deploy")
    template = cfn_yaml.load(str(ROOT / option(deploy, "--template-file")))
    given = words(deploy)
    overrides = dict(word.split("=") for word in given[given.index("--parameter-overrides") + 1 :])
    needed = {name for name, each in template["Parameters"].items() if "Default" not in each}
    assert set(overrides) == needed
    assert overrides["Bucket"] == BUCKET


@pytest.mark.parametrize("command", of_program("aws cloudformation"))
def test_the_stack_is_where_the_cluster_is(command: str) -> None:
    assert option(command, "--region") == read("aws.yaml")["provider"]["region"]
    assert option(command, "--stack-name") == option(
        one("aws cloudformation deploy"), "--stack-name"
    )


@pytest.fixture
def job() -> Any:
    """The path's options, as its script reads them."""
    entrypoint = parsed(words(one("ray job submit"))[1:])["entrypoint"]
    python, script, *arguments = entrypoint
    assert python == "python"
    assert (ROOT / script).is_file()
    return cli._parser().parse_args(["run", *arguments])


def test_the_path_takes_its_settings_and_reads_what_was_uploaded(job: Any) -> None:
    settings = config.load(job.preset, assignments=job.assignments)
    assert settings.cluster.autoscaling
    assert job.images == words(one("aws s3 sync"))[-1]


def test_the_path_fits_on_the_machines(job: Any) -> None:
    settings = config.load(job.preset, assignments=job.assignments)
    types = read("aws.yaml")["available_node_types"]
    spot = {kind: types[f"{kind}-spot"] for kind in ("cpu", "gpu")}
    assert settings.encoder.num_workers <= spot["gpu"]["max_workers"]
    assert settings.encoder.cpus_per_worker <= spot["gpu"]["resources"]["CPU"]
    assert settings.embed.use_gpu, "on CPUs it would have one, unless its shares are raised"
    assert settings.embed.num_actors <= spot["gpu"]["max_workers"]
    assert settings.classifiers.cpus_per_actor <= spot["cpu"]["resources"]["CPU"]
    cpus = spot["cpu"]["max_workers"] * spot["cpu"]["resources"]["CPU"]
    assert settings.cluster.data_tasks <= cpus


def test_on_kubernetes_the_path_is_the_same(job: Any) -> None:
    [resource] = [each for each in read_all("kuberay-job.yaml") if each["kind"] == "RayJob"]
    arguments = words(resource["spec"]["entrypoint"].replace("BUCKET", "$BUCKET"))[3:]
    assert cli._parser().parse_args(["run", *arguments]) == job


def test_the_service_has_the_bundle_that_the_path_leaves(job: Any) -> None:
    made = readme_on_aws.service_config()
    [application] = yaml.safe_load(made)["applications"]
    assert application["args"]["bundle"] == f"{job.workspace}/bundle"
    assert "BUCKET" not in made.replace("your-bucket", "")
    without_gpus = readme_on_aws.service_config(gpus=False)
    assert without_gpus == made.replace("num_gpus: 1", "num_gpus: 0")


def test_the_recommendation_is_one_that_the_service_gives(client: TestClient) -> None:
    *_, url = words(one("curl "))
    form = readme_on_aws.form(one("curl "))
    port = read("serve.yaml")["http_options"]["port"]
    assert f"--port-forward {port} " in "\n".join(COMMANDS)
    path = url.removeprefix(f"http://127.0.0.1:{port}")
    answer = client.post(path, files={"image": ("car.jpg", JPEG)}, data=form)
    assert answer.status_code == 200, answer.text
