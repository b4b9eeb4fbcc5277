"""A run spreads over the nodes of a cluster, and loses nothing with a node in any of its stages.

One run is left alone. Another loses a node in the middle of each of its stages, and gets a new one
each time, as from an autoscaler. Both must end with the same.
"""

import subprocess
from collections import defaultdict
from collections.abc import Iterator

import pytest
from several_nodes import SeveralNodes, several_nodes

from emailimg.stages import Workspace

EPOCHS = 2
SETTINGS = (
    # Enough images for a few tasks, enough steps and rounds for a middle in which to kill.
    "source.showroom_images=200",
    "labels.rules.click_to_open_rate=null",
    "labels.rules.revenue_per_email=null",
    f"encoder.epochs={EPOCHS}",
    "encoder.batch_size=16",
    "classifiers.rounds=300",
    "classifiers.early_stopping_rounds=300",
    "classifiers.learning_rate=0.01",
    "classifiers.members=2",
    # A CPU each, which is what a node has: two of a kind are on two nodes.
    "encoder.cpus_per_worker=1",
    "embed.num_actors=2",
    "classifiers.num_actors=2",
    "classifiers.concurrent_targets=1",
)
# Titles of the processes that do a stage's work, as far as Ray gives them.
DATA = "ReadParquet->MapBatches(_map_in_one_thread)"
TRAINING = "RayTrainWorker"
EMBEDDING = "MapWorker(MapBatches(_EmbedBatch))"
BOOSTING = "_RemoteRayXGBoostActor"

PATIENCE_S = 240.0
TIMES = {"seconds", "images_per_s", "data_wait_s", "validation_seconds"}


@pytest.fixture(scope="module")
def cluster(bucket: str) -> Iterator[SeveralNodes]:
    with several_nodes(workers=3) as cluster:
        yield cluster


def begin(cluster: SeveralNodes, workspace: str) -> subprocess.Popen[str]:
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return cluster.emailimg("classifiers", "--preset", "tiny", "--workspace", workspace, *settings)


def finish(command: subprocess.Popen[str], workspace: str) -> Workspace:
    said, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0, said[-6000:]
    return Workspace(workspace)


@pytest.fixture(scope="module")
def undisturbed(bucket: str, cluster: SeveralNodes) -> Workspace:
    location = f"{bucket}/undisturbed"
    return finish(begin(cluster, location), location)


def test_every_stage_runs_on_several_nodes(cluster: SeveralNodes, undisturbed: Workspace) -> None:
    workers = {node.id for node in cluster.workers}
    where = defaultdict[str, set[str]](set)
    for task in cluster.dashboard.listed("tasks"):
        where[task["name"]].add(task["node_id"])
    for actor in cluster.dashboard.listed("actors"):
        where[actor["class_name"]].add(actor["node_id"])
    for work in (DATA, TRAINING, EMBEDDING, BOOSTING):
        [nodes] = [nodes for name, nodes in where.items() if name.startswith(work)]
        assert len(nodes) > 1, (work, where)
        assert nodes <= workers, (work, where)
