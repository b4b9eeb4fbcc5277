"""The service while things change under load: another bundle and the way back, killed replicas.

Clients ask without a pause. Every answer must be that of the bundle it names, to the last digit,
and a failure must be one that says: try again.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg, write_bundle
from ray import serve
from ray.serve.schema import ServeDeploySchema
from ray_processes import doing

import serve_app
from emailimg import bundle, service
from emailimg.predict import Predictor

CONFIG_FILE = Path(serve_app.__file__).with_name("config.yaml")

FORM = {"target": "open_rate", "campaign_type": "Newsletter", "industry": "Retail"}
UPLOADS = [showroom_jpeg(CATALOGUE_IMAGES + index) for index in range(4)]
CLIENTS = 3
PATIENCE_S = 180.0  # on a busy machine a replica takes that long to start


class Load:
    """Clients that ask for scores until they are told to stop, and what they were answered."""

    def __init__(self, base_url: str, expected: dict[tuple[str, str], float]) -> None:
        self._base_url = base_url
        self._expected = expected
        self._stop = threading.Event()
        self.right: list[str] = []  # versions, in the order of the answers
        self.again: list[int] = []  # statuses with Retry-After
        self.wrong: list[str] = []

    def run(self) -> None:
        # Without a cache every request goes all the way.
        with httpx.Client(base_url=self._base_url, timeout=30) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                upload = UPLOADS[number % len(UPLOADS)]
                self._note(client.post("/v1/score", files={"image": ("a.jpg", upload)}, data=FORM))

    def stop(self) -> None:
        self._stop.set()

    def wait_for(self, answers: int, version: str | None = None) -> None:
        """Until so many more right answers have come, of a version if one is named."""
        begun, deadline = len(self.right), time.monotonic() + PATIENCE_S
        while sum(version in (None, one) for one in self.right[begun:]) < answers:
            assert time.monotonic() < deadline, (len(self.right), self.again[-3:], self.wrong[-3:])
            time.sleep(0.05)

    def _note(self, response: httpx.Response) -> None:
        if response.status_code == 200:
            answer = response.json()
            expected = self._expected[answer["bundle"], answer["image_id"]]
            # Sums over a batch may differ in their last bits.
            if answer["probability"] == pytest.approx(expected, abs=1e-6):
                self.right.append(answer["bundle"])
                return
        elif response.status_code == 503 and "retry-after" in response.headers:
            self.again.append(response.status_code)
            return
        self.wrong.append(f"{response.status_code} {response.text[:300]}")


@pytest.fixture(scope="module")
def other_location(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_bundle(tmp_path_factory.mktemp("other"), seed=1)


@pytest.fixture(scope="module")
def expected(bundle_location: str, other_location: str) -> dict[tuple[str, str], float]:
    """Probability by bundle version and image id."""
    found: dict[tuple[str, str], float] = {}
    for location in (bundle_location, other_location):
        loaded = bundle.load(location)
        predictor = Predictor(loaded, threads=1)
        for upload in UPLOADS:
            score = predictor.score(upload, *FORM.values())
            assert score.probability is not None
            found[loaded.version, score.image_id] = score.probability
    return found


@contextmanager
def under_load(base_url: str, expected: dict[tuple[str, str], float]) -> Iterator[Load]:
    load = Load(base_url, expected)
    clients = [threading.Thread(target=load.run) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        load.wait_for(5)
        yield load
    finally:
        load.stop()
        for client in clients:
            client.join()


def config_file(location: str, user_config: str | None = None, **args: Any) -> ServeDeploySchema:
    """`serve_app/config.yaml`, of a bundle; user_config: where another one is to go over to."""
    settings = yaml.safe_load(CONFIG_FILE.read_text())
    [application] = settings["applications"]
    application["args"] |= {"bundle": location, "cached_images": 0} | args
    if args.get("fused"):
        application["deployments"] = [{"name": "Fused"}]
    for deployment in application["deployments"] if user_config else ():
        deployment["user_config"] = {"bundle": user_config}
    return ServeDeploySchema.model_validate(settings)


def deploy(config: ServeDeploySchema) -> None:
    """What `serve deploy` has the cluster's head do."""
    serve.context._get_global_client().deploy_apps(config)


@contextmanager
def serving(config: ServeDeploySchema) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    deploy(config)
    base_url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(base_url)
        yield base_url
    finally:
        service.stop()


def wait_until_ready(base_url: str, version: str | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"{base_url}/readyz", timeout=10)
            if answer.is_success and version in (None, answer.json()["bundle"]):
                return
        time.sleep(0.2)
    raise AssertionError(f"not ready: {serve.status()}")


@pytest.fixture(scope="module", params=[False, True], ids=["composed", "fused"])
def fused(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(scope="module")
def base_url(ray_cluster: None, bundle_location: str, fused: bool) -> Iterator[str]:
    with serving(config_file(bundle_location, fused=fused)) as base_url:
        yield base_url


def test_the_graph_and_the_fused_replica_answer_to_the_last_digit(
    base_url: str, predictor: Predictor
):
    for upload in UPLOADS:
        answer = service.recommend(base_url, upload, "a.jpg", *FORM.values())
        expected = predictor.recommend(upload, *FORM.values()).as_json()
        for name in ("probability", "interval", "attributes_seen", "considered"):
            assert answer[name] == expected[name]
        for kind in ("edits", "alternates"):
            assert [one["probability"] for one in answer[kind]] == [
                one["probability"] for one in expected[kind]
            ]


def test_another_bundle_and_the_way_back_lose_no_request(
    base_url: str,
    bundle_location: str,
    other_location: str,
    fused: bool,
    expected: dict[tuple[str, str], float],
):
    first, other = (bundle.load(each).version for each in (bundle_location, other_location))
    with under_load(base_url, expected) as load:
        for location, version in ((other_location, other), (bundle_location, first)):
            deploy(config_file(bundle_location, user_config=location, fused=fused))
            load.wait_for(20, version)
    assert load.wrong == []
    assert load.again == []
    assert set(load.right) == {first, other}


def test_a_bad_bundle_is_refused_and_the_old_one_stays(
    base_url: str,
    bundle_location: str,
    tmp_path: Path,
    fused: bool,
    expected: dict[tuple[str, str], float],
):
    version = bundle.load(bundle_location).version
    with under_load(base_url, expected) as load:
        deploy(config_file(bundle_location, user_config=str(tmp_path), fused=fused))
        load.wait_for(40)
    assert load.wrong == []
    assert load.again == []
    assert set(load.right) == {version}


def test_a_killed_replica_costs_retries_and_no_wrong_answer(
    base_url: str, fused: bool, expected: dict[tuple[str, str], float]
):
    victims = ["Fused"] if fused else ["Embedder", "Classifiers"]
    with under_load(base_url, expected) as load:
        for name in victims:
            [pid] = doing(f"ray::ServeReplica:emailimg:{name}".encode())
            os.kill(pid, signal.SIGKILL)
            wait_until_gone(pid)
            load.wait_for(20)
    # What a lone replica was about to answer when it was killed, Serve's proxy answers by itself.
    in_flight = CLIENTS if fused else 0
    assert load.wrong == ["500 Internal Server Error"] * min(in_flight, len(load.wrong))
    assert len(load.right) >= 20 * len(victims)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
