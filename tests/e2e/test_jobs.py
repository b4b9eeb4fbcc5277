"""`ray start --head`, then `ray job submit`: the path, the searches and the rest, as jobs."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emailimg import cli, config
from emailimg.parquet import read_table

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# The same for every job, so that its stages are there for the jobs after it.
SETTINGS = ["source.showroom_images=64", "encoder.epochs=1", "encoder.batch_size=32"]
SETTINGS += ["encoder.num_workers=1"]
SETTINGS += [
    f"labels.rules.{target}=null"
    for target in ("click_to_open_rate", "revenue_per_email", "conversion_rate")
]


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Of the head and of the client: token authentication, whatever this machine's own is."""
    return os.environ | {
        # `python` of a job is the one on the PATH where the head was started.
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    }


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[str]:
    """A head of our own on free ports; ended by its process group, never by `ray stop`."""
    place = tmp_path_factory.mktemp("head")
    gcs, dashboard, client, agent = (_free_port() for _ in range(4))
    command = [BIN / "ray", "start", "--head", "--block", "--num-cpus=4", f"--port={gcs}"]
    command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1"]
    command += [f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}"]
    # Another Ray on this machine may hold the usual port, and then no job is accepted.
    command += [f"--dashboard-agent-listen-port={agent}"]
    # Not below tmp_path: a Unix socket's path holds 107 bytes.
    sessions = tempfile.mkdtemp(prefix="ray-")
    command += [f"--temp-dir={sessions}", "--disable-usage-stats"]
    log = (place / "head.log").open("wb")
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=log, stderr=log
    )
    try:
        address = f"http://127.0.0.1:{dashboard}"
        _wait_for(dashboard, process, place / "head.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(sessions, ignore_errors=True)


Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs") / "run"


@pytest.fixture(scope="module")
def pipeline_job(head: str, workspace: Path, environment: dict[str, str]) -> Result:
    """The whole path, as a job that has ended."""
    return _submit(
        _command(head, "pipeline", ["pipeline.py", *_run_options(workspace)]), environment
    )


def test_the_pipeline_runs_as_a_job_on_a_started_cluster(
    pipeline_job: Result, workspace: Path
) -> None:
    assert pipeline_job.returncode == 0, _said(pipeline_job)
    for stage in ("catalogue", "encoder", "search", "report"):
        assert f"\n{stage}" in "\n" + pipeline_job.stdout
    assert (workspace / "bundle" / "manifest.json").exists()
    assert (workspace / "report" / "index.html").exists()


@pytest.fixture(scope="module")
def other_jobs(
    pipeline_job: Result, head: str, workspace: Path, environment: dict[str, str]
) -> dict[str, Result]:
    """The other jobs, at the same time, on what the pipeline has left."""
    assert pipeline_job.returncode == 0, _said(pipeline_job)
    impossible = workspace.with_name("space.yaml")
    impossible.write_text("classifiers.max_depth: {type: integer, min: 0, max: 4}\n")
    run = [*_run_options(workspace), "--concurrent", "1"]
    small = ["--rows", "300", "--folds", "2", "--trees", "5", "--models"]
    question = ["--target", "open_rate", "--campaign", "Survey", "--industry", "Retail"]
    jobs = {
        "tune_classifiers": [*run, "--trials", "2"],
        "tune_encoder": [*run, "--trials", "1"],
        "impossible": [*run, "--space", str(impossible)],
        "compare_classifiers": [*small, "xgboost", "--out", str(workspace / "comparison")],
        "score_catalogue": [
            *["--bundle", str(workspace / "bundle"), "--out", str(workspace / "scores")],
            *["--catalogue", str(workspace / "catalogue"), *question],
        ],
    }
    scripts = {"impossible": "tune_classifiers"}
    commands = [
        _command(head, name, [f"{scripts.get(name, name)}.py", *options])
        for name, options in jobs.items()
    ]
    with ThreadPoolExecutor(len(commands)) as pool:
        results = pool.map(lambda command: _submit(command, environment), commands)
        return dict(zip(jobs, results, strict=True))


@pytest.mark.parametrize(("name", "trials"), [("tune_classifiers", 2), ("tune_encoder", 1)])
def test_a_search_runs_as_a_job(
    other_jobs: dict[str, Result], workspace: Path, name: str, trials: int
) -> None:
    result = other_jobs[name]
    assert result.returncode == 0, _said(result)
    assert f"Job '{name}' succeeded" in result.stdout
    assert re.search(r"^examples +there ", result.stdout, re.MULTILINE)
    rows = re.findall(r"^ +(\d+) .* (?:finished|stopped early) ", result.stdout, re.MULTILINE)
    assert sorted(rows) == [str(number) for number in range(trials)]
    best = workspace / "tuning" / name.removeprefix("tune_")
    options = ["run", *_run_options(workspace)[:2], "--config", str(best / "best.yaml")]
    settings = cli.load_config(cli._parser().parse_args(options))
    assert settings.source.showroom_images == 64
    assert settings != config.load("tiny")


def test_the_comparison_runs_as_a_job(other_jobs: dict[str, Result], workspace: Path) -> None:
    result = other_jobs["compare_classifiers"]
    assert result.returncode == 0, _said(result)
    assert (workspace / "comparison" / "comparison.md").read_text() in result.stdout


def test_a_catalogue_is_scored_as_a_job(other_jobs: dict[str, Result], workspace: Path) -> None:
    result = other_jobs["score_catalogue"]
    assert result.returncode == 0, _said(result)
    assert "64 images: 64 scored" in result.stdout
    assert len(read_table(str(workspace / "scores" / "scores"))) == 64


def test_a_search_with_impossible_bounds_is_a_failed_job(other_jobs: dict[str, Result]) -> None:
    result = other_jobs["impossible"]
    assert result.returncode == 1
    assert "Job 'impossible' failed" in result.stdout
    assert "tune_classifiers: " in result.stdout
    assert "classifiers.max_depth" in result.stdout


def _command(head: str, name: str, job: Sequence[str]) -> list[str | Path]:
    submit = [BIN / "ray", "job", "submit", "--address", head, "--submission-id", name]
    script, *options = job
    return [*submit, "--working-dir", ".", "--", "python", f"tune_jobs/{script}", *options]


def _run_options(workspace: Path) -> list[str]:
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["--preset", "tiny", *settings, "--workspace", str(workspace)]


def _said(result: Result) -> str:
    return result.stdout[-4000:] + result.stderr[-2000:]


def _submit(
    command: list[str | Path], environment: dict[str, str], patience_s: float = 60
) -> Result:
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
