"""A run spreads over the nodes of a cluster, and loses nothing with a node in any of its stages.

One run is left alone. Another loses a node in the middle of each of its stages, and gets a new one
each time, as from an autoscaler. Both must end with the same.
"""

import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import pandas as pd
import pytest
from score_catalogue_request import QUESTION, write_images
from several_nodes import Node, SeveralNodes, several_nodes
from waiting import Found, wait_for

from emailimg import splits, storage
from emailimg.parquet import read_table
from emailimg.predict import Predictor
from emailimg.stages import Workspace

SETTINGS = (
    # Enough images for a few tasks, enough steps and rounds for a middle in which to kill.
    "source.showroom_images=120",
    "labels.rules.click_to_open_rate=null",
    "labels.rules.revenue_per_email=null",
    "labels.rules.conversion_rate=null",
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
# What the processes that do the work are called by Ray.
DATA = "ReadParquet->MapBatches(_map_in_one_thread)"
TRAINING = "RayTrainWorker"
EMBEDDING = "MapWorker(MapBatches(_EmbedBatch))"
BOOSTING = "_RemoteRayXGBoostActor"
SCORING = "MapWorker(MapBatches(_ShardScorer))"


class Middle(NamedTuple):
    """When a stage is in its middle: a file that is there, and a process that is at work."""

    stage: str
    file: str
    work: str
    lost: str  # a process on the node that goes away then


MIDDLES = (
    Middle("examples", "_started.json", DATA, DATA),
    Middle("encoder", "runs/attempt-0001/checkpoint_manager_snapshot.json", TRAINING, TRAINING),
    Middle("embeddings", "_started.json", EMBEDDING, EMBEDDING),
    # An actor and the task that has started the actors.
    Middle("classifiers", "_started.json", f"{BOOSTING}.train", "_train"),
)
PATIENCE_S = 240.0
TIMES = {"seconds", "images_per_s", "data_wait_s", "validation_seconds"}


@pytest.fixture(scope="module")
def cluster(bucket: str) -> Iterator[SeveralNodes]:
    with several_nodes(workers=3) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(bucket: str, cluster: SeveralNodes) -> Workspace:
    workspace = Workspace(f"{bucket}/undisturbed")
    finish(begin(cluster, workspace))
    return workspace


@pytest.fixture(scope="module")
def places(cluster: SeveralNodes, undisturbed: Workspace) -> dict[str, set[str]]:
    """Ids of the nodes where tasks and actors of the undisturbed run were at work, by their names.

    One that has never begun, or whose node Ray has not noted, is nowhere.
    """
    found = defaultdict[str, set[str]](set)
    for task in cluster.dashboard.listed("tasks"):
        if task["node_id"]:
            found[task["name"]].add(task["node_id"])
    for actor in cluster.dashboard.listed("actors"):
        if actor["node_id"]:
            found[actor["class_name"]].add(actor["node_id"])
    return found


@pytest.fixture(scope="module")
def disturbed(
    bucket: str, cluster: SeveralNodes, undisturbed: Workspace, places: dict[str, set[str]]
) -> Workspace:
    """Of a run that has lost four nodes."""
    workspace = Workspace(f"{bucket}/disturbed")
    command = begin(cluster, workspace)
    try:
        for stage, file, work, lost in MIDDLES:
            begun = partial(storage.exists, workspace.path(stage, file))
            wait_for_middle(f"{file} of {stage}", begun)
            wait_for_middle(f"{work} of {stage}", partial(nodes_with, cluster, work))
            lose_a_node(cluster, lost)
            assert workspace.finished(stage) is None, f"too late to disturb {stage}"
            cluster.add_node()
    except BaseException:
        command.kill()
        raise
    finish(command)
    for stage in (middle.stage for middle in MIDDLES):
        took = [run.finished(stage).seconds for run in (undisturbed, workspace)]
        print(f"{stage}: {took[0]:.0f} s, {took[1]:.0f} s with a node lost")
    return workspace


def begin(cluster: SeveralNodes, workspace: Workspace) -> subprocess.Popen[str]:
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return cluster.emailimg(
        "classifiers", "--preset", "tiny", "--workspace", workspace.location, *settings
    )


def finish(command: subprocess.Popen[str]) -> str:
    said, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0, said[-6000:]
    return said


def nodes_with(cluster: SeveralNodes, work: str) -> list[Node]:
    return cluster.doing(f"ray::{work}".encode())


def lose_a_node(cluster: SeveralNodes, work: str) -> None:
    cluster.kill(wait_for_middle(work, partial(nodes_with, cluster, work))[-1])


def wait_for_middle(what: str, look: Callable[[], Found]) -> Found:
    """Looking often: there is little time between beginning and end."""
    return wait_for(what, look, patience_s=PATIENCE_S, pause_s=0.02)


@pytest.mark.parametrize("work", [DATA, TRAINING, EMBEDDING, BOOSTING])
def test_every_stage_runs_on_several_nodes(
    cluster: SeveralNodes, places: dict[str, set[str]], work: str
) -> None:
    nodes = set().union(*(found for name, found in places.items() if name.startswith(work)))
    assert len(nodes) > 1, places
    assert cluster.head.id not in nodes, places


def test_a_node_lost_among_the_data_costs_no_row(
    undisturbed: Workspace, disturbed: Workspace
) -> None:
    """And there is no row twice."""
    wholes = [read_table(run.folder("examples")) for run in (undisturbed, disturbed)]
    rows = [whole.sort_values("example_id", ignore_index=True) for whole in wholes]
    assert len(rows[0]) == 240
    pd.testing.assert_frame_equal(*rows)


def test_a_node_lost_in_training_changes_nothing(
    undisturbed: Workspace, disturbed: Workspace
) -> None:
    learnt = []
    for run in (undisturbed, disturbed):
        history = storage.read_json(run.path("encoder", "history.json"))
        learnt.append([{k: v for k, v in epoch.items() if k not in TIMES} for epoch in history])
    assert learnt[0] == learnt[1]
    weights = [
        storage.read_bytes(run.path("encoder", "encoder.safetensors"))
        for run in (undisturbed, disturbed)
    ]
    assert weights[0] == weights[1]


def test_a_node_lost_among_the_embeddings_changes_none(
    undisturbed: Workspace, disturbed: Workspace
) -> None:
    wholes = [
        pd.concat(read_table(splits.folder(run.folder("embeddings"), s)) for s in splits.SPLITS)
        for run in (undisturbed, disturbed)
    ]
    rows = [whole.sort_values("example_id", ignore_index=True) for whole in wholes]
    assert len(rows[0]) == 240
    pd.testing.assert_frame_equal(*rows, rtol=1e-4, atol=1e-4)


def test_a_node_lost_among_the_classifiers_changes_nothing(
    undisturbed: Workspace, disturbed: Workspace
) -> None:
    first, second = (
        storage.read_json(run.path("classifiers", "classifiers.json"))
        for run in (undisturbed, disturbed)
    )
    assert first == second


def test_a_node_lost_while_a_catalogue_is_scored_costs_no_score(
    cluster: SeveralNodes, bucket: str, bundle_on_s3: str, predictor: Predictor
) -> None:
    images = write_images(f"{bucket}/images", 40)
    out = f"{bucket}/scores"
    command = cluster.emailimg(
        *["score-catalogue", "--bundle", bundle_on_s3, "--images", f"{bucket}/images", *QUESTION],
        *["--out", out, "--shard-images", "1", "--set", "embed.num_actors=2"],
    )
    wait_for_middle("scores", partial(storage.list_files, f"{out}/scores"))
    lose_a_node(cluster, SCORING)
    assert not storage.exists(f"{out}/summary.json"), "too late to disturb it"
    cluster.add_node()
    assert finish(command).count("40 images: 40 scored") == 1
    scores = read_table(f"{out}/scores").set_index("source_uri")
    assert sorted(scores.index) == images
    question = scores.iloc[0][["target", "campaign_type", "industry"]]
    for place in images:
        alone = predictor.score(storage.read_bytes(place), *question)
        assert scores.loc[place, "probability"] == pytest.approx(alone.probability, rel=1e-5)
