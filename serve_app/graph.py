"""The application's graph, from a bundle: Ingress -> Embedder -> Classifiers -> Recommender.

    serve run serve_app.graph:build_app bundle=workspace/bundle

Every deployment opens the bundle itself, once per replica, and reads its own part of it. Numbers of
replicas and autoscaling belong in a Serve config file (`serve_app/config.yaml`), by the
deployments' names. With `fused=true` the same classes make one deployment, `Fused`.
"""

from functools import partial

from ray import serve
from ray.serve.config import BackpressureConfig
from ray.serve.schema import LoggingConfig

from serve_app import access, pictures, versions
from serve_app.deployments import Classifiers, Embedder, Recommender
from serve_app.fused import Fused
from serve_app.ingress import Ingress
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef

_RETRY_AFTER_S = 1.0


def build_app(args: ServiceArguments) -> serve.Application:
    """The application, ready for `serve.run`; also takes the arguments as a mapping.

    Raises BundleError when the bundle is missing, incomplete or damaged; ConfigError for keys or
    prefixes that no replica could start with. Serve would try three times and not say why.
    """
    settings = ServiceArguments.model_validate(args)
    pictures.check_prefixes(settings.image_uri_prefixes)
    if settings.api_keys_file:
        access.read_keys(settings.api_keys_file)
    ref = versions.find(settings.bundle)
    return _fused(settings, ref) if settings.fused else _composed(settings, ref)


def _composed(settings: ServiceArguments, ref: BundleRef) -> serve.Application:
    deploy = partial(_deployment, settings)
    embedder = deploy(Embedder).bind(ref, settings.torch_threads)
    classifiers = deploy(Classifiers).bind(ref)
    recommender = deploy(Recommender).bind(ref, classifiers, settings.request_timeout_s)
    ingress = deploy(serve.ingress()(Ingress))
    return ingress.bind(ref, settings, embedder, classifiers, recommender)


def _fused(settings: ServiceArguments, ref: BundleRef) -> serve.Application:
    return _deployment(settings, serve.ingress()(Fused)).bind(ref, settings)


def _deployment(settings: ServiceArguments, cls: type) -> serve.Deployment:
    deployment = serve.deployment(
        ray_actor_options={"num_cpus": settings.cpus_per_replica},
        max_ongoing_requests=settings.max_ongoing_requests,
        max_queued_requests=settings.max_queued_requests,
        backpressure_config=BackpressureConfig(status_code=503, retry_after_s=_RETRY_AFTER_S),
        # A lone replica is replaced only after its successor is up: no gap when deploying anew.
        max_surge_percent=100,
        logging_config=LoggingConfig(encoding="JSON", enable_access_log=False),
    )(cls)
    # Said only where it is more: a config file may scale the deployment itself.
    more = settings.replicas > 1
    return deployment.options(num_replicas=settings.replicas) if more else deployment
