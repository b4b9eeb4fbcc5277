"""Ray Train: both recipes and both kinds of versions train; what cannot be is refused before."""

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


@pytest.fixture(scope="module")
def composed_examples(
    interrupted_run: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Folders of a catalogue and of examples with several techniques in a version."""
    catalogue = Workspace(interrupted_run).folder("catalogue")
    examples = str(tmp_path_factory.mktemp("composed") / "examples")
    dataset.build(settings("augment.mode=composed"), catalogue, examples)
    return catalogue, examples


def train_composed(examples: tuple[str, str], folder: str, *assignments: str) -> config.Config:
    composed = settings("augment.mode=composed", "encoder.epochs=1", *assignments)
    train_encoder.build(composed, *examples, folder)
    spec = encoder.load(folder).spec
    assert (spec.augmentation_head, spec.multi_label) == ("techniques", ("techniques",))
    [record] = storage.read_json(f"{folder}/history.json")
    assert 0.5 < record["validation_accuracy_techniques"] <= 1
    assert record["train_loss"] > 0
    return composed


def test_composed_versions_train_yes_or_no_attributes(
    composed_examples: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the drawing of versions to embeddings, with the loss and the head that fit."""
    folder, embeddings = str(tmp_path / "encoder"), str(tmp_path / "embeddings")
    composed = train_composed(composed_examples, folder, "encoder.fresh_versions=false")
    said = capsys.readouterr().err
    assert "2 workers x 32 images = 64 a step" in said
    assert "learning rate 0.05 for these (0.025 per worker's share)" in said
    embed.build(composed, composed_examples[1], folder, embeddings)
    rows = read_table(splits.folder(embeddings, "test"))
    seen = attributes.scores(rows)["techniques"]
    assert seen["rows"] == len(rows)
    assert max(len(techniques) for techniques in rows["techniques"]) > 1


def test_composed_versions_are_drawn_anew_in_every_epoch(
    composed_examples: tuple[str, str], tmp_path: Path
) -> None:
    train_composed(composed_examples, str(tmp_path), "encoder.num_workers=1")


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


def test_missing_weights_are_named_before_training(
    inputs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pth"):
        train_encoder.build(settings("encoder.weights=nowhere.pth"), *inputs, str(tmp_path))
    assert "workers x" not in capsys.readouterr().err, "stated after the checks"


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
