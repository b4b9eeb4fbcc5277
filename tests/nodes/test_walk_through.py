"""The README's "On AWS" from the token to an update, on processes of this machine and S3 (moto).

Its own commands and files; other sizes, and no GPU. What AWS adds (`aws`, `ray up`) is tested by
itself.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import readme_on_aws
import yaml
from benchmarks.free_ports import free_port
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from cluster_files import FOLDER
from dashboard import Dashboard
from half_sent import HalfSent
from ray_jobs import Jobs, said
from ray_start import BIN
from s3_server import BUCKET
from serve_commands import ServeCommands
from service_load import FORM, UPLOADS, right_answers, under_load
from started_cluster import Cluster, started_cluster
from waiting import wait_for

from emailimg import bundle, storage
from emailimg.predict import Predictor

# The least of which a bundle can be made.
SETTINGS = ["encoder.epochs=1", "encoder.num_workers=1", "encoder.batch_size=32", "search.trials=1"]
SETTINGS += [
    f"labels.rules.{target}=null"
    for target in ("click_to_open_rate", "revenue_per_email", "conversion_rate")
]
JOB = readme_on_aws.one("ray job submit")
WORKSPACE = readme_on_aws.option(JOB, "--workspace")
SENDS = readme_on_aws.one("aws s3 cp")
CODE, NEW = readme_on_aws.words(SENDS)[-1], "0.0.0+new"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the user, where the README's command leaves a token."""
    folder = tmp_path_factory.mktemp("home")
    subprocess.run(
        ["bash", "-c", readme_on_aws.one("ray get-auth-token --generate")],
        env=users_environment(folder),
        check=True,
    )
    return folder


def users_environment(home: Path) -> dict[str, str]:
    other = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    return {name: value for name, value in os.environ.items() if name not in other} | {
        # `python`, `ray` and `serve` are those of the tests.
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "RAY_AUTH_MODE": "token",
    }


@pytest.fixture(scope="module")
def environment(bucket: str, home: Path) -> dict[str, str]:
    """Of clients on the user's machine."""
    return users_environment(home)


@pytest.fixture(scope="module")
def token(home: Path) -> str:
    file = home / ".ray" / "auth_token"
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_text().strip()


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str], token: str) -> Iterator[Cluster]:
    """Every process of it with the token and what `cluster/serve.env` sets."""
    lines = (FOLDER / "serve.env").read_text().splitlines()
    serve_env = dict(line.split("=") for line in lines if line and not line.startswith("#"))
    machines = {"HOME": os.environ["HOME"], "RAY_AUTH_TOKEN": token}
    with started_cluster(environment | machines | serve_env, cpus=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def bundle_of_the_job(bucket: str, cluster: Cluster, environment: dict[str, str]) -> str:
    """Made by the README's job out of what is in its folder of the bucket."""
    images = readme_on_aws.option(JOB, "--images")
    # None that is asked about later: what the trees were grown on lies on their thresholds, and
    # what is computed in a batch differs in its last bits.
    for index in range(CATALOGUE_IMAGES):
        storage.write_bytes(storage.join(images, f"{index:03}.jpg"), showroom_jpeg(index))
    entrypoint = readme_on_aws.words(JOB.partition(" --preset ")[0].partition(" -- ")[2])
    entrypoint += ["--preset", "tiny", "--images", images, "--workspace", WORKSPACE]
    entrypoint += [part for setting in SETTINGS for part in ("--set", setting)]
    runtime = ["--runtime-env", readme_on_aws.option(JOB, "--runtime-env")]
    result = Jobs(cluster.dashboard, environment).submit("path", entrypoint, *runtime)
    assert result.returncode == 0, said(result)
    assert "Job 'path' succeeded" in result.stdout
    return f"{WORKSPACE}/bundle"


@pytest.fixture(scope="module")
def serve(cluster: Cluster, environment: dict[str, str]) -> ServeCommands:
    return ServeCommands(cluster.dashboard, environment)


def service_file(folder: Path, port: int, *, code: str | None = None, **args: Any) -> Path:
    """What the README's `sed` makes of `cluster/serve.yaml`, in sizes of this machine.

    code: where in the bucket; args: of the application, on top of the file's.
    """
    settings = yaml.safe_load(readme_on_aws.service_config(gpus=False))
    # A busy machine takes its time.
    settings["http_options"] |= {"host": "127.0.0.1", "port": port, "request_timeout_s": 190}
    [application] = settings["applications"]
    application["args"] |= {"torch_threads": 1, "request_timeout_s": 180} | args
    if code:
        application |= readme_on_aws.with_new_code()
        assert application["runtime_env"] == {"working_dir": code}
    for deployment in application["deployments"]:
        deployment["ray_actor_options"]["num_cpus"] /= 10
        deployment["autoscaling_config"]["min_replicas"] = 1
    file = folder / "serve.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


@pytest.fixture(scope="module")
def base_url(
    bundle_of_the_job: str,
    serve: ServeCommands,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Of the service, deployed and running."""
    port = free_port()
    serve.deploy(service_file(tmp_path_factory.mktemp("service"), port))
    wait_for("the service runs", lambda: runs(serve))
    return f"http://127.0.0.1:{port}"


def runs(serve: ServeCommands) -> bool:
    """Fails when it neither does nor will."""
    status = serve.status()["applications"]["emailimg"]
    assert status["status"] in ("DEPLOYING", "RUNNING"), status
    return status["status"] == "RUNNING"


def test_the_job_leaves_a_bundle_in_the_bucket(bundle_of_the_job: str) -> None:
    assert bundle_of_the_job == f"s3://{BUCKET}/runs/first/bundle"
    made = bundle.load(bundle_of_the_job)
    assert made.targets == ("open_rate",)
    assert len(made.catalogue().rows) == CATALOGUE_IMAGES


def test_nobody_deploys_without_the_token(
    cluster: Cluster, serve: ServeCommands, tmp_path: Path
) -> None:
    stranger = ServeCommands(cluster.dashboard, serve.environment | {"HOME": str(tmp_path)})
    refused = stranger.run("deploy", str(service_file(tmp_path, free_port())))
    assert refused.returncode == 1
    assert "token" in refused.stderr.lower()


def test_the_service_answers_what_the_library_does(base_url: str, bundle_of_the_job: str) -> None:
    form = readme_on_aws.form(readme_on_aws.one("curl "))
    photo = UPLOADS[0]
    path = httpx.URL(readme_on_aws.words(readme_on_aws.one("curl "))[-1]).path
    response = httpx.post(
        base_url + path, files={"image": ("car.jpg", photo)}, data=form, timeout=60
    )
    assert response.status_code == 200, response.text
    answer = response.json()
    loaded = bundle.load(bundle_of_the_job)
    asked = form["target"], form["campaign_type"], form["industry"]
    library = Predictor(loaded, threads=1).recommend(photo, *asked).as_json()
    assert answer["bundle"] == loaded.version
    for name in ("probability", "interval", "attributes_seen", "scope", "considered"):
        assert answer[name] == library[name]
    for kind, what in (("edits", "augmentation_class"), ("alternates", "image_id")):
        assert [(one[what], one["probability"]) for one in answer[kind]] == [
            (one[what], one["probability"]) for one in library[kind]
        ]


@pytest.fixture
def dashboard(cluster: Cluster, token: str) -> Dashboard:
    return Dashboard(httpx.URL(cluster.dashboard).port, token)


@pytest.fixture
def new_code(bucket: str, tmp_path: Path) -> str:
    """In the bucket, packed as by the README's command: a service that says it is version NEW."""
    source = tmp_path / "code"
    for package in ("emailimg", "serve_app"):
        shutil.copytree(FOLDER.parent / package, source / package)
    of_package = source / "emailimg" / "__init__.py"
    of_package.write_text(of_package.read_text() + f'\n__version__ = "{NEW}"\n')
    identity = ("-c", "user.name=emailimg", "-c", "user.email=emailimg@localhost")
    for command in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", NEW)):
        subprocess.run(["git", *command], cwd=source, check=True)
    archive = readme_on_aws.words(readme_on_aws.one("git archive"))
    subprocess.run(archive, cwd=source, check=True)
    storage.write_bytes(CODE, (source / readme_on_aws.words(SENDS)[-2]).read_bytes())
    return CODE


def test_an_update_loses_no_request(
    base_url: str,
    bundle_of_the_job: str,
    cluster: Cluster,
    dashboard: Dashboard,
    serve: ServeCommands,
    new_code: str,
    tmp_path: Path,
) -> None:
    """Every replica is replaced under load, by one of new code; what an old one has begun to read,
    it answers.
    """
    old = {replica["replica_id"]: replica["deployment"] for replica in dashboard.replicas()}
    [ingress] = [replica for replica, deployment in old.items() if deployment == "Ingress"]
    half_sent = HalfSent(f"{base_url}/v1/score", UPLOADS[0], FORM)
    with under_load(base_url, right_answers(bundle_of_the_job)) as load:
        begun = len(load.right)
        port = httpx.URL(base_url).port
        serve.deploy(service_file(tmp_path, port, code=new_code, cached_images=7))
        wait_for("the old ingress stops", lambda: state(dashboard, ingress) == "STOPPING")
        answer = half_sent.send_the_rest()
        wait_for("the new one runs", lambda: runs(serve))
        wait_for(
            "every old replica has ended",
            lambda: all(state(dashboard, replica) is None for replica in old),
            seen=dashboard.replicas,
        )
        print(f"an update: {len(load.right) - begun} right answers until the last replica was new")
        load.wait_for(20)
    assert answer.status == 200, answer.read()
    [log] = cluster.node_disk.rglob(f"replica_emailimg_Ingress_{ingress}.log")
    assert half_sent.request_id in log.read_text()
    assert load.wrong == []
    assert load.again == []
    assert {replica["deployment"] for replica in dashboard.replicas()} == set(old.values())
    assert httpx.get(f"{base_url}/openapi.json").json()["info"]["version"] == NEW


def state(dashboard: Dashboard, replica: str) -> str | None:
    """None when it has ended, and for a moment after a deployment, when Serve lists nothing."""
    states = {one["replica_id"]: one["state"] for one in dashboard.replicas()}
    return states.get(replica)
