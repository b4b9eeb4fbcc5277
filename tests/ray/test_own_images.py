"""A folder of the user's own images, with and without a table, through catalogue and examples."""

from pathlib import Path

import car_files
import pandas as pd
import pytest

from emailimg import config, images, pipeline, showroom, storage
from emailimg.errors import SourceError
from emailimg.parquet import read_table
from emailimg.sources.car_names import CLASS_NAMES
from emailimg.stages import StageResult

pytestmark = pytest.mark.usefixtures("ray_cluster")

GOOD = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 good images, one of them twice, and one of each kind of bad file."""
    place = tmp_path_factory.mktemp("images")
    for index in range(GOOD):
        scene = showroom.describe(3, index)
        (place / f"car {index:03}.jpg").write_bytes(showroom.render_jpeg(scene, 96))
    whole = (place / "car 000.jpg").read_bytes()
    (place / "twice.jpg").write_bytes(whole)
    (place / "text.jpg").write_text("this is no image")
    (place / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (place / "empty.png").write_bytes(b"")
    return place


def settings(folder: Path, *assignments: str) -> config.Config:
    return config.load("tiny", assignments=[f"source.images={folder}", *assignments])


def test_bad_files_are_listed_with_their_reasons_and_the_run_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    workspace = pipeline.run(settings(folder), str(tmp_path), until="examples")
    rejects = read_table(workspace.path("catalogue", "rejects.parquet"))
    reasons = {Path(row.source_uri).name: row.reason for row in rejects.itertuples()}
    assert reasons == {
        "twice.jpg": "duplicate",
        "text.jpg": "not_an_image",
        "truncated.jpg": "truncated",
        "empty.png": "empty",
    }
    examples = read_table(workspace.folder("examples"), columns=["source_id", "vehicle_type"])
    assert len(examples) == 2 * GOOD
    assert examples["source_id"].nunique() == GOOD
    assert examples["vehicle_type"].isna().all()


def test_too_many_bad_files_stop_the_run(folder: Path, tmp_path: Path) -> None:
    strict = settings(folder, "source.max_reject_share=0.01")
    with pytest.raises(SourceError, match=r"3 of 44 files .*max_reject_share = 0.01"):
        pipeline.run(strict, str(tmp_path), until="catalogue")


def test_a_new_file_redoes_the_catalogue(folder: Path, tmp_path: Path) -> None:
    pipeline.run(settings(folder), str(tmp_path), until="catalogue")
    results: list[StageResult] = []
    pipeline.run(settings(folder), str(tmp_path), until="catalogue", on_stage=results.append)
    assert results[0].skipped
    (folder / "new.jpg").write_bytes(showroom.render_jpeg(showroom.describe(4, 0), 96))
    pipeline.run(settings(folder), str(tmp_path), until="catalogue", on_stage=results.append)
    assert not results[1].skipped
    (folder / "new.jpg").unlink()


def test_a_table_brings_attributes_context_and_labels(folder: Path, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "relative_im_path": [f"car {index:03}.jpg" for index in range(GOOD)] + ["gone.jpg"],
            "Vehicle_type": ["SUV", "sedan"] * (GOOD // 2) + ["Van"],
            "campain_type": "abandoned_cart",
            "Industry types": "Real_Estate",
            "Open Rate": [1, 0] * (GOOD // 2) + [1],
        }
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    with_table = settings(folder, f"source.table={tmp_path / 'table.csv'}")
    workspace = pipeline.run(with_table, str(tmp_path / "run"), until="examples")
    rejects = read_table(workspace.path("catalogue", "rejects.parquet"))
    assert "gone.jpg" in {Path(uri).name for uri in rejects["source_uri"]}
    rows = read_table(workspace.folder("examples"), exclude=("pixels",))
    assert set(rows["campaign_type"]) == {"Abandoned Cart"}
    assert set(rows["industry"]) == {"Real Estate"}
    observed = rows[rows["vehicle_type"] == "SUV"]
    sent = observed[observed["version"] == 0]
    assert set(sent["open_rate_k"]) == set(sent["open_rate_n"]) == {1}
    assert set(observed[observed["version"] > 0]["open_rate_n"]) == {0}  # nobody sent these
    assert observed["open_rate_p"].isna().all()  # nobody knows it
    assert (rows["revenue_per_email_n"] == 20).all()  # not in the table: synthetic


@pytest.mark.parametrize("mode", ["one_technique", "composed"])
def test_the_same_rows_come_out_whatever_the_number_of_workers(
    folder: Path, tmp_path: Path, mode: str
) -> None:
    """One task at a time and three, so in other blocks and another order."""
    examples, catalogues = [], []
    for tasks, cpus in ((1, 1.0), (3, 0.5)):
        several = settings(
            folder,
            f"augment.mode={mode}",
            "augment.copies=3",
            f"cluster.data_tasks={tasks}",
            f"cluster.cpus_per_data_task={cpus}",
        )
        workspace = pipeline.run(several, str(tmp_path / str(tasks)), until="examples")
        rows = read_table(workspace.folder("examples")).sort_values("example_id")
        examples.append(rows.reset_index(drop=True).astype({"split": str}))
        catalogues.append(read_table(workspace.path("catalogue", "catalogue.parquet")))
    assert len(examples[0]) == 4 * GOOD
    pd.testing.assert_frame_equal(*examples, check_like=True)
    pd.testing.assert_frame_equal(*catalogues)


def test_near_duplicates_are_on_one_side(folder: Path, tmp_path: Path) -> None:
    """Every image comes a second time, recompressed; whatever the seed, never on another side."""
    copies = tmp_path / "copies"
    copies.mkdir()
    for file in sorted(folder.glob("car *.jpg")):
        pixels = images.decode(file.read_bytes(), config.ImageConfig())
        (copies / file.name).write_bytes(file.read_bytes())
        (copies / f"again {file.name}").write_bytes(images.encode_jpeg(pixels, quality=60))
    workspace = pipeline.run(settings(copies), str(tmp_path / "run"), until="examples")
    finished = workspace.finished("examples")
    assert finished is not None
    assert "near-duplicates kept together" in finished.summary
    rows = read_table(workspace.folder("examples"), exclude=("pixels",))
    names = read_table(workspace.path("catalogue", "catalogue.parquet"))
    number = names["source_uri"].str.extract(r"car (\d+)\.jpg")[0]
    rows = rows.merge(names.assign(number=number), left_on="source_id", right_on="image_id")
    assert (rows.groupby("number")["source_id"].nunique() == 2).all()
    assert (rows.astype({"split": str}).groupby("number")["split"].nunique() == 1).all()


def test_stanford_cars_go_through_as_they_are_distributed(tmp_path: Path) -> None:
    names = [f"{number:05}.jpg" for number in range(1, GOOD + 1)]
    for index, name in enumerate(names):
        data = showroom.render_jpeg(showroom.describe(3, index), 96)
        car_files.write(tmp_path / "cars_train" / name, data)
    annotated = [
        car_files.annotation("fname", name, index * 4 + 1, (9, 9, 80, 60))
        for index, name in enumerate(names)
    ]
    annotations = tmp_path / "devkit" / "cars_train_annos.mat"
    car_files.write(annotations, car_files.annotations(annotated))
    cropped = config.load(
        "tiny", assignments=[f"source.stanford_cars={tmp_path}", "source.crop_to_box=true"]
    )
    workspace = pipeline.run(cropped, str(tmp_path / "run"), until="examples")
    catalogue = read_table(workspace.path("catalogue", "catalogue.parquet"))
    assert set(zip(catalogue["width"], catalogue["height"], strict=True)) == {(72, 52)}
    assert catalogue["class_name"].tolist() == list(CLASS_NAMES[0 : 4 * GOOD : 4])
    rows = read_table(workspace.folder("examples"), exclude=("pixels",))
    assert rows["vehicle_type"].notna().all()
    assert set(rows["make"]) == set(catalogue["make"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        pipeline.run(settings(tmp_path / "nowhere"), str(tmp_path / "run"), until="catalogue")
    assert not storage.exists(str(tmp_path / "run" / "catalogue" / "_stage.json"))
