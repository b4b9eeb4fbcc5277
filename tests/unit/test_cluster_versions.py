"""One Ray, one Python and one project, whatever starts the cluster."""

import re
import tomllib

import pytest
import yaml
from cluster_files import FOLDER, read, read_all

import emailimg
from emailimg import ray_session

ROOT = FOLDER.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RAY_IMAGE = re.compile(r"rayproject/ray:([\d.]+)-py(\d)(\d+)-(cpu|cu\d+)\b")
OUR_IMAGE = re.compile(r"\bemailimg:([\d.]+)-ray([\d.]+)-py(\d)(\d+)-(cpu|cu\d+)\b")
FILES = sorted(file for file in FOLDER.iterdir() if file.is_file())


def pinned(package: str) -> str:
    [version] = re.findall(
        rf"^{package}==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
    return version


def test_there_are_images_to_look_at() -> None:
    assert {file.name for file in FILES if RAY_IMAGE.search(file.read_text())} == {
        "aws.yaml",
        "Dockerfile",
    }
    assert {file.name for file in FILES if OUR_IMAGE.search(file.read_text())} == {
        "Dockerfile",
        "kuberay-job.yaml",
        "kuberay-service.yaml",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_images_have_the_ray_and_a_python_of_the_project(file) -> None:
    text = file.read_text()
    tags = [match.groups() for match in RAY_IMAGE.finditer(text)]
    tags += [match.groups()[1:] for match in OUR_IMAGE.finditer(text)]
    for ray, major, minor, _ in tags:
        assert ray == pinned("ray")
        assert f"{major}.{minor}" in supported_pythons()
    pythons = {tag[1:3] for tag in tags}
    platforms = {tag[3] for tag in tags}
    assert len(pythons) <= 1
    assert len(platforms - {"cpu"}) <= 1, "one CUDA"


def supported_pythons() -> set[str]:
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    return {f"3.{minor}" for minor in range(int(low), int(high))}


def test_no_image_is_named_in_another_way() -> None:
    """A tag like `latest` would escape the other tests."""
    for file in FILES:
        text = file.read_text()
        images = re.findall(r"(?:image|worker_image): (\S+)", text)
        images += re.findall(r"^FROM (?!\$)(\S+)", text, re.MULTILINE)
        for image in images:
            if not image.startswith("emailimg:#"):  # the command that adds a registry
                assert RAY_IMAGE.fullmatch(image) or OUR_IMAGE.fullmatch(image), image


@pytest.mark.parametrize("file", ["kuberay-job.yaml", "kuberay-service.yaml"])
def test_kuberay_is_told_the_ray_that_the_image_has(file: str) -> None:
    [resource] = [each for each in read_all(file) if each["kind"].startswith("Ray")]
    spec = resource["spec"]
    cluster = spec.get("rayClusterSpec") or spec["rayClusterConfig"]
    assert cluster["rayVersion"] == pinned("ray")


def test_our_images_are_of_this_version_of_the_project() -> None:
    for file in FILES:
        for match in OUR_IMAGE.finditer(file.read_text()):
            assert match[1] == emailimg.__version__, file.name


def test_serve_is_told_the_same_everywhere() -> None:
    wanted = {
        name: value
        for name, value in ray_session.LOCAL_ENVIRONMENT.items()
        if name.startswith("RAY_SERVE_")
    }
    assert wanted
    for file in ("serve.env", "aws.yaml", "Dockerfile"):
        text = (FOLDER / file).read_text()
        assert dict(re.findall(r"\b(RAY_SERVE_\w+)=(\S+)", text)) == wanted, file
    local = read("local.yaml")
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "set -a && . ~/emailimg/cluster/serve.env && set +a" in local[key][-1]


def test_the_project_accepts_the_ray_that_is_pinned() -> None:
    [wanted] = [each for each in PROJECT["dependencies"] if each.startswith("ray[")]
    low, high = re.search(r">=([\d.]+),<([\d.]+)", wanted).groups()
    numbers = [tuple(map(int, version.split("."))) for version in (low, pinned("ray"), high)]
    assert numbers == sorted(numbers)


def test_what_is_installed_is_what_is_pinned() -> None:
    command = yaml.safe_dump(read("aws.yaml")["setup_commands"], width=1000)
    assert "--constraint /tmp/emailimg/constraints.txt" in command
    assert "--constraint constraints.txt" in (FOLDER / "Dockerfile").read_text()
