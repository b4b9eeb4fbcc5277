"""Ray Train: two workers learn, and an interrupted training continues from its last epoch."""

from pathlib import Path

import pytest

from emailimg import (
    config,
    dataset,
    embed,
    encoder,
    pipeline,
    splits,
    storage,
    train_encoder,
)
from emailimg.errors import ConfigError, EmailimgError, ResourceError
from emailimg.parquet import read_table
from emailimg.scorecard import attributes
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
    seen = attributes.scores(rows)["techniques"]
    assert seen["rows"] == len(rows)
    assert max(len(techniques) for techniques in rows["techniques"]) > 1


@pytest.mark.parametrize("preset", ["paper", "fast"])
def test_both_recipes_run_at_reduced_size(
    inputs: tuple[str, str], tmp_path: Path, preset: str
) -> None:
    small = ("images.model_size_px=32", "images.working_size_px=96", "encoder.weights=scratch")
    same_split = ("split.test=0.2", "split.validation=0.15", "encoder.epochs=2")
    recipe = config.load(preset, assignments=[*small, *same_split, "encoder.batch_size=32"])
    summary = train_encoder.build(recipe, *inputs, str(tmp_path))
    assert summary.startswith("2 epochs")
    assert encoder.load(str(tmp_path)).spec.arch == "resnet34"
    history = storage.read_json(f"{tmp_path}/history.json")
    rates = [record["learning_rate"] for record in history]
    if preset == "paper":
        assert rates == [0.01, 0.01]  # no plateau yet
        assert {record["precision"] for record in history} == {"float32"}
    else:
        assert 0 == rates[1] < rates[0] < 1e-3
    assert all(record["data_wait_s"] < record["seconds"] for record in history)
    events = [Path(file).name for file in storage.list_files(f"{tmp_path}/tensorboard")]
    assert events == [f"events.out.tfevents.{epoch:010d}.encoder" for epoch in (1, 2)]


def test_batch_and_learning_rate_are_stated_per_worker_and_in_total(
    inputs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError):  # stated after the checks, before the work
        train_encoder.build(settings("encoder.weights=nowhere.pth"), *inputs, str(tmp_path))
    assert "workers x" not in capsys.readouterr().err
    once = settings("encoder.epochs=1", "encoder.fresh_versions=false")
    train_encoder.build(once, *inputs, str(tmp_path))
    said = capsys.readouterr().err
    assert "2 workers x 32 images = 64 a step" in said
    assert "learning rate 0.05 for these (0.025 per worker's share)" in said


def test_an_elastic_run_that_would_leave_no_cpu_for_data_is_refused(
    inputs: tuple[str, str], tmp_path: Path
) -> None:
    starving = settings("encoder.min_workers=1", "encoder.num_workers=4")
    with pytest.raises(ResourceError, match=r"take 4 workers .* leave 0 of 2 CPUs"):
        train_encoder.build(starving, *inputs, str(tmp_path))


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
