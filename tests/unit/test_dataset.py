"""Examples without Ray: the versions of one image, pixels out of Arrow arrays, too few images."""

from typing import Any

import numpy as np
import pytest
from pictures import encode, picture

from emailimg import (
    augment,
    config,
    dataset,
    images,
    labels,
    pixel_columns,
    showroom,
    sources,
    splits,
    taxonomy,
    versions,
)
from emailimg.config import SplitConfig
from emailimg.errors import SourceError
from emailimg.splits import Sides

CONFIG = config.load("tiny", None, ["augment.copies=3"])
COMPOSED = config.load("tiny", None, ["augment.copies=3", "augment.mode=composed"])
SIDES = Sides(CONFIG.split)


@pytest.fixture(scope="module")
def row() -> dict[str, Any]:
    scene = showroom.describe(0, 3)
    data = showroom.render_jpeg(scene, 120)
    return {
        "image_id": images.image_id(data),
        "pixels": images.decode(data, CONFIG.images),
        "class_name": scene.class_name,
        "make": scene.make,
        "model": scene.model,
        "colour": scene.colour,
        "background": scene.background,
        "time_of_day": scene.time_of_day,
        "vehicle_type": scene.vehicle_type,
        "year": scene.year,
        "campaign_type": "Survey",
        "industry": None,
    }


def test_the_original_and_its_copies_come_out(row: dict[str, Any]) -> None:
    examples = list(dataset.make_versions(CONFIG, SIDES, row))
    assert [example["version"] for example in examples] == [0, 1, 2, 3]
    assert len({example["example_id"] for example in examples}) == 4
    assert {example["source_id"] for example in examples} == {row["image_id"]}
    assert examples[0]["augmentation_class"] == taxonomy.ORIGINAL
    assert taxonomy.ORIGINAL not in {example["augmentation_class"] for example in examples[1:]}
    assert {example["vehicle_type"] for example in examples} == {row["vehicle_type"]}


def test_all_versions_of_a_source_are_on_its_side(row: dict[str, Any]) -> None:
    """For any seed of the split: a copy on the other side would leak."""
    seen = set()
    for seed in range(60):
        sides = Sides(SplitConfig(seed=seed))
        used = {example["split"] for example in dataset.make_versions(CONFIG, sides, row)}
        assert used == {sides.of(row["image_id"])}
        seen |= used
    assert seen == set(splits.SPLITS)


@pytest.mark.parametrize("chosen", [CONFIG, COMPOSED], ids=lambda chosen: chosen.augment.mode)
def test_pixels_are_the_recorded_augmentation_of_the_image(
    row: dict[str, Any], chosen: config.Config
) -> None:
    for example in dataset.make_versions(chosen, SIDES, row):
        steps = versions.from_json(example["steps"])
        assert [step.technique for step in steps] == example["techniques"]
        changed = augment.replay(steps, row["pixels"])
        expected = images.to_model_pixels(changed, 32)
        np.testing.assert_array_equal(example["pixels"], expected)
        assert example["pixels"].shape == (32, 32, 3)


def test_the_context_is_the_tables_or_else_assigned(row: dict[str, Any]) -> None:
    _, industry = labels.assign_context(CONFIG.labels.seed, row["image_id"])
    for example in dataset.make_versions(CONFIG, SIDES, row):
        assert (example["campaign_type"], example["industry"]) == ("Survey", industry)


def test_labels_follow_the_version_and_its_context(row: dict[str, Any]) -> None:
    for example in dataset.make_versions(CONFIG, SIDES, row):
        for target, rule in CONFIG.labels.rules.items():
            truth = labels.true_probability(rule, target, example)
            assert example[f"{target}_p"] == truth
            assert 0 <= example[f"{target}_k"] <= example[f"{target}_n"] <= 20


def test_observed_labels_are_kept_for_what_was_observed(row: dict[str, Any]) -> None:
    observed = row | {"open_rate_k": 4.0, "open_rate_n": 9.0, "conversion_rate_n": 0.0}
    observed["conversion_rate_k"] = 0.0
    for example in dataset.make_versions(CONFIG, SIDES, observed):
        original = example["version"] == 0
        label = (example["open_rate_k"], example["open_rate_n"])
        assert label == ((4, 9) if original else (0, 0)), "nobody has sent the other versions"
        assert (example["conversion_rate_k"], example["conversion_rate_n"]) == (0, 0)
        assert np.isnan(example["open_rate_p"])
        assert not np.isnan(example["revenue_per_email_p"])


def test_examples_repeat_themselves_and_fit_the_schema(row: dict[str, Any]) -> None:
    first, second = (list(dataset.make_versions(CONFIG, SIDES, row)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)
    schema = dataset._schema(CONFIG)
    assert set(first[0]) - set(schema.names) == set(), "no column is lost on the way to disk"
    assert set(schema.names) == set(first[0])
    table = pixel_columns.table(first, schema)
    assert table.schema == schema
    pixels = pixel_columns.squares(table["pixels"], 32)
    np.testing.assert_array_equal(pixels[2], first[2]["pixels"])


def test_a_wide_picture_is_squared_with_its_aspect() -> None:
    data = encode(picture(40, 120), "PNG")
    blank = dict.fromkeys((*sources.TEXT_ATTRIBUTES, "year"))
    pixels = images.decode(data, CONFIG.images)
    wide = blank | {"industry": None, "image_id": images.image_id(data), "pixels": pixels}
    original = next(iter(dataset.make_versions(CONFIG, SIDES, wide)))
    pixels = original["pixels"]
    assert (pixels[0] == pixels[0, 0]).all(), "padding above"
    assert len(np.unique(pixels[16], axis=0)) > 5


def test_too_few_images_for_a_split_are_refused() -> None:
    few = [images.image_id(bytes([i])) for i in range(3)]
    with pytest.raises(SourceError, match=r"3 images are too few.*split"):
        dataset._check_splits(Sides(SplitConfig(test=0.01, validation=0.01)), few)
    many = [images.image_id(bytes([i])) for i in range(60)]
    dataset._check_splits(Sides(SplitConfig()), many)
