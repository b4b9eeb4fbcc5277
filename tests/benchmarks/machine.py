"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from PIL import features

_PACKAGES = (
    *("ray", "pyarrow", "numpy", "opencv-python-headless", "pillow", "albumentations"),
    *("torch", "torchvision", "xgboost", "xgboost-ray"),
)


def describe() -> dict[str, str]:
    """Processor, memory and versions, for people."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    facts = {
        "processor": _processor(),
        "cores": str(cores()),
        "memory": f"{pages / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }
    facts |= {name: version(name) for name in _PACKAGES}
    facts["libjpeg-turbo"] = str(features.version_feature("libjpeg_turbo"))
    return facts


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def is_quiet() -> bool:
    """Whether nothing else has been running for the last minute."""
    return os.getloadavg()[0] < 0.3 * cores()


def gpus() -> list[str]:
    """Names of the GPUs that torch can use."""
    import torch  # takes seconds, and only training needs it

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"
