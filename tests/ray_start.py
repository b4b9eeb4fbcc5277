"""`ray start`, a process of this machine for each node, which a test may kill and start again.

Ended by its processes' ids and never by `ray stop`, which would end every Ray of this machine.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.free_ports import free_port
from dashboard import Dashboard
from ray_processes import kill_with_all_below
from waiting import wait_for

BIN = Path(sys.executable).parent
_PATIENCE_S = 120.0


class _RayStart:
    """log: where what it says is; before: with what the command begins."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        options: Sequence[str],
        before: Sequence[str] = (),
    ) -> None:
        self.environment = environment
        self._log = log
        self._command = [*before, str(BIN / "ray"), "start", "--block", "--disable-usage-stats"]
        # Another Ray on this machine may hold the agent's usual port, and then no job is accepted.
        self._command += [f"--dashboard-agent-listen-port={free_port()}"]
        self._command += ["--node-ip-address=127.0.0.1", *options]
        self._process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        if self._process is not None:
            kill_with_all_below(self._process.pid)
            self._process.wait()
            self._process = None

    def _start(self, what: str, is_up: Callable[[], bool]) -> int:
        """Returns the process id once it is up."""
        # Not in the project's folder, which no other machine has: an application's own code would
        # come after what is found where Ray was started.
        folder = self._log.parent
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, cwd=folder, env=self.environment, stdout=log, stderr=log
            )
        self._process = process

        def look() -> bool:
            assert process.poll() is None, f"{what} has ended; {self._said()}"
            return is_up()

        wait_for(what, look, patience_s=_PATIENCE_S, seen=self._said)
        return process.pid

    def _said(self) -> str:
        return self._log.read_text()[-3000:]


class Head(_RayStart):
    """On free ports; what Ray writes goes into the folder."""

    def __init__(self, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        gcs, dashboard, client = (free_port() for _ in range(3))
        self.address = f"127.0.0.1:{gcs}"
        self.dashboard = Dashboard(dashboard, environment["RAY_AUTH_TOKEN"])
        own = ["--head", f"--port={gcs}", f"--ray-client-server-port={client}"]
        own += ["--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
        own += [f"--temp-dir={folder}", *options]
        self._noted = folder / "ray_current_cluster"
        super().__init__(environment, folder / "head.log", own)

    def start(self) -> None:
        # As `ray stop` would: with it, Ray takes a worker that waits for a head that runs already.
        self._noted.unlink(missing_ok=True)
        self._start("a head", lambda: bool(self.dashboard.alive()))


class Worker(_RayStart):
    """A node of a head's cluster."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        head: Head,
        *options: str,
        before: Sequence[str] = (),
    ) -> None:
        super().__init__(environment, log, [f"--address={head.address}", *options], before)
        self._head = head

    def start(self) -> int:
        """Returns the process id once the head knows the node."""
        others = self._head.dashboard.alive()
        return self._start("a worker", lambda: bool(self._head.dashboard.alive() - others))
