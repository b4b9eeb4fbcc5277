"""`ray job` as a user runs it: in another process, against a cluster's dashboard."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ray_start import BIN

Result = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Jobs:
    """dashboard: its URL; environment: of the client, its token included."""

    dashboard: str
    environment: dict[str, str]

    def submit(
        self,
        name: str,
        entrypoint: Sequence[str],
        *options: str,
        folder: Path = ROOT,
        patience_s: float = 60,
    ) -> Result:
        """`ray job submit`, again while the head's agent is not there yet.

        The dashboard answers first; a submission before the agent has registered is refused with
        "try again later", and starts nothing.
        """
        command = ["submit", "--submission-id", name, *(options or ("--working-dir", "."))]
        deadline = time.monotonic() + patience_s
        while True:
            result = self.run(*command, "--", *entrypoint, folder=folder)
            too_early = "No available agent" in result.stdout + result.stderr
            if not too_early or time.monotonic() > deadline:
                return result
            time.sleep(1)

    def run(self, *arguments: str, folder: Path = ROOT) -> Result:
        """Any command of `ray job`."""
        return subprocess.run(
            self._command(*arguments),
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def follow(self, name: str, log: Path) -> "subprocess.Popen[bytes]":
        """`ray job logs -f`, into a file, until the job ends."""
        with log.open("wb") as file:
            return subprocess.Popen(
                self._command("logs", "-f", name),
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def _command(self, command: str, *arguments: str) -> list[str]:
        return [str(BIN / "ray"), "job", command, "--address", self.dashboard, *arguments]


def said(result: Result) -> str:
    """The end of what a command wrote, for the message of an assertion."""
    return result.stdout[-4000:] + result.stderr[-2000:]
