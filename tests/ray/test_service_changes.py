"""The service while things change under load: another bundle and the way back, killed replicas.

Every answer must be that of the bundle it names, to the last digit, and a failure must be one that
says: try again.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from benchmarks.free_ports import free_port
from bundle_factory import write_bundle
from ray import serve
from ray.serve.schema import ServeDeploySchema
from ray_processes import doing
from service_load import CLIENTS, FORM, UPLOADS, Answers, is_ready, right_answers, under_load
from waiting import wait_for

import serve_app
from emailimg import bundle, service
from emailimg.predict import Predictor

CONFIG_FILE = Path(serve_app.__file__).with_name("config.yaml")


@pytest.fixture(scope="module")
def other_location(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_bundle(tmp_path_factory.mktemp("other"), seed=1)


@pytest.fixture(scope="module")
def expected(bundle_location: str, other_location: str) -> Answers:
    return right_answers(bundle_location, other_location)


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
    port = free_port()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    deploy(config)
    base_url = f"http://127.0.0.1:{port}"
    try:
        wait_for("the service is ready", lambda: is_ready(base_url), seen=serve.status)
        yield base_url
    finally:
        service.stop()


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
    expected: Answers,
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
    expected: Answers,
):
    version = bundle.load(bundle_location).version
    with under_load(base_url, expected) as load:
        deploy(config_file(bundle_location, user_config=str(tmp_path), fused=fused))
        load.wait_for(40)
    assert load.wrong == []
    assert load.again == []
    assert set(load.right) == {version}


def test_a_killed_replica_costs_retries_and_no_wrong_answer(
    base_url: str, fused: bool, expected: Answers
):
    victims = ["Fused"] if fused else ["Embedder", "Classifiers"]
    with under_load(base_url, expected) as load:
        for name in victims:
            [pid] = doing(f"ray::ServeReplica:emailimg:{name}".encode())
            os.kill(pid, signal.SIGKILL)
            process = Path(f"/proc/{pid}")
            wait_for(f"{name} is gone", lambda process=process: not process.exists(), pause_s=0.02)
            load.wait_for(20)
    # What a lone replica was about to answer when it was killed, Serve's proxy answers by itself.
    in_flight = CLIENTS if fused else 0
    assert load.wrong == ["500 Internal Server Error"] * min(in_flight, len(load.wrong))
    assert len(load.right) >= 20 * len(victims)
