"""What `build_app` takes: `serve run ... bundle=DIR`, or `args:` in a Serve config file."""

from pydantic import BaseModel, ConfigDict, Field


class ServiceArguments(BaseModel):
    """Sizes and limits of the application, and who may use it.

    Numbers of replicas and autoscaling belong in the Serve config file, by the deployments' names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: str  # folder that every node can read, or s3://
    fused: bool = False  # all parts in one replica, for the least latency; else a graph of four
    cpus_per_replica: float = Field(0.1, gt=0)
    torch_threads: int = Field(1, ge=1)  # of one Embedder replica; may exceed its CPU share
    request_timeout_s: float = Field(30.0, gt=0)
    # Per Ingress replica: requests being answered, and requests that wait; any more get a 503.
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
