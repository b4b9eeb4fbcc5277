"""The manifests for Kubernetes have the fields that KubeRay knows, and agree with other files."""

import copy
import re
import shlex
import subprocess
from typing import Any

import pytest
import yaml
from cluster_files import FOLDER, read, read_all
from kuberay_shape import complaints

from emailimg import cli, config

FILES = ("kuberay-job.yaml", "kuberay-service.yaml")


def resource(file: str) -> dict[str, Any]:
    """The RayJob or RayService of a file."""
    [found] = [each for each in read_all(file) if each["kind"].startswith("Ray")]
    return found


def cluster(file: str) -> dict[str, Any]:
    spec = resource(file)["spec"]
    return spec.get("rayClusterSpec") or spec["rayClusterConfig"]


def pods(file: str) -> list[dict[str, Any]]:
    """Specs of the head's pod and each group's."""
    groups = [cluster(file)["headGroupSpec"], *cluster(file)["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups]


@pytest.mark.parametrize("file", FILES)
def test_kuberay_has_no_complaint(file: str) -> None:
    assert resource(file)["apiVersion"] == "ray.io/v1"
    assert complaints(resource(file)) == []


def test_mistakes_would_be_found() -> None:
    wrong = copy.deepcopy(resource("kuberay-service.yaml"))
    of_cluster = wrong["spec"]["rayClusterConfig"]
    of_cluster["authOptions"]["mode"] = "tokens"
    del of_cluster["workerGroupSpecs"][1]["maxReplicas"]
    container = of_cluster["headGroupSpec"]["template"]["spec"]["containers"][0]
    container["imagePullPolcy"] = "Always"
    wrong["spec"]["rayClusterSpec"] = {}
    assert complaints(wrong) == [
        "spec.rayClusterConfig.authOptions.mode is 'tokens'",
        "spec.rayClusterConfig.headGroupSpec.template.spec.containers[0].imagePullPolcy is unknown",
        "spec.rayClusterConfig.workerGroupSpecs[1].maxReplicas is missing",
        "spec.rayClusterSpec is unknown",
    ]


@pytest.mark.parametrize("file", [*FILES, "serve.yaml"])
def test_the_bucket_is_named_everywhere_by_the_command_at_the_top(file: str) -> None:
    text = (FOLDER / file).read_text()
    scripts = re.findall(r"s/BUCKET/your-bucket/\w*", text)
    below = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert scripts
    assert "BUCKET" in below
    for script in scripts:
        named = subprocess.run(
            ["sed", "-e", script], input=below, capture_output=True, text=True, check=True
        ).stdout
        assert "BUCKET" not in named


@pytest.mark.parametrize("file", FILES)
def test_nobody_submits_without_the_token(file: str) -> None:
    assert cluster(file)["authOptions"] == {"mode": "token"}


@pytest.mark.parametrize("file", FILES)
def test_the_head_works_for_nobody(file: str) -> None:
    assert cluster(file)["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


@pytest.mark.parametrize("file", FILES)
def test_every_pod_may_use_the_bucket_and_has_shared_memory(file: str) -> None:
    [account] = [each for each in read_all(file) if each["kind"] == "ServiceAccount"]
    for pod in pods(file):
        assert pod["serviceAccountName"] == account["metadata"]["name"]
        [container] = pod["containers"]
        assert {"name": "shared-memory", "mountPath": "/dev/shm"} in container["volumeMounts"]
        [volume] = pod["volumes"]
        shared = float(volume["emptyDir"]["sizeLimit"].removesuffix("Gi"))
        memory = float(container["resources"]["limits"]["memory"].removesuffix("Gi"))
        assert 0.3 < shared / memory < 0.4, "Ray's object store takes 30% of the memory"


@pytest.mark.parametrize("file", FILES)
def test_pods_get_what_they_ask_for(file: str) -> None:
    for pod in pods(file):
        [container] = pod["containers"]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        gpu_image = "-cu" in container["image"].removesuffix("-cpu")
        assert gpu_image == ("nvidia.com/gpu" in container["resources"]["limits"])


def test_the_service_is_that_of_the_other_clusters() -> None:
    deployed = yaml.safe_load(resource("kuberay-service.yaml")["spec"]["serveConfigV2"])
    assert deployed == read("serve.yaml")


def test_the_encoder_scales_to_all_gpus_but_one_for_an_update() -> None:
    deployed = yaml.safe_load(resource("kuberay-service.yaml")["spec"]["serveConfigV2"])
    replicas = {
        each["name"]: each["autoscaling_config"]["max_replicas"]
        for each in deployed["applications"][0]["deployments"]
    }
    [gpus] = [
        group["maxReplicas"]
        for group in cluster("kuberay-service.yaml")["workerGroupSpecs"]
        if group["groupName"] == "gpu"
    ]
    assert replicas["Embedder"] == gpus - 1


def test_the_jobs_command_is_one_that_the_pipeline_takes() -> None:
    words = shlex.split(resource("kuberay-job.yaml")["spec"]["entrypoint"])
    assert words[:3] == ["python", "-m", "tune_jobs.pipeline"]
    options = cli._parser().parse_args(["run", *words[3:]])
    settings = config.load(options.preset, assignments=options.assignments)
    assert settings.cluster.autoscaling
    assert settings.encoder.use_gpu
