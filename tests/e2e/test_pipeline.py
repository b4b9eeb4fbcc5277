"""The whole path with the `tiny` preset on one small cluster: from images to an HTTP answer."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from strange_pictures import strange_pictures

from emailimg import bundle, config, features, images, pipeline, quickstart, splits, storage
from emailimg.errors import BundleError, ConfigError
from emailimg.parquet import read_table
from emailimg.predict import Predictor
from emailimg.stages import StageResult, Workspace
from tune_jobs import tune_classifiers

pytestmark = pytest.mark.usefixtures("ray_cluster")


@pytest.fixture(scope="module")
def tiny() -> config.Config:
    return config.load("tiny")


@pytest.fixture(scope="module")
def workspace(tiny: config.Config, interrupted_run: str) -> Workspace:
    """The interrupted run, continued by the same command."""
    results: list[StageResult] = []
    finished = pipeline.run(tiny, interrupted_run, on_stage=results.append)
    assert [r.name for r in results if r.skipped] == ["catalogue", "examples"]
    assert [r.name for r in results] == list(pipeline.STAGE_NAMES)
    return finished


@pytest.fixture(scope="module")
def examples(workspace: Workspace) -> pd.DataFrame:
    return read_table(workspace.folder("examples"), exclude=("pixels",))


def test_a_second_run_does_nothing(tiny: config.Config, workspace: Workspace) -> None:
    results: list[StageResult] = []
    pipeline.run(tiny, workspace.location, on_stage=results.append)
    assert all(result.skipped for result in results)


def test_versions_of_one_source_image_are_on_one_side(examples: pd.DataFrame) -> None:
    sides = examples.groupby("source_id", observed=True)["split"].nunique()
    assert (sides == 1).all()
    assert set(examples["split"].astype(str)) == set(splits.SPLITS)


def test_augmentation_doubles_the_images(examples: pd.DataFrame, tiny: config.Config) -> None:
    assert len(examples) == 2 * tiny.source.showroom_images
    assert (examples["augmentation_class"] == "original").sum() == tiny.source.showroom_images


def test_the_true_probability_is_no_feature(workspace: Workspace) -> None:
    index = json.loads(
        storage.read_bytes(workspace.path("bundle", "classifiers", "classifiers.json"))
    )
    assert index["embedding_width"] == 16 + 9  # the heads' logits, nothing else
    assert features.lasting_columns(workspace.folder("embeddings")) == list(range(16, 16 + 9))
    assert all(0 <= entry["edit_slope"] <= 1 for entry in index["targets"].values())


def test_the_scorecard_has_every_part(workspace: Workspace, tiny: config.Config) -> None:
    card = storage.read_json(workspace.path("report", "scorecard.json"))
    assert set(card["targets"]) == set(tiny.targets)
    for score in card["targets"].values():
        assert score["log_loss"]["oracle"] < score["log_loss"]["base"]
        assert score["calibration"]["bins"]
    assert len(card["history"]) == tiny.encoder.epochs
    assert len(card["search"]["trials"]) == tiny.search.trials
    assert card["attributes"]["augmentation_class"]["confusion"]
    assert card["alarms"] == []


def test_the_report_is_one_self_contained_page(workspace: Workspace) -> None:
    page = Path(workspace.path("report", "index.html")).read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("data:image/jpeg") > 16  # the gallery and the recommendations


def test_training_recorded_every_epoch(workspace: Workspace, tiny: config.Config) -> None:
    history = storage.read_json(workspace.path("encoder", "history.json"))
    assert [record["epoch"] for record in history] == [1, 2]
    assert all(record["train_loss"] > 0 and record["images_per_s"] > 0 for record in history)
    assert all(0 <= record["validation_accuracy"] <= 1 for record in history)


def test_target_campaign_and_industry_change_the_answer(workspace: Workspace) -> None:
    predictor = Predictor(bundle.load(workspace.folder("bundle")))
    image = read_table(workspace.path("bundle", "catalogue.parquet"))["thumbnail"].iloc[0]
    ask = [
        ("open_rate", "Newsletter", "Automotive"),
        ("revenue_per_email", "Newsletter", "Automotive"),
        ("open_rate", "Survey", "Automotive"),
        ("open_rate", "Newsletter", "Energy"),
    ]
    answers = [predictor.score(image, *question).probability for question in ask]
    assert len(set(answers)) > 1
    assert answers[0] != answers[1]


def test_strange_pictures_are_out_of_the_catalogues_domain(
    workspace: Workspace, tiny: config.Config, examples: pd.DataFrame
) -> None:
    embedder = bundle.load(workspace.folder("bundle")).embedder()
    assert embedder.domain is not None

    def outside(pictures: list[np.ndarray]) -> np.ndarray:
        small = [images.to_working_size(p, tiny.images.working_size_px) for p in pictures]
        squares = [images.to_model_pixels(p, tiny.images.model_size_px) for p in small]
        return embedder.domain.distances(embedder.look(np.stack(squares)).pooled) > 1

    test = read_table(splits.folder(workspace.folder("examples"), "test"), columns=["pixels"])
    side = tiny.images.model_size_px
    held_out = [np.frombuffer(p, np.uint8).reshape(side, side, 3) for p in test["pixels"]]
    assert outside(held_out).mean() < 0.1
    # Two epochs at 32 pixels teach an encoder little; of more strange kinds `test_domain` speaks.
    assert outside(strange_pictures(10)["noise"]).mean() > 0.8


def test_a_changed_setting_redoes_only_what_depends_on_it(
    tiny: config.Config, workspace: Workspace
) -> None:
    changed = tiny.model_copy(
        update={"report": tiny.report.model_copy(update={"bootstrap_samples": 60})}
    )
    results: list[StageResult] = []
    pipeline.run(changed, workspace.location, until="scorecard", on_stage=results.append)
    assert [result.name for result in results if not result.skipped] == ["scorecard"]
    pipeline.run(tiny, workspace.location)  # leaves the workspace as it was


def test_a_search_of_the_classifiers_begins_with_their_own_settings(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of two trials at once the one that is behind at a check would be stopped.
    out = ["--out", str(tmp_path), "--trials", "2", "--no-early-stopping"]
    done = tune_classifiers.main(["--preset", "tiny", "--workspace", workspace.location, *out])
    printed = capsys.readouterr()
    assert done == 0, printed.err
    first, second = list(pd.read_csv(tmp_path / "results.csv").itertuples())
    own = storage.read_json(workspace.path("classifiers", "classifiers.json"))
    assert first.value == pytest.approx(own["targets"]["open_rate"]["validation_log_loss"])
    assert f"best: trial {0 if first.value <= second.value else 1} with" in printed.out
    found = config.load("tiny", f"{tmp_path}/best.yaml")
    assert found.encoder == config.load("tiny").encoder


def test_one_recommendation_over_http(
    tiny: config.Config, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    quickstart.ask_service(tiny, workspace)
    printed = capsys.readouterr().out
    assert "POST /v1/recommend" in printed
    assert "this image" in printed


def test_a_damaged_bundle_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        bundle.load(str(tmp_path))


def test_an_unknown_stage_is_refused_by_name(tiny: config.Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown stage 'train'; accepted: catalogue"):
        pipeline.run(tiny, str(tmp_path), until="train")
