"""Starting and stopping the servers that are compared, each in processes of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import httpx

from ..free_ports import free_port

_START_S = 120.0
_STOP_S = 60.0

FUSED = ("--set", "serve.fused=true")
TWO = (*FUSED, "--set", "serve.replicas=2")


def plain(bundle: str) -> AbstractContextManager[str]:
    """FastAPI and uvicorn; gives the base URL."""
    return _module("plain_server", bundle)


def litserve(bundle: str) -> AbstractContextManager[str]:
    """LitServe; gives the base URL."""
    return _module("litserve_server", bundle)


def ours(bundle: str, *options: str) -> AbstractContextManager[str]:
    """`emailimg serve` with options; gives the base URL. No answer comes from the cache."""
    port = free_port()
    command = [sys.executable, "-m", "emailimg", "serve", "--bundle", bundle, "--port", str(port)]
    return running([*command, "--set", "serve.cached_images=0", *options], port)


def _module(name: str, bundle: str) -> AbstractContextManager[str]:
    port = free_port()
    command = [sys.executable, "-m", f"tests.benchmarks.serving.{name}", bundle, str(port)]
    return running(command, port)


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[str]:
    """A server in a process group of its own, once it is ready; it is stopped afterwards."""
    base_url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_ready(process, base_url)
        yield base_url
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], base_url: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            if httpx.get(f"{base_url}/readyz", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{process.args!r} was not ready within {_START_S:g} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
