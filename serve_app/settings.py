"""What `build_app` takes: `serve run ... bundle=DIR`, or `args:` in a Serve config file."""

from emailimg.config import ServiceSettings


class ServiceArguments(ServiceSettings):
    """The service's settings, and what it serves."""

    bundle: str  # folder that every node can read, or s3://
