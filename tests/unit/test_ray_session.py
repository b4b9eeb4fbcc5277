"""Connecting: where nothing answers, that is said at once."""

import socket
import time

import pytest
import ray

from emailimg import ray_session
from emailimg.errors import ResourceError


def test_an_address_where_nobody_listens_is_refused_at_once() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ResourceError, match=f"no Ray cluster answers at '{address}'"):
            ray_session._probe(address)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("address", ["auto", "local"])
def test_names_of_clusters_are_not_probed(address: str) -> None:
    ray_session._probe(address)


def test_a_session_inside_a_session_leaves_the_outer_one_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "shutdown", lambda: closed.append(True))
    with ray_session.session():
        pass
    assert closed == []
