"""The instance benchmark on the small cluster: it measures, tells failures apart, and adds up."""

import shutil
from pathlib import Path

import pytest
import ray
from PIL import Image

from emailimg import config, storage
from emailimg.errors import ResourceError
from tune_jobs import benchmark_instances
from tune_jobs.instances import measurement, nodes

TINY_IMAGES = str(config.load("tiny").source.showroom_images)


@pytest.fixture
def folder(interrupted_run: str, tmp_path: Path) -> Path:
    """Where the benchmark writes; the catalogue and the examples are there."""
    for stage in ("catalogue", "examples"):
        shutil.copytree(Path(interrupted_run, stage), tmp_path / "data" / stage)
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    tiny = ["--preset", "tiny", "--images", TINY_IMAGES, "--epochs", "2", "--out", str(folder)]
    return benchmark_instances.main([*tiny, *arguments])


def test_workers_are_measured_and_what_does_not_fit_is_a_row_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--workers", "1", "2", "8", "--instance", "c5.large") == 0
    one, two, eight = measurement.read(str(folder)).rows
    assert [row.workers for row in (one, two, eight)] == [1, 2, 8]
    assert one.images_per_s is not None
    assert two.images_per_s is not None
    assert eight.images_per_s is None
    assert "needs 5 CPU" in (eight.failure or "")
    content = storage.read_json(str(folder / "instances.json"))
    efficiencies = [cost["efficiency"] for cost in content["costs"]]
    expected = two.images_per_s / (2 * one.images_per_s)
    assert efficiencies == [1.0, pytest.approx(expected), None]
    hours = content["costs"][0]["hours"]
    assert hours == pytest.approx(32_370 * 10 / one.images_per_s / 3600)
    assert content["costs"][0]["on_demand"] == pytest.approx(hours * 0.085)
    text = (folder / "instances.md").read_text()
    log = capsys.readouterr().out
    assert text in log
    assert "2/3  2 workers x 1 thread: " in log
    assert "catalogue       there" in log  # not made again
    assert Image.open(folder / "instances.png").width == 1440
    assert not (folder / "training").exists()


def test_nothing_measured_is_a_failure(folder: Path, ray_cluster: None) -> None:
    assert run(folder, "--workers", "1", "--set", "encoder.cpus_per_worker=64") == 1
    assert "Nothing was measured" in (folder / "instances.md").read_text()


def test_nodes_are_held_back_meanwhile(ray_cluster: None) -> None:
    [node] = nodes.alive()
    assert node.cpus == 2
    assert node.memory_gib > 0.5
    task = ray.remote(lambda: "ran").options(num_cpus=1)
    with nodes.held_back([node.node_id], timeout_s=30):
        waits = task.remote()
        assert ray.wait([waits], timeout=1)[0] == []
        with (
            pytest.raises(ResourceError, match="idle cluster"),
            nodes.held_back([node.node_id], timeout_s=1),
        ):
            pass
    assert ray.get(waits, timeout=60) == "ran"
