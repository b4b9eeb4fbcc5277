"""The application's graph: Ingress -> Embedder -> Classifiers -> Recommender, from a bundle.

    serve run serve_app.graph:build_app bundle=workspace/bundle

Every deployment opens the bundle itself, once per replica, and reads its own part of it. Sizes and
limits are arguments here; numbers of replicas and autoscaling belong in a Serve config file, by
the deployments' names.
"""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve.config import BackpressureConfig
from ray.serve.schema import LoggingConfig

from emailimg import bundle, storage
from emailimg.bundle import Bundle
from emailimg.errors import BundleError
from serve_app.deployments import Classifiers, Embedder, Recommender
from serve_app.ingress import Ingress

_RETRY_AFTER_S = 1.0


class ServiceArguments(BaseModel):
    """What `build_app` takes: `serve run ... bundle=DIR`, or `args:` in a Serve config file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: str  # folder that every node can read, or s3://
    cpus_per_replica: float = Field(0.1, gt=0)
    torch_threads: int = Field(1, ge=1)  # of one Embedder replica; may exceed its CPU share
    request_timeout_s: float = Field(30.0, gt=0)
    # Per Ingress replica: requests being answered, and requests that wait; any more get a 503.
    max_ongoing_requests: int = Field(32, ge=1)
    max_queued_requests: int = Field(64, ge=1)


def build_app(args: ServiceArguments) -> serve.Application:
    """The application, ready for `serve.run`; also takes the arguments as a mapping.

    Raises BundleError when the bundle is missing, incomplete or damaged.
    """
    settings = ServiceArguments.model_validate(args)
    location = storage.absolute(settings.bundle)
    version = bundle.load(location).version
    return bind(settings, partial(_open, location, version))


def bind(settings: ServiceArguments, load_bundle: Callable[[], Bundle]) -> serve.Application:
    """The four deployments, composed; each replica calls `load_bundle` once."""
    deploy = partial(_deployment, settings)
    embedder = deploy(Embedder).bind(load_bundle, settings.torch_threads)
    classifiers = deploy(Classifiers).bind(load_bundle)
    recommender = deploy(Recommender).bind(load_bundle, embedder, classifiers)
    return deploy(serve.ingress()(Ingress)).bind(
        load_bundle, embedder, classifiers, recommender, settings.request_timeout_s
    )


def _deployment(settings: ServiceArguments, cls: type) -> serve.Deployment:
    return serve.deployment(
        ray_actor_options={"num_cpus": settings.cpus_per_replica},
        max_ongoing_requests=settings.max_ongoing_requests,
        max_queued_requests=settings.max_queued_requests,
        backpressure_config=BackpressureConfig(status_code=503, retry_after_s=_RETRY_AFTER_S),
        # A lone replica is replaced only after its successor is up: no gap when deploying anew.
        max_surge_percent=100,
        logging_config=LoggingConfig(enable_access_log=False),
    )(cls)


def _open(location: str, version: str) -> Bundle:
    """The bundle that was deployed: `build_app` has verified it, and replicas must not mix two."""
    found = bundle.load(location, verify=False)
    if found.version != version:
        raise BundleError(
            f"bundle {location!r} was replaced after the service started (version {version}, "
            f"now {found.version}); deploy again to serve the new one"
        )
    return found
