"""`ray start --head`, which a test may kill and start again. Ended by its processes' ids."""

import subprocess
import tempfile
import time
from pathlib import Path

from dashboard import Dashboard
from free_ports import free_port
from loopback import kill_with_all_below

_PATIENCE_S = 120.0


class Head:
    """A head on free ports, and the command that starts it."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        ports = {name: free_port() for name in ("gcs", "dashboard", "client", "agent")}
        self.address = f"127.0.0.1:{ports['gcs']}"
        self.dashboard = Dashboard(ports["dashboard"], environment["RAY_AUTH_TOKEN"])
        self.environment = environment
        self._folder = tempfile.mkdtemp(prefix="head-", dir=environment["RAY_TMPDIR"])
        self._log = Path(self._folder, "head.log")
        self._command = [
            *["ray", "start", "--head", "--block", "--disable-usage-stats"],
            *["--node-ip-address=127.0.0.1", f"--port={ports['gcs']}"],
            *["--dashboard-host=127.0.0.1", f"--dashboard-port={ports['dashboard']}"],
            f"--ray-client-server-port={ports['client']}",
            f"--dashboard-agent-listen-port={ports['agent']}",
            f"--temp-dir={self._folder}",
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the dashboard answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _PATIENCE_S
        while not self.dashboard.is_up():
            assert self._process.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, self._log.read_text()[-3000:]
            time.sleep(0.2)

    def kill(self) -> None:
        if self._process is not None:
            kill_with_all_below(self._process.pid)
            self._process.wait()
            self._process = None
