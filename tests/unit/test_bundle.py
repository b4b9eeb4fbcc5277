"""The bundle: it comes back as it was written, and anything else is refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_factory import CATALOGUE_IMAGES, TARGETS, bundle_config, showroom_jpeg
from s3_server import s3_server

from emailimg import bundle, images, storage
from emailimg.config import ImageConfig
from emailimg.errors import BundleError
from emailimg.predict import Predictor

PARTS = {
    "encoder/encoder.safetensors",
    "encoder/encoder.json",
    "classifiers/classifiers.json",
    *(f"classifiers/{target}.ubj" for target in TARGETS),
    *(f"classifiers/{target}.member-0{n}.ubj" for target in TARGETS for n in range(3)),
    "catalogue.parquet",
    "domain.safetensors",
    "config.json",
    "metrics.json",
}


@pytest.fixture
def copy(bundle_location: str, tmp_path: Path) -> Path:
    """A bundle that a test may change."""
    return Path(shutil.copytree(bundle_location, tmp_path / "bundle"))


def build(source: str, folder: str, encoder_folder: str | None = None) -> str:
    """Build once more from the stage folders that the factory left beside its bundle."""
    return bundle.build(
        bundle_config(),
        catalogue_folder=storage.join(source, "catalogue"),
        embeddings_folder=storage.join(source, "embeddings"),
        encoder_folder=encoder_folder or storage.join(source, "encoder"),
        classifiers_folder=storage.join(source, "boosters"),
        metrics={"made": "again"},
        folder=folder,
    )


def change_json(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_bundle_comes_back(bundle_location: str) -> None:
    loaded = bundle.load(bundle_location)
    assert loaded.config == bundle_config()
    assert loaded.metrics == {}
    assert loaded.classifiers().targets == TARGETS
    index = loaded.catalogue()
    assert len(index.rows) == CATALOGUE_IMAGES
    assert index.embeddings.shape == (CATALOGUE_IMAGES, loaded.embedder(threads=1).width)
    assert index.embeddings.dtype == np.float32
    assert not any(column.startswith("e0") for column in index.rows.columns)


def test_the_catalogues_embeddings_are_those_of_its_images(bundle_location: str) -> None:
    loaded = bundle.load(bundle_location)
    index, embedder = loaded.catalogue(), loaded.embedder(threads=1)
    encoded = storage.join(str(Path(bundle_location).parent), "catalogue", "images")
    files = bundle.read_table(encoded).set_index("image_id")["thumbnail"]
    for row in (0, 7, CATALOGUE_IMAGES - 1):
        upload = images.decode(files[index.rows["image_id"][row]], loaded.config.images)
        embedding, _ = embedder.embed_images([upload])
        np.testing.assert_allclose(index.embeddings[row], embedding[0], rtol=1e-3, atol=1e-4)


def test_the_catalogues_images_are_in_its_domain(bundle_location: str) -> None:
    loaded = bundle.load(bundle_location)
    found = loaded.domain()
    assert found is not None
    assert loaded.embedder(threads=1).domain is not None
    pictures = [images.decode(showroom_jpeg(i), loaded.config.images) for i in range(20)]
    squares = [images.to_model_pixels(p, loaded.config.images.model_size_px) for p in pictures]
    pooled = loaded.embedder(threads=1).look(np.stack(squares)).pooled
    assert (found.distances(pooled) <= 1).mean() > 0.9


def test_a_bundle_may_be_without_a_domain(bundle_location: str, tmp_path: Path) -> None:
    source = Path(bundle_location).parent
    embeddings = Path(shutil.copytree(source / "embeddings", tmp_path / "embeddings"))
    (embeddings / "domain.safetensors").unlink()
    for name in ("catalogue", "encoder", "boosters"):
        (tmp_path / name).symlink_to(source / name)
    build(str(tmp_path), str(tmp_path / "built"))
    predictor = Predictor(bundle.load(str(tmp_path / "built")), threads=1)
    score = predictor.score(showroom_jpeg(0), TARGETS[0], "Survey", "Retail")
    assert (score.domain_distance, score.out_of_domain) == (None, None)


def test_thumbnails_are_small_jpegs(bundle_location: str) -> None:
    for data in bundle.load(bundle_location).catalogue().rows["thumbnail"][:5]:
        image_format, width, height = images.probe(data, ImageConfig())
        assert image_format == "JPEG"
        assert max(width, height) <= ImageConfig().thumbnail_size_px


def test_it_holds_the_named_parts_and_no_pickle(bundle_location: str) -> None:
    manifest = json.loads(Path(bundle_location, "manifest.json").read_text())
    assert set(manifest["files"]) == PARTS
    for file in storage.list_files(bundle_location):
        assert not file.endswith((".pkl", ".pickle", ".pt", ".pth", ".joblib"))
        assert storage.read_bytes(file)[:2] not in (b"\x80\x04", b"\x80\x05", b"\x80\x02")


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_changed_part_is_found_by_its_checksum(copy: Path, part: str) -> None:
    data = bytearray((copy / part).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / part).write_bytes(data)
    with pytest.raises(BundleError, match=f"damaged: {part}"):
        bundle.load(str(copy))


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_missing_part_is_named(copy: Path, part: str) -> None:
    (copy / part).unlink()
    with pytest.raises(BundleError, match=f"incomplete: {part} is missing"):
        bundle.load(str(copy))


def test_a_half_written_bundle_is_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "manifest.json").unlink()
    with pytest.raises(BundleError, match="half-written"):
        bundle.load(str(copy))
    with pytest.raises(BundleError, match="nowhere"):
        bundle.load(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("content", ["{", "", "[]", '{"format": 2}', "\x00\x01"])
def test_a_damaged_manifest_is_refused(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content)
    with pytest.raises(BundleError, match="bundle"):
        bundle.load(str(copy))


@pytest.mark.parametrize("found", [1, 3, "2", None])
def test_another_format_is_refused(copy: Path, found: Any) -> None:
    change_json(copy / "manifest.json", format=found)
    with pytest.raises(BundleError, match=f"format {found!r}"):
        bundle.load(str(copy))


def test_parts_of_two_bundles_do_not_fit(copy: Path) -> None:
    """A whole bundle by its checksums, put together from models of different width."""
    change_json(copy / "classifiers" / "classifiers.json", embedding_width=7)
    with pytest.raises(BundleError, match=r"makes 25 embedding columns, the classifiers expect 7"):
        bundle.load(str(copy), verify=False)


def test_an_embedding_of_another_width_is_refused(bundle_location: str) -> None:
    classifiers = bundle.load(bundle_location).classifiers()
    wrong = np.zeros((1, classifiers.embedding_width + 1), np.float32)
    with pytest.raises(BundleError, match=f"expect {classifiers.embedding_width} embedding"):
        classifiers.matrix(wrong, ["Survey"], ["Retail"])


def test_the_version_follows_the_content(bundle_location: str, tmp_path: Path) -> None:
    source = str(Path(bundle_location).parent)
    first, second = (str(tmp_path / name) for name in ("first", "second"))
    summary = build(source, first)
    build(source, second)
    versions = [bundle.load(location).version for location in (first, second, bundle_location)]
    assert versions[0] == versions[1]
    assert versions[0] != versions[2], "its metrics differ"
    assert summary == f"version {versions[0]}, {CATALOGUE_IMAGES} images to recommend"


def test_a_new_bundle_takes_the_place_of_the_old_one(
    bundle_location: str, copy: Path, tmp_path: Path
) -> None:
    (copy / "leftover.txt").write_text("of the old bundle")
    (copy / "_started.json").write_text("{}")
    build(str(Path(bundle_location).parent), str(copy))
    assert bundle.load(str(copy)).metrics == {"made": "again"}
    assert not (copy / "leftover.txt").exists()
    assert (copy / "_started.json").exists(), "the stage's own note"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"], "no temporary folder is left"


def test_a_failed_build_leaves_the_old_bundle(
    bundle_location: str, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(bundle, "write_table", disk_full)
    with pytest.raises(OSError, match="disk full"):
        build(str(Path(bundle_location).parent), str(copy))
    assert bundle.load(str(copy)).version == bundle.load(bundle_location).version


def test_relative_folders_hold_the_same_bundle(
    bundle_location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(bundle_location).parent)
    target = tmp_path / "built"
    build(".", str(target))
    assert set(json.loads((target / "manifest.json").read_text())["files"]) == PARTS


def test_a_bundle_may_be_moved(copy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "another host" / "model"
    elsewhere.parent.mkdir()
    copy.rename(elsewhere)
    loaded = bundle.load(str(elsewhere))
    assert len(loaded.catalogue().rows) == CATALOGUE_IMAGES
    for part in ("config.json", "metrics.json", "encoder/encoder.json"):
        assert str(copy) not in (elsewhere / part).read_text()


def test_a_bundle_on_s3(bundle_location: str, tmp_path: Path) -> None:
    source = str(Path(bundle_location).parent)
    small = tmp_path / "encoder"  # the loopback server takes long over 45 MB
    spec = storage.read_bytes(storage.join(bundle_location, "encoder", "encoder.json"))
    storage.write_bytes(str(small / "encoder.json"), spec)
    storage.write_bytes(str(small / "encoder.safetensors"), b"{}")
    with s3_server() as bucket:
        location = f"{bucket}/models/the bundle"
        build(source, location, str(small))
        loaded = bundle.load(location + "/")
        build(source, str(tmp_path / "local"), str(small))
        assert loaded.version == bundle.load(str(tmp_path / "local")).version
        assert len(loaded.catalogue().rows) == CATALOGUE_IMAGES
        assert loaded.classifiers().targets == TARGETS
        storage.write_bytes(f"{location}/metrics.json", b"{}")
        with pytest.raises(BundleError, match=r"damaged: metrics\.json"):
            bundle.load(location)
