"""Running the service on a Ray cluster, and asking it.

The application itself is found by its import path, `serve.application` in the config, like in
Serve's own config files.
"""

import contextlib
import importlib
import io
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

import httpx
from ray import serve

from emailimg import resources
from emailimg.config import ClusterConfig, ServeConfig, ServiceSettings
from emailimg.errors import ConfigError, EmailimgError, ResourceError

_APP_NAME = "emailimg"
_DEPLOYMENTS = 4  # of the graph; fused there is one
_ARGUMENTS = set(ServiceSettings.model_fields)
_START_TIMEOUT_S = 120.0
_POLL_S = 0.2
# On top of the application's own limit, which answers in JSON; this one is for slow uploads.
_PROXY_GRACE_S = 10.0


def start(bundle_location: str, settings: ServeConfig, cluster: ClusterConfig) -> str:
    """Start the service on the connected cluster; returns its base URL once it is healthy.

    Port 0 picks a free one. Raises ResourceError when the port is taken, the replicas do not fit
    or do not come up in time, ConfigError when there is no such application, BundleError.
    """
    port = _free_port(settings.host, settings.port)
    deployments = 1 if settings.fused else _DEPLOYMENTS
    replicas = resources.cpu_bundles(deployments * settings.replicas, settings.cpus_per_replica)
    resources.require("service", replicas, cluster)
    application = _build(settings, bundle_location)
    http_options = {
        "host": settings.host,
        "port": port,
        "request_timeout_s": settings.request_timeout_s + _PROXY_GRACE_S,
    }
    serve.start(http_options=http_options, logging_config={"enable_access_log": False})
    # Unlike `serve.run`, this does not wait for ever for replicas that cannot start.
    serve.run_many(
        [serve.RunTarget(application, name=_APP_NAME)], wait_for_applications_running=False
    )
    base_url = f"http://{_reachable(settings.host)}:{port}"
    try:
        _wait_until_healthy(base_url)
    except BaseException:
        stop()
        raise
    return base_url


def stop() -> None:
    """Stop the service and Serve with it; the cluster stays."""
    # Ray reports the controller, which it ends itself, as a failed task.
    with contextlib.redirect_stdout(io.StringIO()):
        serve.shutdown()


def serve_forever(bundle_location: str, settings: ServeConfig, cluster: ClusterConfig) -> None:
    """Start the service and wait for Ctrl-C or SIGTERM; then stop it."""
    base_url = start(bundle_location, settings, cluster)
    print(f"serving {bundle_location}\n  at   {base_url}\n  docs {base_url}/docs", flush=True)
    try:
        _wait_for_signal()
    finally:
        print("stopping", flush=True)
        stop()


def score(
    base_url: str,
    image_bytes: bytes,
    filename: str,
    target: str,
    campaign_type: str,
    industry: str,
) -> dict[str, Any]:
    """The answer of `POST /v1/score`; raises EmailimgError with the service's message."""
    form = {"target": target, "campaign_type": campaign_type, "industry": industry}
    return _post(f"{base_url}/v1/score", image_bytes, filename, form)


def recommend(
    base_url: str,
    image_bytes: bytes,
    filename: str,
    target: str,
    campaign_type: str,
    industry: str,
    k: int = 6,
) -> dict[str, Any]:
    """The answer of `POST /v1/recommend`; raises EmailimgError with the service's message."""
    form = {"target": target, "campaign_type": campaign_type, "industry": industry, "k": str(k)}
    return _post(f"{base_url}/v1/recommend", image_bytes, filename, form)


def _post(url: str, image_bytes: bytes, filename: str, form: dict[str, str]) -> dict[str, Any]:
    try:
        response = httpx.post(url, files={"image": (filename, image_bytes)}, data=form, timeout=60)
    except httpx.HTTPError as error:
        raise EmailimgError(f"no answer from {url}: {error}") from None
    if response.is_success:
        return response.json()
    raise EmailimgError(f"{url} answered {response.status_code}: {_message(response)}")


def _message(response: httpx.Response) -> str:
    """The application's own sentence, or what Serve's proxy says in plain text."""
    try:
        return response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return response.text


def _build(settings: ServeConfig, bundle_location: str) -> serve.Application:
    module_name, _, function_name = settings.application.partition(":")
    try:
        builder = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"serve.application {settings.application!r} cannot be imported ({error}); "
            "it is MODULE:FUNCTION, e.g. serve_app.graph:build_app"
        ) from None
    return builder(settings.model_dump(include=_ARGUMENTS) | {"bundle": bundle_location})


def _free_port(host: str, port: int) -> int:
    """The port itself, or any free one for 0; raises ResourceError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # A port on which a closed connection lingers can be listened on, as the proxy does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise ResourceError(
                f"cannot listen on {host}:{port} ({reason}); choose another port, or 0 for any"
            ) from None
        return probe.getsockname()[1]


def _reachable(host: str) -> str:
    """The host to connect to where the service listens on every address of this machine."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _wait_until_healthy(base_url: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _healthy(base_url):
        application = serve.status().applications.get(_APP_NAME)
        if application is not None and application.status == "DEPLOY_FAILED":
            raise ResourceError(f"the service did not start: {_unready(application)}")
        if time.monotonic() > deadline:
            raise ResourceError(
                f"the service is not healthy after {_START_TIMEOUT_S:g} s: "
                f"{_unready(application)}; a Serve that already ran on this cluster keeps its "
                "own host and port"
            )
        time.sleep(_POLL_S)


def _healthy(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/readyz", timeout=10).is_success
    except httpx.HTTPError:
        return False


def _unready(application: Any) -> str:
    """Which deployments are not up, and what Serve says about them."""
    if application is None:
        return "Serve does not know the application yet"
    waiting = {
        name: deployment.message or deployment.status.value
        for name, deployment in application.deployments.items()
        if deployment.status != "HEALTHY"
    }
    return "; ".join(f"{name}: {state}" for name, state in waiting.items()) or "no answer over HTTP"


def _wait_for_signal() -> None:
    """Return at SIGINT or SIGTERM, with the earlier handlers back in place."""
    arrived = threading.Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        arrived.set()

    watched = (signal.SIGINT, signal.SIGTERM)
    earlier = {number: signal.signal(number, note) for number in watched}
    try:
        arrived.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
