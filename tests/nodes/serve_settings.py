"""`serve_app/config.yaml` for clusters on this machine."""

from pathlib import Path
from typing import Any

import yaml
from cluster_files import read

import serve_app

_CONFIG_FILE = Path(serve_app.__file__).with_name("config.yaml")


def settings(bundle: str, port: int, **of_each: Any) -> dict[str, Any]:
    """With a bundle, a port, and these options of every deployment instead of autoscaling."""
    found = yaml.safe_load(_CONFIG_FILE.read_text())
    found["http_options"]["port"] = port
    # Proxies of nodes that share a machine share the port; the head's is the one that stays.
    found["proxy_location"] = "HeadOnly"
    [application] = found["applications"]
    application["args"] |= {"bundle": bundle, "cached_images": 0}
    application["deployments"] = [
        {"name": deployment["name"], **of_each} for deployment in application["deployments"]
    ]
    return found


def fused(bundle: str, port: int, **of_it: Any) -> dict[str, Any]:
    """One replica that holds everything, or as these options of its deployment say."""
    found = settings(bundle, port)
    [application] = found["applications"]
    application["args"]["fused"] = True
    application["deployments"] = [{"name": "Fused", **of_it}]
    return found


def everywhere(settings: dict[str, Any]) -> dict[str, Any]:
    """The same, with a proxy where `cluster/serve.yaml` has one."""
    return settings | {"proxy_location": read("serve.yaml")["proxy_location"]}
