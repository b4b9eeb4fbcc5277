"""Settings of where and how things run: the service, and the cluster's shares."""

from pydantic import Field

from emailimg.config.section import Cpus, Section


class ServiceSettings(Section):
    """Sizes and limits of the service, and who may use it; also `args:` in a Serve config file.

    Autoscaling, and numbers of replicas by the deployments' names, belong in that file.
    """

    replicas: int = Field(1, ge=1)  # of each deployment
    fused: bool = False  # all parts in one replica, for the least latency; else a graph of four
    cpus_per_replica: Cpus = 0.1
    torch_threads: int = Field(1, ge=1)  # of one Embedder replica; may exceed its CPU share
    request_timeout_s: float = Field(30.0, gt=0)
    # Per replica: requests being answered, and requests that wait; any more get a 503.
    max_ongoing_requests: int = Field(32, ge=1)
    max_queued_requests: int = Field(64, ge=1)
    cached_images: int = Field(2048, ge=0)  # per Ingress replica, whose embeddings are kept
    # A file of `NAME KEY` lines that the replicas can read; without one, anybody may ask.
    api_keys_file: str | None = None
    requests_per_minute: float | None = Field(None, gt=0)  # for each key, or address without keys
    cors_origins: tuple[
        str, ...
    ] = ()  # pages of other sites that may ask, e.g. https://example.org
    image_uri_prefixes: tuple[str, ...] = ()  # s3:// prefixes below which requests may name images


class ServeConfig(ServiceSettings):
    """The Ray Serve application, and where it listens."""

    application: str = "serve_app.graph:build_app"  # import path, as in a Serve config file
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)


class ClusterConfig(Section):
    """CPU shares that the stages have in common, and how long to wait for them."""

    data_tasks: int = Field(2, ge=1)  # Ray Data tasks at the same time
    cpus_per_data_task: Cpus = 1.0
    schedule_timeout_s: float = Field(45.0, gt=0)  # raise it where an autoscaler adds machines
    autoscaling: bool = False  # True: wait for CPUs that the cluster does not have yet
