"""`ray start --head`, then `ray job submit`: the same path on a started cluster."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def environment() -> dict[str, str]:
    """Of the head and of the client: token authentication, whatever this machine's own is."""
    return os.environ | {
        # `python` of a job is the one on the PATH where the head was started.
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    }


@pytest.fixture
def head(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """A head of our own on free ports; ended by its process group, never by `ray stop`."""
    gcs, dashboard, client, agent = (_free_port() for _ in range(4))
    command = [BIN / "ray", "start", "--head", "--block", "--num-cpus=2", f"--port={gcs}"]
    command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1"]
    command += [f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}"]
    # Another Ray on this machine may hold the usual port, and then no job is accepted.
    command += [f"--dashboard-agent-listen-port={agent}"]
    # Not below tmp_path: a Unix socket's path holds 107 bytes.
    sessions = tempfile.mkdtemp(prefix="ray-")
    command += [f"--temp-dir={sessions}", "--disable-usage-stats"]
    log = (tmp_path / "head.log").open("wb")
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=log, stderr=log
    )
    try:
        address = f"http://127.0.0.1:{dashboard}"
        _wait_for(dashboard, process, tmp_path / "head.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(sessions, ignore_errors=True)


@pytest.mark.timeout(480)
def test_the_pipeline_runs_as_a_job_on_a_started_cluster(
    head: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    workspace = tmp_path / "run"
    submit = [BIN / "ray", "job", "submit", "--address", head, "--working-dir", ".", "--"]
    job = ["python", "tune_jobs/pipeline.py", "--preset", "tiny", "--workspace", str(workspace)]
    smaller = ["--set", "source.showroom_images=64", "--set", "encoder.epochs=1"]
    smaller += ["--set", "encoder.batch_size=32", "--set", "encoder.num_workers=1"]
    for target in ("click_to_open_rate", "revenue_per_email", "conversion_rate"):
        smaller += ["--set", f"labels.rules.{target}=null"]
    result = _submit([*submit, *job, *smaller], environment)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    for stage in ("catalogue", "encoder", "search", "report"):
        assert f"\n{stage}" in "\n" + result.stdout
    assert (workspace / "bundle" / "manifest.json").exists()
    assert (workspace / "report" / "index.html").exists()


def _submit(
    command: list[str | Path], environment: dict[str, str], patience_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `ray job submit`, again while the head's agent is not there yet.

    The dashboard answers first; a submission before the agent has registered is refused with
    "try again later", and starts nothing.
    """
    deadline = time.monotonic() + patience_s
    while True:
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400
        )
        too_early = "No available agent" in result.stdout + result.stderr
        if not too_early or time.monotonic() > deadline:
            return result
        time.sleep(1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, head: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and head.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"no dashboard on port {port}: {log.read_text()[-2000:]}")
