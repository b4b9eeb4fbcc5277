"""`cluster/serve.yaml` deploys the application as it is built, and updates it without a gap."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster_files import FOLDER, read
from ray.serve._private.build_app import build_app
from ray.serve.schema import ServeDeploySchema

import serve_app
from serve_app import graph, versions
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef

TEXT = (FOLDER / "serve.yaml").read_text()
WITHOUT_GPUS = TEXT.replace("num_gpus: 1", "num_gpus: 0")  # as its first lines say
ON_ONE_MACHINE = Path(serve_app.__file__).with_name("config.yaml").read_text()


def application(text: str) -> dict[str, Any]:
    [found] = yaml.safe_load(text)["applications"]
    return found


def built(monkeypatch: pytest.MonkeyPatch, text: str) -> set[str]:
    """Names of the deployments that the application of a config file has."""
    monkeypatch.setattr(versions, "find", lambda location: BundleRef(location, "v1"))
    made = graph.build_app(application(text)["args"])
    return {deployment.name for deployment in build_app(made, name="emailimg").deployments}


@pytest.fixture(params=application(TEXT)["deployments"], ids=lambda d: d["name"])
def deployment(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.mark.parametrize("text", [TEXT, WITHOUT_GPUS, ON_ONE_MACHINE])
def test_serve_accepts_it(text: str) -> None:
    ServeDeploySchema.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", [TEXT, ON_ONE_MACHINE])
def test_its_deployments_are_those_of_the_application(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    named = {deployment["name"] for deployment in application(text)["deployments"]}
    assert named == built(monkeypatch, text)


@pytest.mark.parametrize("text", [TEXT, ON_ONE_MACHINE])
def test_its_arguments_are_the_applications(text: str) -> None:
    ServiceArguments.model_validate(application(text)["args"])


def test_keys_that_serve_would_ignore_are_not_there() -> None:
    """Serve's schema lets unknown keys pass."""
    schema = ServeDeploySchema.model_json_schema()
    known = {name: part.get("properties", {}).keys() for name, part in schema["$defs"].items()}
    config = yaml.safe_load(TEXT)
    assert config.keys() <= schema["properties"].keys()
    assert config["http_options"].keys() <= known["HTTPOptionsSchema"]
    assert application(TEXT).keys() <= known["ServeApplicationSchema"]
    for deployment in application(TEXT)["deployments"]:
        assert deployment.keys() <= known["DeploymentSchema"]
        assert deployment["ray_actor_options"].keys() <= known["RayActorOptionsSchema"]
        assert deployment["autoscaling_config"].keys() <= known["AutoscalingConfig"]


def test_the_encoder_alone_has_a_gpu_or_nobody_has() -> None:
    for text, gpus in ((TEXT, {"Embedder": 1}), (WITHOUT_GPUS, {})):
        having = {
            deployment["name"]: deployment["ray_actor_options"]["num_gpus"]
            for deployment in application(text)["deployments"]
            if deployment["ray_actor_options"].get("num_gpus")
        }
        assert having == gpus


def test_an_update_leaves_no_gap_and_no_request(deployment: dict[str, Any]) -> None:
    longest = yaml.safe_load(TEXT)["http_options"]["request_timeout_s"]
    assert deployment["max_surge_percent"] == 100
    assert deployment["graceful_shutdown_timeout_s"] > longest


def test_replicas_scale_before_their_places_are_full(deployment: dict[str, Any]) -> None:
    scaling = deployment["autoscaling_config"]
    assert scaling["target_ongoing_requests"] < deployment["max_ongoing_requests"]
    assert deployment["max_queued_requests"] > 0


def test_every_replica_fits_on_a_worker_of_the_cluster(deployment: dict[str, Any]) -> None:
    workers = [
        node_type["resources"]
        for name, node_type in read("aws.yaml")["available_node_types"].items()
        if name != "head"
    ]
    wanted = deployment["ray_actor_options"]
    assert any(
        wanted["num_cpus"] <= worker["CPU"] and wanted.get("num_gpus", 0) <= worker.get("GPU", 0)
        for worker in workers
    )


def test_the_encoder_scales_to_all_gpus_but_one_for_an_update() -> None:
    """An old replica gives up its GPU when its successor is up, which needs one of its own."""
    types = read("aws.yaml")["available_node_types"].values()
    gpus = sum(each["max_workers"] * each["resources"].get("GPU", 0) for each in types)
    [encoder] = [each for each in application(TEXT)["deployments"] if each["name"] == "Embedder"]
    assert encoder["autoscaling_config"]["max_replicas"] == gpus - 1
