"""Shared by the tests: one small Ray cluster, and one small bundle to serve from."""

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from bundle_factory import write_bundle

from emailimg import bundle, config, pipeline, ray_session
from emailimg.predict import Predictor
from emailimg.stages import StageResult

# Before any test imports Ray Serve, which reads it once; as `emailimg serve` does.
ray_session.set_local_environment("local")


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A local Ray cluster of two CPUs; starting one takes seconds, so all tests share it.

    Its idle processes stay longer than usual: the next test needs them again.
    """
    longer = {"RAY_idle_worker_killing_time_threshold_ms": "20000"}
    with mock.patch.dict(os.environ, longer), ray_session.session("local", num_cpus=2):
        yield


@pytest.fixture(scope="session")
def bundle_location(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the bundle of `bundle_factory` is; do not change it."""
    return write_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def predictor(bundle_location: str) -> Predictor:
    # One thread, as in the service: another number adds up in another order.
    return Predictor(bundle.load(bundle_location), threads=1)


@pytest.fixture(scope="session")
def interrupted_run(tmp_path_factory: pytest.TempPathFactory, ray_cluster: None) -> str:
    """The workspace of a `tiny` run that was interrupted after the examples stage."""
    location = str(tmp_path_factory.mktemp("run"))

    def interrupt(result: StageResult) -> None:
        if result.name == "examples":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(config.load("tiny"), location, on_stage=interrupt)
    return location
