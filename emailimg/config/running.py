"""Settings of where and how things run: the service, and the cluster's shares."""

from pydantic import Field

from emailimg.config.section import Cpus, Section


class ServeConfig(Section):
    """The Ray Serve application."""

    application: str = "serve_app.graph:build_app"  # import path, as in a Serve config file
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    cpus_per_replica: Cpus = 0.1
    torch_threads: int = Field(1, ge=1)
    request_timeout_s: float = Field(30.0, gt=0)


class ClusterConfig(Section):
    """CPU shares that the stages have in common, and how long to wait for them."""

    data_tasks: int = Field(2, ge=1)  # Ray Data tasks at the same time
    cpus_per_data_task: Cpus = 1.0
    schedule_timeout_s: float = Field(45.0, gt=0)  # raise it where an autoscaler adds machines
    autoscaling: bool = False  # True: wait for CPUs that the cluster does not have yet
