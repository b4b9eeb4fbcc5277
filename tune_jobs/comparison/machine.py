"""What the seconds were measured on: figures of two machines do not go into one table."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe() -> dict[str, str]:
    """Processor, number of cores that this process may use, and versions."""
    packages = {name: version(name) for name in ("xgboost", "scikit-learn")}
    return {"processor": _processor(), "cores": str(len(os.sched_getaffinity(0)))} | packages


def _processor() -> str:
    source = Path("/proc/cpuinfo")
    for line in source.read_text().splitlines() if source.exists() else []:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "an unknown processor"
