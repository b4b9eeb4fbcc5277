"""The service asked through Serve's proxies of several nodes, which on one machine share a port."""

import os
from pathlib import Path

import httpx
import pytest
from ray_processes import doing, parent
from service_load import FORM, UPLOADS, Answers

_LOOPBACK, _LISTENS = "0100007F:{:04X}", "0A"  # in /proc/net/tcp


def answering(base_url: str, expected: Answers, questions: int) -> set[int]:
    """The raylets' process ids of the nodes whose proxies have answered; all answers must be right.

    For every question there is a new connection, for which the kernel picks a proxy by chance.
    """
    return {_ask(base_url, expected) for _ in range(questions)}


def listening(base_url: str) -> int:
    """How many there are; one that was killed, until its socket is closed."""
    here = _LOOPBACK.format(httpx.URL(base_url).port)
    return sum(row[1] == here and row[3] == _LISTENS for row in _sockets())


def _ask(base_url: str, expected: Answers) -> int:
    with httpx.Client(base_url=base_url, timeout=60) as client:
        response = client.post("/v1/score", files={"image": ("a.jpg", UPLOADS[0])}, data=FORM)
        raylet = parent(_other_end(response))
    assert response.status_code == 200, response.text
    answer = response.json()
    probability = expected[answer["bundle"], answer["image_id"]]
    assert answer["probability"] == pytest.approx(probability, abs=1e-6)
    assert raylet is not None
    return raylet


def _other_end(response: httpx.Response) -> int:
    """The process id of the proxy with which the response's connection, still open, was made."""
    stream = response.extensions["network_stream"]
    ports = [stream.get_extra_info(end)[1] for end in ("server_addr", "client_addr")]
    socket = f"socket:[{_inode(*ports)}]"
    [proxy] = [pid for pid in doing(b"ray::ProxyActor") if socket in _open_files(pid)]
    return proxy


def _inode(own_port: int, other_port: int) -> str:
    """Of the socket at one end of a connection on loopback."""
    ends = [_LOOPBACK.format(port) for port in (own_port, other_port)]
    [inode] = [row[9] for row in _sockets() if row[1:3] == ends]
    return inode


def _sockets() -> list[list[str]]:
    """A row for each: its number, both ends, its state and so on."""
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def _open_files(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    return {os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}
