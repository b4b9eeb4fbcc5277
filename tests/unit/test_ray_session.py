"""Connecting: where nothing answers, that is said at once; Ray's token is the user's own."""

import socket
import time
from pathlib import Path

import pytest
import ray
from ray._private.authentication.authentication_token_setup import generate_and_save_token

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


@pytest.mark.parametrize(("chosen", "left"), [(None, 0o600), (0o640, 0o640), (0o400, 0o400)])
def test_a_token_that_all_users_may_read_becomes_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: int | None, left: int
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ray_session._make_token_private()  # there is none
    generate_and_save_token()
    [token] = (tmp_path / ".ray").iterdir()
    token.chmod(0o644 if chosen is None else chosen)
    ray_session._make_token_private()
    assert token.stat().st_mode & 0o777 == left
