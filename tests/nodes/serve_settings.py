"""`serve_app/config.yaml` for clusters on this machine."""

from pathlib import Path
from typing import Any

import yaml

import serve_app

_CONFIG_FILE = Path(serve_app.__file__).with_name("config.yaml")


def settings(bundle: str, port: int, **of_each: Any) -> dict[str, Any]:
    """With a bundle, a port, and these options of every deployment instead of autoscaling."""
    found = yaml.safe_load(_CONFIG_FILE.read_text())
    found["http_options"]["port"] = port
    # Nodes that share a machine would listen on the same port; the head's is the one that stays.
    found["proxy_location"] = "HeadOnly"
    [application] = found["applications"]
    application["args"] |= {"bundle": bundle, "cached_images": 0}
    application["deployments"] = [
        {"name": deployment["name"], **of_each} for deployment in application["deployments"]
    ]
    return found


def fused(bundle: str, port: int) -> dict[str, Any]:
    """One replica that holds everything."""
    found = settings(bundle, port)
    [application] = found["applications"]
    application["args"]["fused"] = True
    application["deployments"] = [{"name": "Fused"}]
    return found
