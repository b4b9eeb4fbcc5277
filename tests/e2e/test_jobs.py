"""Every script of `tune_jobs/` by `ray job submit`, with all data on S3 and disks that are apart.

Each is stopped in the middle of writing, and goes on by the same command. One of 100 requests to S3
is throttled all the time.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest
from ray_jobs import ROOT, Jobs, Result, said
from ray_start import BIN
from s3_failures import Front, failing_front
from s3_server import SECRET_KEY, objects, s3_server
from score_catalogue_request import write_images
from started_cluster import Cluster, started_cluster
from waiting import wait_for

from emailimg import bundle, cli, config, encoder, storage
from emailimg.parquet import read_table

# The same for every job, so that its stages are there for the jobs after it.
SETTINGS = ["source.showroom_images=64", "encoder.epochs=2", "encoder.batch_size=32"]
SETTINGS += ["encoder.num_workers=1"]
SETTINGS += [
    f"labels.rules.{target}=null"
    for target in ("click_to_open_rate", "revenue_per_email", "conversion_rate")
]
TINY = ["--preset", "tiny", *(part for setting in SETTINGS for part in ("--set", setting))]
WORKING_DIR = ["--working-dir", "."]
RUNTIME = ["--runtime-env", "cluster/runtime-env.yaml"]
TOKEN = secrets.token_hex(32)
IN_TIME_S = 240  # for what hangs, not for what is slow
# What is not sent to a cluster.
LARGE = (
    ".venv/lib/torch.so",
    ".git/objects/pack/1.pack",
    "workspace/report/index.html",
    "runs/paper/catalogue/images.parquet",
    "photos/1.jpg",
    "tests/test_something.py",
    "mine/weights.safetensors",
    "cars.tgz",
)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_server() as location:
        yield location


@pytest.fixture(scope="module")
def front(bucket: str) -> Iterator[Front]:
    """What is between S3 and everybody else."""
    with failing_front(0) as front:
        front.one_in = 100
        yield front


@pytest.fixture(scope="module")
def environment(front: Front) -> dict[str, str]:
    """Of the cluster and of clients: token authentication, whatever this machine's own is."""
    return os.environ | {
        # `python` of a job is the one on the PATH where the head was started.
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    }


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str]) -> Iterator[Cluster]:
    with started_cluster(environment, cpus=4) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def jobs(cluster: Cluster, environment: dict[str, str]) -> Jobs:
    return Jobs(cluster.dashboard, environment)


@pytest.fixture(scope="module")
def workspace(bucket: str) -> str:
    return f"{bucket}/run"


def script(name: str, *options: str) -> list[str]:
    return ["python", f"tune_jobs/{name}.py", *options]


@dataclass(frozen=True)
class Stop:
    """Where a job is stopped: at the upload to `key` in `folder`, after so many `before`."""

    folder: str
    key: str
    before: int = 0


@dataclass(frozen=True)
class Stopped:
    """log: what it had written when it was stopped; files: what it has left, and what is in it."""

    log: str
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def stop_at(
    jobs: Jobs, front: Front, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Stopped]:
    """Runs a job until an object is being written, and stops it there."""

    def run(name: str, command: list[str], at: Stop, *options: str) -> Stopped:
        log = tmp_path_factory.mktemp(name) / "followed.log"
        path = f"{at.folder}/{at.key}".removeprefix("s3:/")
        with front.keeping_back(path, at.before) as upload:
            submitted = jobs.submit(name, command, "--no-wait", *(options or WORKING_DIR))
            assert submitted.returncode == 0, said(submitted)
            follower = jobs.follow(name, log)
            wait_for(
                f"an upload to {path}",
                lambda: upload.arrived.is_set() or follower.poll() is not None,
                patience_s=IN_TIME_S,
                seen=log.read_text,
            )
            assert upload.arrived.is_set(), log.read_text()
            stopped = jobs.run("stop", name)
        assert f"Job '{name}' was stopped" in stopped.stdout, said(stopped)
        follower.wait(60)
        found = {
            file.removeprefix(f"{at.folder}/"): storage.read_bytes(file)
            for file in storage.list_files(at.folder)
        }
        assert (at.key in found) == (at.before > 0)
        return Stopped(log.read_text(), found)

    return run


@pytest.fixture(scope="module")
def path_command(workspace: str) -> list[str]:
    return script("pipeline", *TINY, "--workspace", workspace)


@pytest.fixture(scope="module")
def path_stopped(
    stop_at: Callable[..., Stopped], path_command: list[str], workspace: str
) -> Stopped:
    """The path, stopped after the encoder's last checkpoint, before the encoder is written."""
    at = Stop(f"{workspace}/encoder", "encoder.safetensors")
    return stop_at("path-stopped", path_command, at, *RUNTIME)


@pytest.fixture(scope="module")
def path_job(path_stopped: Stopped, path_command: list[str], jobs: Jobs) -> Result:
    """The same command again, to its end."""
    return jobs.submit("path", path_command, *RUNTIME)


def test_the_path_runs_as_a_job_and_its_progress_is_in_the_log(
    path_stopped: Stopped, path_job: Result, workspace: str
) -> None:
    for stage in ("catalogue", "examples"):
        assert re.search(rf"^{stage} +[\d.]+ s  ", path_stopped.log, re.MULTILINE)
    assert "encoder: resnet18, 1 workers x 32 images" in path_stopped.log
    assert path_job.returncode == 0, said(path_job)
    assert "Job 'path' succeeded" in path_job.stdout
    for stage in ("catalogue", "encoder", "search", "report"):
        assert f"\n{stage}" in "\n" + path_job.stdout
    assert bundle.load(f"{workspace}/bundle").targets == ("open_rate",)
    assert storage.exists(f"{workspace}/report/index.html")


def test_a_path_that_was_stopped_goes_on_from_its_checkpoints(
    path_stopped: Stopped, path_job: Result, workspace: str
) -> None:
    folder = f"{workspace}/encoder"
    files = storage.list_files(folder)
    assert f"{folder}/runs/attempt-0001/epoch-0002/complete.json" in files
    assert len([file for file in files if "/tensorboard/" in file]) == 2
    assert len(re.findall(r"^(?:catalogue|examples) +there ", path_job.stdout, re.MULTILINE)) == 2
    assert re.search(r"^encoder .* 2 epochs", path_job.stdout, re.MULTILINE)
    assert "encoder: resnet18" not in path_job.stdout, "nothing was left to train"
    # With its seconds: an epoch that is trained again takes others.
    history = json.loads(path_stopped.files["runs/attempt-0001/epoch-0002/history.json"])
    assert storage.read_json(f"{folder}/history.json") == history
    assert [record["epoch"] for record in history] == [1, 2]
    assert encoder.load(folder).spec.arch == "resnet18"


@pytest.fixture(scope="module")
def clients(jobs: Jobs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Jobs]:
    """Clients by what they have of the cluster's token, and how."""
    folder = tmp_path_factory.mktemp("home")
    file = folder / ".ray" / "auth_token"
    file.parent.mkdir()
    file.write_text(TOKEN)
    file.chmod(0o600)
    nothing = {k: v for k, v in jobs.environment.items() if not k.startswith("RAY_AUTH_")}
    nothing["HOME"] = str(folder / "nobody")
    mode = nothing | {"RAY_AUTH_MODE": "token"}
    return {
        name: Jobs(jobs.dashboard, environment)
        for name, environment in {
            "in its home": mode | {"HOME": str(folder)},
            "in a file": mode | {"RAY_AUTH_TOKEN_PATH": str(file)},
            "none": nothing,
            "another": mode | {"RAY_AUTH_TOKEN": secrets.token_hex(32)},
        }.items()
    }


DRIVER = """
import sys
from emailimg import ray_session
from emailimg.errors import EmailimgError
try:
    with ray_session.session(sys.argv[1]):
        print("connected")
except EmailimgError as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def refused_drivers(
    clients: dict[str, Jobs], cluster: Cluster
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Drivers without a token and with another; Ray tries for half a minute, others go on."""
    asked = clients["none"].environment | {"RAY_AUTH_MODE": "token"}
    command = [sys.executable, "-c", DRIVER, cluster.gcs]
    drivers = [
        subprocess.Popen(command, env=environment, stderr=PIPE, text=True)
        for environment in (asked, clients["another"].environment)
    ]
    yield drivers
    for driver in drivers:
        driver.kill()
        driver.wait()


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working tree as it is after a while: code, settings, data sets, runs, an environment."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("emailimg", "tune_jobs", "serve_app", "cluster"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".rayignore", ".gitignore"):
        shutil.copy(ROOT / name, tree)
    for large in LARGE:
        (tree / large).parent.mkdir(parents=True, exist_ok=True)
        (tree / large).write_bytes(b"large")
    (tree / "mine" / "space.yaml").write_text(
        "classifiers.max_depth: {type: integer, min: 0, max: 4}\n"
    )
    return tree


@dataclass(frozen=True)
class Others:
    """By script: what it was when it was stopped, and what came of the same command again.

    impossible: a search that cannot begin.
    """

    stopped: dict[str, Stopped]
    results: dict[str, Result]
    impossible: Result


@pytest.fixture(scope="module")
def photos(bucket: str) -> list[str]:
    return write_images(f"{bucket}/photos", 24)


@pytest.fixture(scope="module")
def others(
    path_job: Result,
    refused_drivers: object,
    sent: Path,
    photos: list[str],
    jobs: Jobs,
    stop_at: Callable[..., Stopped],
    workspace: str,
    bucket: str,
) -> Others:
    """The other scripts, at the same time, on what the path has left."""
    assert path_job.returncode == 0, said(path_job)
    commands, stops = _commands(workspace, bucket), _stops(workspace, bucket)

    def twice(name: str) -> tuple[Stopped, Result]:
        stopped = stop_at(f"{name}-stopped", commands[name], stops[name])
        return stopped, jobs.submit(name, commands[name])

    with ThreadPoolExecutor(len(commands) + 1) as pool:
        running = {name: pool.submit(twice, name) for name in commands}
        shell = ["sh", "-c", _impossible(workspace)]
        impossible = pool.submit(jobs.submit, "impossible", shell, folder=sent)
        ended = {name: job.result() for name, job in running.items()}
        return Others(
            {name: stopped for name, (stopped, _) in ended.items()},
            {name: result for name, (_, result) in ended.items()},
            impossible.result(),
        )


def _commands(workspace: str, bucket: str) -> dict[str, list[str]]:
    """A command of every script but the path."""
    run = [*TINY, "--workspace", workspace, "--concurrent", "1"]
    small = ["--rows", "300", "--folds", "2", "--trees", "5", "--models", "xgboost"]
    tiny = ["--preset", "tiny", "--images", "16", "--set", "encoder.batch_size=16"]
    tiny += ["--epochs", "2", "--workers", "1"]
    scores = ["--bundle", f"{workspace}/bundle", "--images", f"{bucket}/photos"]
    scores += ["--shard-images", "4"]
    question = ["--target", "open_rate", "--campaign", "Survey", "--industry", "Retail"]
    options = {
        "tune_classifiers": [*run, "--trials", "2"],
        "tune_encoder": [*run, "--trials", "2"],
        "compare_classifiers": [*small, "--out", f"{bucket}/comparison"],
        "score_catalogue": [*scores, *question, "--out", f"{bucket}/scores"],
        "benchmark_instances": [*tiny, "--out", f"{bucket}/instances"],
    }
    return {name: script(name, *options[name]) for name in options}


def _stops(workspace: str, bucket: str) -> dict[str, Stop]:
    """Where each is stopped: it has something to go on from, and is not done."""
    return {
        "tune_classifiers": Stop(f"{workspace}/tuning/classifiers", "trials/0001.json"),
        "tune_encoder": Stop(f"{workspace}/tuning/encoder", "trials/0001.json"),
        "compare_classifiers": Stop(f"{bucket}/comparison", "comparison.json", before=1),
        "score_catalogue": Stop(f"{bucket}/scores", "scores/shard-00002.parquet"),
        "benchmark_instances": Stop(f"{bucket}/instances", "training/encoder.safetensors"),
    }


def _impossible(workspace: str) -> str:
    """For a shell: which files are there, whose code it is, and a search that cannot begin."""
    code = "import emailimg; print(emailimg.__file__)"
    search = [*TINY, "--workspace", workspace, "--space", "mine/space.yaml"]
    return f"find . -type f; python -c '{code}'; {' '.join(script('tune_classifiers', *search))}"


@pytest.fixture(params=["tune_classifiers", "tune_encoder"])
def search(request: pytest.FixtureRequest) -> str:
    """The script's name."""
    return request.param


def folder_of(search: str, workspace: str) -> str:
    return f"{workspace}/tuning/{search.removeprefix('tune_')}"


def test_a_search_runs_as_a_job(others: Others, workspace: str, search: str) -> None:
    result = others.results[search]
    assert result.returncode == 0, said(result)
    assert f"Job '{search}' succeeded" in result.stdout
    assert re.search(r"^examples +there ", result.stdout, re.MULTILINE)
    rows = re.findall(r"^ +(\d+) .* (?:finished|stopped early) ", result.stdout, re.MULTILINE)
    assert sorted(rows) == ["0", "1"]
    options = ["run", *TINY[:2], "--config", f"{folder_of(search, workspace)}/best.yaml"]
    settings = cli.load_config(cli._parser().parse_args(options))
    assert settings.source.showroom_images == 64
    assert settings != config.load("tiny")


def test_a_search_that_was_stopped_does_not_repeat_its_trials(
    others: Others, workspace: str, search: str
) -> None:
    first = others.stopped[search].files["trials/0000.json"]
    assert json.loads(first)["state"] in ("finished", "stopped early")
    folder = f"{folder_of(search, workspace)}/trials"
    assert storage.read_bytes(f"{folder}/0000.json") == first
    assert storage.read_json(f"{folder}/0001.json")["state"] in ("finished", "stopped early")


def test_a_comparison_that_was_stopped_measures_what_is_missing(
    others: Others, bucket: str
) -> None:
    result = others.results["compare_classifiers"]
    assert result.returncode == 0, said(result)
    assert storage.read_bytes(f"{bucket}/comparison/comparison.md").decode() in result.stdout
    [first] = json.loads(others.stopped["compare_classifiers"].files["comparison.json"])["rows"]
    rows = storage.read_json(f"{bucket}/comparison/comparison.json")["rows"]
    assert [row["fold"] for row in rows] == [1, 2]
    # With its seconds: a fold that is measured again takes others.
    assert rows[0] == first


def test_a_catalogue_whose_scoring_was_stopped_has_all_scores(
    others: Others, bucket: str, photos: list[str]
) -> None:
    result = others.results["score_catalogue"]
    assert result.returncode == 0, said(result)
    files = others.stopped["score_catalogue"].files
    there = len([file for file in files if file.startswith("scores/")])
    assert there > 0
    assert f"{there} of 6 shards were there, {6 - there} are left" in result.stdout
    assert "24 images: 24 scored" in result.stdout
    assert sorted(read_table(f"{bucket}/scores/scores")["source_uri"]) == photos


def test_a_training_whose_measuring_was_stopped_is_measured_again(
    others: Others, bucket: str
) -> None:
    """From its beginning: one that goes on would tell nothing about the first epochs' time."""
    result = others.results["benchmark_instances"]
    assert result.returncode == 0, said(result)
    assert len(re.findall(r"^(?:catalogue|examples) +there ", result.stdout, re.MULTILINE)) == 2
    assert storage.read_bytes(f"{bucket}/instances/instances.md").decode() in result.stdout
    [row] = storage.read_json(f"{bucket}/instances/instances.json")["rows"]
    assert row["images_per_s"] > 0
    cut_short = others.stopped["benchmark_instances"].files
    history = json.loads(cut_short["training/runs/attempt-0001/epoch-0002/history.json"])
    assert row["epoch_s"] != history[1]["seconds"]
    assert storage.list_files(f"{bucket}/instances/training") == []


def test_a_job_finds_code_and_settings_of_the_working_tree_and_nothing_large(
    sent: Path, others: Others
) -> None:
    """And fails, because what it finds there is impossible."""
    result = others.impossible
    assert result.returncode == 1, said(result)
    assert "Job 'impossible' failed" in result.stdout
    assert "tune_classifiers: " in result.stdout
    assert "classifiers.max_depth" in result.stdout
    found = set(re.findall(r"^\./(.+)$", result.stdout, re.MULTILINE))
    files = {str(file.relative_to(sent)) for file in sent.rglob("*") if file.is_file()}
    assert found == files - set(LARGE)
    assert re.search(
        r"^\S+/working_dir_files/\S+/emailimg/__init__.py$", result.stdout, re.MULTILINE
    )


def test_a_client_with_the_clusters_token_is_accepted_and_no_other(
    clients: dict[str, Jobs], path_job: Result
) -> None:
    with ThreadPoolExecutor(2) as pool:
        lists = list(pool.map(lambda client: client.run("list"), clients.values()))
    answers = dict(zip(clients, lists, strict=True))
    for name in ("in its home", "in a file"):
        assert answers[name].returncode == 0, said(answers[name])
        assert "submission_id='path'" in answers[name].stdout
    refusals = {"none": "Missing authentication token", "another": "Invalid authentication token"}
    for name, message in refusals.items():
        assert answers[name].returncode == 1
        assert message in answers[name].stderr
        assert "RAY_AUTH_TOKEN_PATH" in answers[name].stderr, "it says where a token goes"
        assert "submission_id" not in answers[name].stdout


@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("another", 403), (TOKEN, 200)],
    ids=["none", "another", "the cluster's"],
)
def test_what_the_dashboard_answers_to_a_token(
    cluster: Cluster, token: str | None, status: int
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for path in ("/api/jobs/", "/nodes?view=summary", "/api/version"):
        assert httpx.get(cluster.dashboard + path, headers=headers).status_code == status
    entrypoint = {"entrypoint": "exit 1"}
    if status != 200:
        answer = httpx.post(f"{cluster.dashboard}/api/jobs/", json=entrypoint, headers=headers)
        assert answer.status_code == status


def test_a_driver_without_the_clusters_token_says_where_it_goes(
    refused_drivers: list["subprocess.Popen[str]"], cluster: Cluster
) -> None:
    for driver in refused_drivers:
        _, message = driver.communicate(timeout=IN_TIME_S)
        assert driver.returncode == 1
        assert "Traceback" not in message
        where = ("RAY_AUTH_MODE=token", "~/.ray/auth_token", "RAY_AUTH_TOKEN_PATH")
        for words in (repr(cluster.gcs), *where):
            assert words in message


@pytest.fixture(scope="module")
def written(path_job: Result, others: Others, cluster: Cluster) -> dict[str, bytes]:
    """Everything that the jobs have left on S3, and Ray on both disks."""
    disks = {cluster.disk, cluster.node_disk}
    files = [file for disk in disks for file in disk.rglob("*") if file.is_file()]
    return objects() | {str(file): file.read_bytes() for file in files if not file.is_symlink()}


def test_no_credentials_are_in_anything_that_is_written_or_said(
    written: dict[str, bytes],
    path_stopped: Stopped,
    path_job: Result,
    others: Others,
    cluster: Cluster,
    bucket: str,
) -> None:
    results = [path_job, *others.results.values(), others.impossible]
    outputs = [result.stdout + result.stderr for result in results]
    outputs += [stopped.log for stopped in (path_stopped, *others.stopped.values())]
    for secret in (SECRET_KEY, TOKEN):
        assert [name for name, content in written.items() if secret.encode() in content] == []
        assert [output for output in outputs if secret in output] == []
    # It did look at the files in which they might be.
    for end in ("bundle/config.json", "bundle/manifest.json", "report/scorecard.json"):
        assert f"{bucket}/run/{end}" in written
    logs = [name for name in written if "/logs/" in name]
    assert any(name.endswith("job-driver-path.log") for name in logs)
    assert any(name.startswith(str(cluster.node_disk)) for name in logs)


def test_no_stage_needs_a_disk_that_the_nodes_share(
    written: dict[str, bytes], cluster: Cluster, bucket: str
) -> None:
    """They have run where there is none; and nothing that is on S3 names a local place."""
    local = [str(cluster.disk).encode(), str(ROOT).encode()]
    named = [
        name
        for name, content in written.items()
        # Ray Tune's own state, of which nothing is read again, says where it was.
        if name.startswith(bucket) and "/tune/" not in name and any(x in content for x in local)
    ]
    assert named == []
    if not cluster.disks_are_apart:
        pytest.skip("mount namespaces are not allowed here: the nodes did share a disk")
    assert (cluster.disk / "head.log").exists()
    assert not (cluster.node_disk / "head.log").exists()
    assert any(cluster.node_disk.rglob("worker-*.out")), "it is where the work was done"


def test_throttled_requests_were_tried_again(
    path_job: Result, others: Others, front: Front
) -> None:
    assert front.failed > 10
