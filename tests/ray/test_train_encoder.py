"""Ray Train: two workers learn, and an interrupted training continues from its last epoch."""

from pathlib import Path

import pytest

from emailimg import (
    config,
    dataset,
    embed,
    encoder,
    pipeline,
    scorecard,
    splits,
    storage,
    train_encoder,
)
from emailimg.errors import ConfigError, EmailimgError, ResourceError
from emailimg.parquet import read_table
from emailimg.stages import Workspace


@pytest.fixture(scope="module")
def inputs(interrupted_run: str) -> tuple[str, str]:
    """Folders of the catalogue and of the examples."""
    workspace = Workspace(interrupted_run)
    return workspace.folder("catalogue"), workspace.folder("examples")


def settings(*assignments: str) -> config.Config:
    return config.load("tiny", assignments=assignments)


def test_training_continues_from_the_last_epoch(inputs: tuple[str, str], tmp_path: Path) -> None:
    folder = str(tmp_path)
    train_encoder.build(settings("encoder.epochs=1", "encoder.schedule=plateau"), *inputs, folder)
    first = storage.read_json(f"{folder}/history.json")
    train_encoder.build(settings("encoder.epochs=2", "encoder.schedule=plateau"), *inputs, folder)
    both = storage.read_json(f"{folder}/history.json")
    assert [record["epoch"] for record in both] == [1, 2]
    assert both[0] == first[0]  # not trained again
    loaded = encoder.load(folder)
    assert list(loaded.spec.heads) == ["augmentation_class", "vehicle_type"]


@pytest.mark.parametrize("fresh", ["true", "false"])
def test_composed_versions_train_yes_or_no_attributes(
    interrupted_run: str, tmp_path: Path, fresh: str
) -> None:
    """From the drawing of versions to embeddings, with the loss and the head that fit."""
    composed = settings(
        "augment.mode=composed", f"encoder.fresh_versions={fresh}", "encoder.epochs=1"
    )
    catalogue = Workspace(interrupted_run).folder("catalogue")
    examples, folder, embeddings = (str(tmp_path / name) for name in ("a", "b", "c"))
    dataset.build(composed, catalogue, examples)
    train_encoder.build(composed, catalogue, examples, folder)
    spec = encoder.load(folder).spec
    assert (spec.augmentation_head, spec.multi_label) == ("techniques", ("techniques",))
    [record] = storage.read_json(f"{folder}/history.json")
    assert 0.5 < record["validation_accuracy_techniques"] <= 1
    assert record["train_loss"] > 0
    if fresh == "true":
        return
    embed.build(composed, examples, folder, embeddings)
    rows = read_table(splits.folder(embeddings, "test"))
    seen = scorecard._attributes(rows)["techniques"]
    assert seen["rows"] == len(rows)
    assert max(len(techniques) for techniques in rows["techniques"]) > 1


def test_more_workers_than_the_cluster_holds_are_refused(
    inputs: tuple[str, str], tmp_path: Path
) -> None:
    greedy = settings("encoder.num_workers=4", "encoder.cpus_per_worker=1")
    with pytest.raises(ResourceError, match="'encoder' needs 5 CPU"):
        train_encoder.build(greedy, *inputs, str(tmp_path))


def test_a_batch_larger_than_the_data_is_refused(inputs: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(EmailimgError, match="do not fill one batch"):
        train_encoder.build(settings("encoder.batch_size=4096"), *inputs, str(tmp_path))


def test_missing_weights_are_named_before_training(inputs: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pth"):
        train_encoder.build(settings("encoder.weights=nowhere.pth"), *inputs, str(tmp_path))


def test_a_share_that_does_not_fit_leaves_the_finished_output(
    interrupted_run: str, tmp_path: Path
) -> None:
    with pytest.raises(ResourceError, match="'examples' needs 64 CPU"):
        pipeline.run(
            settings("cluster.cpus_per_data_task=64", "split.seed=1"),
            interrupted_run,
            until="examples",
        )
    assert Workspace(interrupted_run).finished("examples") is not None
