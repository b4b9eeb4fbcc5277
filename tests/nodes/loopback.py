"""The environment of a Ray cluster that is no other test's."""

import os
import secrets
from pathlib import Path

from ray_start import BIN

# A killed node is missed after some seconds instead of half a minute; one that starves for a while
# on a busy machine is not taken for dead.
_QUICK_TO_NOTICE = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "4",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
}


def own_environment(folder: Path) -> dict[str, str]:
    """Of the processes of a cluster, whose sessions are in the folder, and of its clients."""
    inherited = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return inherited | {
        # `python` and `ray` are those of the tests.
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Off: a process has the address that it has on macOS, 127.0.0.1.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "OMP_NUM_THREADS": "1",
        **_QUICK_TO_NOTICE,
    }
