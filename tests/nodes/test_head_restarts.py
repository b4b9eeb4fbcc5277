"""A killed head comes back with the service: on its own disk, or elsewhere by way of Redis."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from autoscaler_config import autoscaler_config
from benchmarks.free_ports import free_port
from cluster_files import read
from loopback import own_environment
from ray_folder import ray_folder
from ray_processes import doing
from ray_start import Head, Worker
from recording_provider import CALLS_FILE, HEAD, HEAD_KIND
from serve_settings import everywhere, fused
from service_load import CLIENTS, FORM, UPLOADS, right_answers, under_load
from waiting import wait_for

from emailimg import service


@pytest.fixture
def folder() -> Iterator[Path]:
    with ray_folder() as folder:
        yield folder


@pytest.fixture
def environment(bucket: str, folder: Path) -> dict[str, str]:
    return own_environment(folder)


@pytest.fixture
def start_head(environment: dict[str, str], folder: Path) -> Iterator[Callable[..., Head]]:
    """Starts heads of one CPU, and ends them when the test does."""
    heads: list[Head] = []

    def start(**store: str) -> Head:
        own = folder / f"head-{len(heads)}"
        own.mkdir()
        heads.append(Head(environment | store, own, "--num-cpus=1"))
        heads[-1].start()
        return heads[-1]

    yield start
    for head in heads:
        head.kill()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server."""
    program = shutil.which("redis-server")
    assert program, "these tests need redis-server, e.g. `apt-get install redis-server`"
    port = free_port()
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path)]
    server = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
    yield f"127.0.0.1:{port}"
    server.kill()
    server.wait()


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: the service answers again after {time.monotonic() - began:.1f} s")


def wait_for_right_answer(base_url: str, bundle: str) -> None:
    """As the bundle has it, asked again and again; a wrong one fails at once."""
    [[(version, image_id), probability]] = right_answers(bundle, uploads=UPLOADS[:1]).items()
    answer = wait_for(f"an answer from {base_url}", lambda: scored(base_url), pause_s=0.1)
    assert (answer["bundle"], answer["image_id"]) == (version, image_id)
    assert answer["probability"] == pytest.approx(probability, abs=1e-6)


def scored(base_url: str) -> dict[str, Any]:
    """Nothing where there is no answer."""
    with suppress(service.EmailimgError):
        return service.score(base_url, UPLOADS[0], "a.jpg", *FORM.values())
    return {}


def test_a_killed_head_comes_back_by_the_same_command(
    start_head: Callable[..., Head], bundle_on_s3: str, tmp_path: Path
) -> None:
    port = free_port()
    head = start_head(RAY_gcs_storage="rocksdb", RAY_gcs_storage_path=str(tmp_path / "store"))
    head.dashboard.deploy(fused(bundle_on_s3, port))
    wait_for_right_answer(f"http://127.0.0.1:{port}", bundle_on_s3)
    head.kill()
    with timed("a killed head, started again with its RocksDB store"):
        head.start()
        wait_for_right_answer(f"http://127.0.0.1:{port}", bundle_on_s3)


def test_a_head_elsewhere_finds_the_service_in_redis(
    start_head: Callable[..., Head], redis: str, bundle_on_s3: str
) -> None:
    port = free_port()
    first = start_head(RAY_REDIS_ADDRESS=redis)
    first.dashboard.deploy(fused(bundle_on_s3, port))
    wait_for_right_answer(f"http://127.0.0.1:{port}", bundle_on_s3)
    first.kill()
    with timed("another head with the killed one's Redis"):
        other = start_head(RAY_REDIS_ADDRESS=redis)
        assert other.address != first.address
        wait_for_right_answer(f"http://127.0.0.1:{port}", bundle_on_s3)


def waiting_for_the_head() -> dict[str, str]:
    """A tenth of what the machines of cluster/aws.yaml wait, or of Ray's own minute."""
    name = "RAY_gcs_rpc_server_reconnect_timeout_s"
    options = " ".join(read("aws.yaml")["docker"]["run_options"])
    seconds = dict(re.findall(r"--env (\w+)=(\S+)", options)).get(name, "60")
    return {name: str(int(seconds) // 10)}


@pytest.fixture
def head_of_a_worker(environment: dict[str, str], folder: Path, tmp_path: Path) -> Iterator[Head]:
    """A head that runs no work and keeps its state, and a worker of one CPU that waits for it."""
    both = environment | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1"}  # or it starts no worker
    store = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(tmp_path / "store")}
    head = Head(both | store, folder, "--num-cpus=0")
    patient = both | waiting_for_the_head()
    worker = Worker(patient, folder / "worker.log", head, "--num-cpus=1")
    try:
        head.start()
        worker.start()
        yield head
    finally:
        worker.kill()
        head.kill()


def test_a_worker_goes_on_without_its_head_and_with_the_one_that_comes_back(
    head_of_a_worker: Head, bundle_on_s3: str
) -> None:
    """Its replica answers all the time, by way of the worker's own proxy, and stays the same one.

    All in a tenth of the time: 80 seconds without a head, and how long workers wait for it.
    """
    head, port = head_of_a_worker, free_port()
    head.dashboard.deploy(everywhere(fused(bundle_on_s3, port)))
    wait_for("a proxy on both", lambda: healthy_proxies(head) == 2, seen=head.dashboard.proxies)
    [replica] = doing(b"ray::ServeReplica:emailimg:Fused")
    with under_load(f"http://127.0.0.1:{port}", right_answers(bundle_on_s3)) as load:
        head.kill()
        time.sleep(8)
        load.wait_for(20)
        head.start()
        wait_for("both again", lambda: healthy_proxies(head) == 2, seen=head.dashboard.proxies)
        load.wait_for(20)
    [known] = head.dashboard.replicas()
    assert (known["pid"], known["state"]) == (replica, "RUNNING")
    # The connections to the head's proxy, at most one of each client.
    assert len(load.wrong) <= CLIENTS, load.wrong


def healthy_proxies(head: Head) -> int:
    return list(head.dashboard.proxies().values()).count("HEALTHY")


def test_a_head_that_was_stopped_by_force_is_not_ended_by_its_autoscaler(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    """To which a head that signs off, as `ray stop` lets it, is one node more that is gone."""
    calls, config = tmp_path / "calls", tmp_path / "autoscaling.json"
    calls.touch()
    provider = {"module": "recording_provider.RecordingProvider"}
    config.write_text(json.dumps(autoscaler_config(provider, HEAD_KIND)))
    of_autoscaler = {
        "PYTHONPATH": str(Path(__file__).parent),
        CALLS_FILE: str(calls),
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_enable_autoscaler_v2": "1",  # as `ray up` does
        "RAY_CLOUD_INSTANCE_ID": HEAD,
        "RAY_NODE_TYPE_NAME": HEAD_KIND,
    }
    store = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(tmp_path / "store")}
    options = ("--num-cpus=0", f"--autoscaling-config={config}")
    head = Head(environment | of_autoscaler | store, folder, *options)
    try:
        for looks in (5, 15):
            head.start()
            wait_for_looks(calls, looks)
            head.kill()
    finally:
        head.kill()
    assert "ended" not in calls.read_text()


def wait_for_looks(calls: Path, looks: int) -> None:
    """Until the autoscaler has looked at its machines so many times more."""
    before = calls.read_text().count("looked")
    wait_for(
        f"{looks} looks",
        lambda: calls.read_text().count("looked") >= before + looks,
        seen=calls.read_text,
    )
