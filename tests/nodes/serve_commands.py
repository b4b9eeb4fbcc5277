"""`serve` as a user runs it: in another process, against a cluster's dashboard."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ray_start import BIN


@dataclass(frozen=True)
class ServeCommands:
    """dashboard: its URL; environment: of the client, where its token is included."""

    dashboard: str
    environment: dict[str, str]

    def deploy(self, file: Path) -> None:
        self._said("deploy", str(file))

    def status(self) -> dict[str, Any]:
        """As it is printed."""
        return yaml.safe_load(self._said("status"))

    def run(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(BIN / "serve"), command, "--address", self.dashboard, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def _said(self, command: str, *arguments: str) -> str:
        done = self.run(command, *arguments)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout
