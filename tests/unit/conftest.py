"""Shared by the unit tests: places to write to, on disk and on S3, and the service in-process."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import s3_server


@pytest.fixture(autouse=True)
def _serve_log_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve keeps its log to itself in a process where a test has started it before."""
    logger = logging.getLogger("ray.serve")
    monkeypatch.setattr(logger, "propagate", True)
    monkeypatch.setattr(logger, "level", logging.INFO)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as location:
        yield location


@pytest.fixture(params=["local", "s3"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place to write to."""
    if request.param == "local":
        return str(tmp_path)
    return f"{request.getfixturevalue('bucket')}/{tmp_path.name}"


@pytest.fixture(scope="session")
def served(bundle_location: str) -> tuple[Any, dict[str, Any]]:
    """The bundle's reference, and the parts of the service that have it open."""
    from in_process import parts_of

    from serve_app import versions

    ref = versions.find(bundle_location)
    return ref, parts_of(ref)


@pytest.fixture
def connect(served: tuple[Any, dict[str, Any]]) -> Callable[..., Any]:
    """Makes a client of the service; arguments replace a part or a setting."""
    from in_process import client_of

    return lambda **replaced: client_of(*served, **replaced)


@pytest.fixture
def client(connect: Callable[..., Any]) -> Any:
    return connect()
