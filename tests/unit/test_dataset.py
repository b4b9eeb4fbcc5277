"""Examples without Ray: the versions of one image, pixels out of Arrow arrays, too few images."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pictures import encode, picture

from emailimg import augment, config, dataset, images, labels, showroom, splits, taxonomy
from emailimg.config import SplitConfig
from emailimg.errors import SourceError

CONFIG = config.load("tiny", None, ["augment.copies=3"])


@pytest.fixture(scope="module")
def row() -> dict[str, Any]:
    scene = showroom.describe(0, 3)
    data = showroom.render_jpeg(scene, 120)
    return {
        "image_id": images.image_id(data),
        "image": data,
        "class_name": scene.class_name,
        "make": scene.make,
        "vehicle_type": scene.vehicle_type,
        "year": scene.year,
        "campaign_type": "Survey",
        "industry": None,
    }


def test_the_original_and_its_copies_come_out(row: dict[str, Any]) -> None:
    examples = list(dataset.make_versions(CONFIG, row))
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
        changed = CONFIG.model_copy(update={"split": SplitConfig(seed=seed)})
        sides = {example["split"] for example in dataset.make_versions(changed, row)}
        assert sides == {splits.split_of(changed.split, row["image_id"])}
        seen |= sides
    assert seen == set(splits.SPLITS)


def test_pixels_are_the_recorded_augmentation_of_the_image(row: dict[str, Any]) -> None:
    upload = images.decode(row["image"], CONFIG.images)
    for example in dataset.make_versions(CONFIG, row):
        parameters = json.loads(example["parameters"])
        changed = augment.apply(example["augmentation_class"], parameters, upload)
        expected = images.to_model_pixels(changed, 32)
        assert example["pixels"] == expected.tobytes()
        assert len(example["pixels"]) == 32 * 32 * 3


def test_the_context_is_the_tables_or_else_assigned(row: dict[str, Any]) -> None:
    _, industry = labels.assign_context(CONFIG.labels.seed, row["image_id"])
    for example in dataset.make_versions(CONFIG, row):
        assert (example["campaign_type"], example["industry"]) == ("Survey", industry)


def test_labels_follow_the_version_and_its_context(row: dict[str, Any]) -> None:
    for example in dataset.make_versions(CONFIG, row):
        for target, rule in CONFIG.labels.rules.items():
            truth = labels.true_probability(rule, target, example)
            assert example[f"{target}_p"] == truth
            assert 0 <= example[f"{target}_k"] <= example[f"{target}_n"] == 20


def test_observed_labels_are_kept(row: dict[str, Any]) -> None:
    observed = row | {"open_rate_k": 4.0, "open_rate_n": 9.0, "conversion_rate_n": 0.0}
    observed["conversion_rate_k"] = 0.0
    for example in dataset.make_versions(CONFIG, observed):
        assert (example["open_rate_k"], example["open_rate_n"]) == (4, 9)
        assert (example["conversion_rate_k"], example["conversion_rate_n"]) == (0, 0)
        assert np.isnan(example["open_rate_p"])
        assert not np.isnan(example["revenue_per_email_p"])


def test_examples_repeat_themselves_and_fit_the_schema(row: dict[str, Any]) -> None:
    first, second = (list(dataset.make_versions(CONFIG, row)) for _ in range(2))
    assert first == second
    schema = dataset._schema(CONFIG)
    assert set(first[0]) - set(schema.names) == set(), "no column is lost on the way to disk"
    assert set(schema.names) == set(first[0])
    table = pa.Table.from_pylist(first, schema=schema)
    pixels = dataset.pixels_of(table["pixels"], 32)
    assert pixels[2].tobytes() == first[2]["pixels"]


def test_a_wide_picture_is_squared_with_its_aspect() -> None:
    data = encode(picture(40, 120), "PNG")
    blank = dict.fromkeys(("class_name", "make", "vehicle_type", "year", "campaign_type"))
    wide = blank | {"industry": None, "image_id": images.image_id(data), "image": data}
    original = next(iter(dataset.make_versions(CONFIG, wide)))
    pixels = np.frombuffer(original["pixels"], np.uint8).reshape(32, 32, 3)
    assert (pixels[0] == pixels[0, 0]).all(), "padding above"
    assert len(np.unique(pixels[16], axis=0)) > 5


SIDE = 4
ROWS = [bytes([i]) * (SIDE * SIDE * 3) for i in range(7)]


def shifted() -> pa.Array:
    """An array whose offsets do not begin at zero, as Arrow may make them."""
    offsets = np.arange(1, 8, dtype=np.int64) * SIDE * SIDE * 3
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(ROWS))]
    return pa.Array.from_buffers(pa.large_binary(), 6, buffers)


def whole(rows: list[bytes] = ROWS) -> pa.Array:
    return pa.array(rows, pa.large_binary())


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (whole(), range(7)),
        (whole().slice(2, 3), range(2, 5)),
        (whole().slice(2, 4).slice(1, 2), range(3, 5)),
        (shifted(), range(1, 7)),
        (whole().cast(pa.binary()).slice(3), range(3, 7)),
        (shifted().slice(2), range(3, 7)),
        (pa.chunked_array([whole(ROWS[:2]), whole(ROWS[2:])]), range(7)),
        (pa.chunked_array([whole(ROWS[:2]), whole(ROWS[2:])]).slice(1, 4), range(1, 5)),
        (pa.chunked_array([whole().slice(5)]), range(5, 7)),
        (pa.chunked_array([shifted().slice(1)]), range(2, 7)),
        (whole().take(pa.array([6, 0, 3])), [6, 0, 3]),
        (whole().filter(pa.array([i % 2 == 1 for i in range(7)])), [1, 3, 5]),
        (whole([]), []),
        (whole().slice(7), []),
        (pa.chunked_array([], pa.large_binary()), []),
    ],
)
def test_pixels_of_any_arrow_array(column: Any, expected: Any) -> None:
    pixels = dataset.pixels_of(column, SIDE)
    assert pixels.shape == (len(expected), SIDE, SIDE, 3)
    assert pixels.dtype == np.uint8
    assert pixels[:, 0, 0, 0].tolist() == list(expected)
    assert (pixels == pixels[:, :1, :1, :1]).all()


def test_pixels_are_not_copied_row_by_row() -> None:
    array = whole()
    data = np.frombuffer(array.buffers()[2], np.uint8)
    assert np.shares_memory(dataset.pixels_of(array, SIDE), data)


def test_too_few_images_for_a_split_are_refused() -> None:
    few = [images.image_id(bytes([i])) for i in range(3)]
    with pytest.raises(SourceError, match=r"3 images are too few.*split"):
        dataset._check_splits(SplitConfig(test=0.01, validation=0.01), few)
    many = [images.image_id(bytes([i])) for i in range(60)]
    dataset._check_splits(SplitConfig(), many)
