"""Sources: the showroom, folders, and what changes when their content changes."""

import os
from pathlib import Path
from typing import Any

import car_files
import pandas as pd
import pytest
from pictures import encode, picture
from small_tables import write_table

from emailimg import images, showroom, sources, taxonomy
from emailimg.config import ImageConfig, SourceConfig, from_mapping
from emailimg.errors import ConfigError, SourceError

LIMITS = ImageConfig()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, one of them in a folder below, and files that are none."""
    base = tmp_path / "pictures"
    (base / "more").mkdir(parents=True)
    for i, name in enumerate(["a.jpg", "b.png", "my car.JPG", "more/d.webp"]):
        suffix = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.split(".")[-1].lower()]
        (base / name).write_bytes(encode(picture(32, 40, i), suffix))
    for name in (".DS_Store", "notes.md", "table.csv", "more/labels.json"):
        (base / name).write_text("no picture")
    return base


def test_the_showroom_is_listed_without_rendering() -> None:
    config = SourceConfig(showroom_images=40, showroom_seed=3)
    rows = sources.list_images(config).rows
    assert len(rows) == rows["source_uri"].nunique() == 40
    assert set(rows.columns) == {"source_uri", "year", *sources.TEXT_ATTRIBUTES}
    scene = showroom.describe(3, 7)
    row = rows.iloc[7]
    assert (row["class_name"], row["year"]) == (scene.class_name, scene.year)
    assert row["vehicle_type"] == scene.vehicle_type
    assert rows["campaign_type"].isin(taxonomy.CAMPAIGN_TYPES).all()
    assert rows["industry"].isin(taxonomy.INDUSTRIES).all()
    assert rows["campaign_type"].nunique() > 5


def test_the_showroom_grows_without_changing_what_was_there() -> None:
    few, many = (sources.list_images(SourceConfig(showroom_images=n)).rows for n in (10, 20))
    pd.testing.assert_frame_equal(many.head(10), few)


def test_a_showroom_image_is_the_same_bytes_each_time() -> None:
    config = SourceConfig(showroom_long_side_px=64)
    row = {"source_uri": "showroom://5/2"}
    data = sources.load(row, config, LIMITS)
    assert data == sources.load(row, config, LIMITS)
    assert images.decode(data, ImageConfig()).shape[1] == 64
    assert data != sources.load({"source_uri": "showroom://5/3"}, config, LIMITS)


def test_a_folder_is_listed_with_all_below_it(folder: Path) -> None:
    rows = sources.list_images(SourceConfig(images=str(folder))).rows
    names = [uri.removeprefix(f"{folder}/") for uri in rows["source_uri"]]
    assert names == ["a.jpg", "b.png", "more/d.webp", "my car.JPG"]
    assert rows[[*sources.TEXT_ATTRIBUTES, "year"]].isna().all(axis=None)
    assert set(rows.columns) == set(
        sources.list_images(SourceConfig(showroom_images=1)).rows.columns
    )


def test_a_relative_folder_gives_absolute_locations(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers run in another folder than the driver."""
    monkeypatch.chdir(folder.parent)
    rows = sources.list_images(SourceConfig(images="pictures")).rows
    assert rows["source_uri"].iloc[0] == str(folder / "a.jpg")


def test_a_listed_file_is_loaded(folder: Path) -> None:
    config = SourceConfig(images=str(folder))
    row = {"source_uri": sources.list_images(config).rows["source_uri"].iloc[0]}
    assert sources.load(row, config, LIMITS) == (folder / "a.jpg").read_bytes()


def test_files_of_any_other_kind_are_tried(folder: Path) -> None:
    """A picture without a suffix counts; what is none is rejected later, with its reason."""
    (folder / "no suffix").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "report.pdf").write_text("no picture")
    rows = sources.list_images(SourceConfig(images=str(folder))).rows
    assert len(rows) == 6


def test_missing_sources_are_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    cases = {
        "does not exist": SourceConfig(images=str(tmp_path / "gone")),
        "holds no files": SourceConfig(images=str(tmp_path / "nothing")),
        "table .*gone.csv' does not exist": SourceConfig(
            images=str(folder), table=str(tmp_path / "gone.csv")
        ),
    }
    for message, config in cases.items():
        with pytest.raises(SourceError, match=message):
            sources.list_images(config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"table": "table.csv"}, "give --images"),
        ({"images": "a", "stanford_cars": "b"}, "not both"),
        ({"images": "a", "crop_to_box": True}, "needs the boxes of stanford_cars"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        from_mapping({"source": settings})


def test_stanford_cars_are_a_source_and_may_be_cropped(tmp_path: Path) -> None:
    car_files.write_images(tmp_path / "cars_train", ["00001.jpg"])
    annotation = car_files.annotation("fname", "00001.jpg", 14, (3, 5, 30, 20))
    annotations = tmp_path / "devkit" / "cars_train_annos.mat"
    car_files.write(annotations, car_files.annotations([annotation]))
    config = SourceConfig(stanford_cars=str(tmp_path))
    before = sources.fingerprint(config)
    row = sources.list_images(config).rows.iloc[0].to_dict()
    whole = sources.load(row, config, LIMITS)
    assert whole == Path(row["source_uri"]).read_bytes()
    cropped = sources.load(row, config.model_copy(update={"crop_to_box": True}), LIMITS)
    sizes = [images.probe(data, LIMITS)[1:] for data in (whole, cropped)]
    assert sizes == [(40, 32), (28, 16)]
    unknown = row | {"box_x1": float("nan")}
    assert sources.load(unknown, config, LIMITS) == whole
    annotations.write_bytes(annotations.read_bytes() + b"\0")
    assert sources.fingerprint(config) != before, "annotations are content too"


def test_the_fingerprint_follows_the_content(folder: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", {"file": ["a.jpg"], "make": ["A"]})
    config = SourceConfig(images=str(folder), table=table)
    before = sources.fingerprint(config)
    assert sources.fingerprint(config) == before
    (folder / "notes.md").write_text("no picture, still")
    assert sources.fingerprint(config) == before
    (folder / "a.jpg").write_bytes((folder / "b.png").read_bytes())
    changed = sources.fingerprint(config)
    assert changed != before
    write_table(tmp_path / "t.csv", {"file": ["a.jpg"], "make": ["Another"]})
    assert sources.fingerprint(config) != changed
    os.remove(folder / "b.png")
    assert len(sources.fingerprint(config)) == len(before) - 1
    assert sources.fingerprint(SourceConfig()) == [showroom.RENDERING]
