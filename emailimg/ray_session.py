"""Connecting to Ray quietly: a local cluster of our own, or one that is already running."""

import logging
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from emailimg.errors import ResourceError

_PROBE_TIMEOUT_S = 10.0
_TOO_MANY = "HTTP status 429"

# Read by processes that Ray starts, so they must be set before a local cluster starts; a value
# that the user has set wins.
LOCAL_ENVIRONMENT = {
    # Train's controller polls its workers this often (s), and each report waits for a poll.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Of Serve, as in cluster/serve.env, which says why.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(2**31 - 1),
}
# Read by the driver.
_DRIVER_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # Tune's newer output ignores verbose=0
    # Ray's C++ part writes errors that it recovers from straight into the terminal.
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


@contextmanager
def session(address: str | None = None, num_cpus: float | None = None) -> Iterator[None]:
    """Be connected to Ray: `address`, else RAY_ADDRESS, else a new local cluster that ends with us.

    address: `auto` for the cluster that `ray start` began on this machine, HOST:PORT, or `local`.
    num_cpus: size of a new local cluster; all cores when None.
    Raises ResourceError when there is no cluster at the address.
    """
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _quieten()
    _probe(address)
    try:
        with _without_stderr():
            ray.init(**_init_arguments(address, num_cpus))
    except (ConnectionError, ray.exceptions.AuthenticationError) as error:
        raise ResourceError(_why_not_connected(address, error)) from None
    try:
        if address == "local":
            _make_token_private()
        yield
    finally:
        ray.shutdown()


def _probe(address: str) -> None:
    """Ray waits for minutes, and in silence, for a HOST:PORT where nothing listens."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_PROBE_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise ResourceError(
            f"no Ray cluster answers at {address!r} ({error}); start one with `ray start --head`, "
            "or leave the address out to start a local one"
        ) from None


def set_local_environment(address: str | None) -> None:
    """Set `LOCAL_ENVIRONMENT` where `session(address)` will start a cluster.

    `session` does it, too, but whoever deploys an application needs it before Ray Serve is
    imported: that reads it once, and handles are made by what it has read.
    """
    if (address or os.environ.get("RAY_ADDRESS") or "local") == "local":
        for name, value in LOCAL_ENVIRONMENT.items():
            os.environ.setdefault(name, value)


def _init_arguments(address: str, num_cpus: float | None) -> dict[str, Any]:
    common = {"address": address, "log_to_driver": False, "logging_level": logging.ERROR}
    if address != "local":
        return common
    set_local_environment(address)
    return common | {"include_dashboard": False, "num_cpus": num_cpus}


def _why_not_connected(address: str, error: Exception) -> str:
    where = (
        "`export RAY_AUTH_MODE=token`, with the cluster's token in ~/.ray/auth_token, in the file "
        "that RAY_AUTH_TOKEN_PATH names, or in RAY_AUTH_TOKEN"
    )
    if isinstance(error, ray.exceptions.AuthenticationError):
        return f"the Ray cluster at {address!r} asks for a token: {where}"
    # Ray does not tell a cluster that refuses a token from none.
    return (
        f"no Ray cluster answers at {address!r} ({error}); start one with `ray start --head`, or "
        "leave the address out to start a local one; one that runs may have refused a token: "
        f"{where}"
    )


def _make_token_private() -> None:
    """Ray makes a token for a user's first local cluster, in a file that all users may read.

    Whoever has it may run code on that user's clusters.
    """
    made = Path.home() / ".ray" / "auth_token"
    try:
        if made.stat().st_mode & stat.S_IROTH:
            made.chmod(0o600)
    except OSError:  # there is none, or it is another's: then Ray has not made it
        return


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Nothing that C++ writes while Ray starts: it announces its log level; errors are raised."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _quieten() -> None:
    """One line per stage, not pages of Ray's log; warnings and errors still come through."""
    for name, value in _DRIVER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    configure_data()
    for name in ("ray.data", "ray.train", "ray.tune", "ray.serve", "optuna"):
        logging.getLogger(name).setLevel(logging.ERROR)


def configure_data() -> None:
    """How Ray Data works in this process: every process that builds datasets has its own say."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # The newer reader starts a task more per read, and counts rows wrongly when a path is listed
    # twice.
    context.use_datasource_v2 = False
    # Some S3-compatible stores throttle with it, and with a code that pyarrow does not know.
    if _TOO_MANY not in context.retried_io_errors:
        context.retried_io_errors.append(_TOO_MANY)
