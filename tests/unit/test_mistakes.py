"""Which mistakes are unavoidable: pictures that are the same, and scenes without a side."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_asymmetry import scenes
from test_lookalikes import made, symmetric

from emailimg import config, mistakes, splits, storage
from emailimg.parquet import write_table

SIDE = 48
CONFIG = config.load("tiny", None, [f"images.model_size_px={SIDE}"])
PLAIN = np.full((SIDE, SIDE, 3), (90, 120, 200), np.uint8)


class Examples:
    """A folder of examples, and what the encoder said about the test versions."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder / "examples")
        self.rows: dict[str, list[dict[str, Any]]] = {split: [] for split in splits.SPLITS}

    def add(self, picture: np.ndarray, /, split: str = "test", **said_of: str) -> None:
        """A source: its original and one version per class; the values are what was said."""
        source_id = f"{len(self.rows[split]):05}"
        said_of = {"original": said_of.pop("original", "original")} | said_of
        for version, (name, said) in enumerate(said_of.items()):
            self.rows[split].append(
                {
                    "example_id": f"{source_id}-{version}",
                    "source_id": source_id,
                    "version": version,
                    "augmentation_class": name,
                    "seen_augmentation_class": said,
                    "pixels": (made(name, picture) if version else picture).tobytes(),
                }
            )

    def explain(self, batch_rows: int = 64) -> dict[str, Any]:
        for split, rows in self.rows.items():
            location = storage.join(splits.folder(self.folder, split), "0.parquet")  # type: ignore[arg-type]
            write_table(
                location,
                pd.DataFrame(rows).drop(columns="seen_augmentation_class", errors="ignore"),
            )
        test = pd.DataFrame(self.rows["test"]).drop(columns="pixels")
        found = mistakes.explain(CONFIG, self.folder, test, batch_rows=batch_rows)
        assert_adds_up(found)
        return found


def assert_adds_up(found: dict[str, Any]) -> None:
    for part in (found, *found["by_class"]):
        assert part["unavoidable"] == sum(part["reasons"].values())
        assert part["mistakes"] == part["unavoidable"] + part["avoidable"]
    for key in ("rows", "mistakes", "unavoidable", "avoidable"):
        assert found[key] == sum(row[key] for row in found["by_class"])
    assert sum(row["mistakes"] for row in found["confusions"]) <= found["mistakes"]
    assert found["accuracy"] <= found["forgiven"] <= 1
    assert found["accuracy"] <= found["ceiling"] <= 1
    lost = (1 - found["forgiven"]) + (1 - found["ceiling"])
    assert lost == pytest.approx(1 - found["accuracy"])


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    return Examples(tmp_path)


def scene(seed: int, facing_left: float = 1.0) -> np.ndarray:
    (small,) = scenes(seed, 1, facing_left)
    return np.ascontiguousarray(np.pad(small, ((8, 8), (8, 8), (0, 0))))


def test_a_version_that_equals_its_original_cannot_be_named(examples: Examples) -> None:
    examples.add(PLAIN, blur="original")
    examples.add(scene(1), blur="original")
    found = examples.explain()
    assert found["mistakes"] == 2
    assert found["reasons"] == {"same_picture": 1, "either_way": 0}, "the other blur is visible"
    assert (found["accuracy"], found["forgiven"], found["ceiling"]) == (0.5, 0.75, 0.75)


def test_what_was_said_has_to_be_as_true_as_the_truth(examples: Examples) -> None:
    """A plain picture that was blurred could have been turned, but not darkened."""
    examples.add(PLAIN, median_blur="rotate")
    examples.add(scene(1), rotate="rotate")
    examples.add(scene(2), darker="darker")
    assert examples.explain()["reasons"]["same_picture"] == 1
    examples.rows["test"][1]["seen_augmentation_class"] = "darker"
    assert examples.explain()["avoidable"] == 1


def test_against_the_odds_is_avoidable(examples: Examples) -> None:
    """An original that could be a blur is one more often than not: to say blur is a bad guess."""
    examples.add(PLAIN, original="blur", darker="darker")
    examples.add(scene(1), blur="blur")
    assert examples.explain()["avoidable"] == 1
    examples.add(scene(2), blur="blur", median_blur="median_blur")
    examples.rows["test"][-3]["augmentation_class"] = "blur"  # now there are as many
    assert examples.explain()["reasons"]["same_picture"] == 1


def test_a_symmetric_picture_and_its_mirror_image_are_one(examples: Examples) -> None:
    for seed in range(12):
        examples.add(scene(seed), horizontal_flip="horizontal_flip")
    examples.add(symmetric(), horizontal_flip="original")
    found = examples.explain()
    (twin,) = found["twins"]
    assert twin["told_apart"]
    assert twin["probe"] is None, "the encoder's word is enough"
    assert found["reasons"] == {"same_picture": 1, "either_way": 0}


def tossed(examples: Examples, facing_left: float, said_rightly: float) -> None:
    """80 test originals and their mirror images, named by a coin; and 80 originals to train on."""
    for number in range(80):
        examples.add(scene(500 + number, facing_left), split="train")
        right = number % 10 < 10 * said_rightly
        names = ("original", "horizontal_flip")
        examples.add(
            scene(number, facing_left),
            original=names[not right],
            horizontal_flip=names[right],
        )


def test_where_nobody_beats_the_coin_half_of_the_rows_are_unavoidable(examples: Examples) -> None:
    tossed(examples, facing_left=0.5, said_rightly=0.5)
    found = examples.explain()
    (twin,) = found["twins"]
    assert not twin["told_apart"]
    assert twin["encoder"]["right"] == 0.5
    assert abs(twin["probe"]["right"] - 0.5) < 2 * twin["probe"]["standard_error"]
    assert found["reasons"]["either_way"] == found["mistakes"] == 80
    assert found["ceiling"] == found["accuracy"] == 0.5


def test_of_an_uneven_pair_the_rarer_class_is_unavoidable(examples: Examples) -> None:
    """Who knows nothing names the more frequent one always; more mistakes can be avoided."""
    tossed(examples, facing_left=0.5, said_rightly=0.5)
    for number in range(40):
        examples.add(scene(900 + number, 0.5), original=("original", "horizontal_flip")[number % 2])
    found = examples.explain()
    assert found["mistakes"] == 100
    assert found["reasons"]["either_way"] == 80
    by_class = {row["class"]: row["unavoidable"] for row in found["by_class"]}
    assert by_class == {"original": 40, "horizontal_flip": 40}


def test_an_encoder_that_beats_the_coin_leaves_nothing_unavoidable(examples: Examples) -> None:
    tossed(examples, facing_left=0.5, said_rightly=0.7)
    (twin,) = examples.explain()["twins"]
    assert twin["told_apart"]
    assert twin["encoder"]["right"] == pytest.approx(0.7)
    assert examples.explain()["unavoidable"] == 0


def test_a_badly_trained_encoder_proves_nothing(examples: Examples) -> None:
    """Every scene faces left, as the probe finds: the encoder should have seen it."""
    tossed(examples, facing_left=1.0, said_rightly=0.5)
    found = examples.explain()
    assert found["twins"][0]["probe"]["right"] == 1
    assert found["unavoidable"] == 0


def test_an_encoder_that_names_one_class_only_is_no_better_than_a_coin(examples: Examples) -> None:
    for number in range(60):
        examples.add(scene(500 + number, 0.5), split="train")
        examples.add(scene(number, 0.5), horizontal_flip="original")
    found = examples.explain()
    assert found["twins"][0]["encoder"]["right"] == 0.5
    assert found["reasons"]["either_way"] == 60


def test_reading_in_other_pieces_changes_nothing(examples: Examples) -> None:
    for seed in range(6):
        examples.add(PLAIN if seed % 2 else scene(seed), blur="original", median_blur="blur")
    whole = examples.explain()
    assert whole["reasons"]["same_picture"] == 6
    assert examples.explain(batch_rows=1) == whole
    examples.rows["test"].reverse()  # versions before their originals
    assert examples.explain(batch_rows=2) == whole


def test_without_mistakes_no_pixels_are_read(tmp_path: Path) -> None:
    test = pd.DataFrame(
        {
            "example_id": ["a-0", "a-1"],
            "source_id": ["a", "a"],
            "augmentation_class": ["original", "transpose"],
            "seen_augmentation_class": ["original", "transpose"],
        }
    )
    found = mistakes.explain(CONFIG, str(tmp_path / "nowhere"), test)
    assert (found["mistakes"], found["ceiling"]) == (0, 1)
    assert found["confusions"] == []


def test_confusions_come_with_an_example_of_what_most_of_them_are(examples: Examples) -> None:
    for seed in range(3):
        examples.add(PLAIN if seed else scene(seed), blur="original")
    examples.add(scene(9), darker="emboss")
    blurred, darkened = examples.explain()["confusions"]
    assert (blurred["true"], blurred["said"], blurred["mistakes"]) == ("blur", "original", 3)
    assert (blurred["unavoidable"], blurred["reason"]) == (2, "same_picture")
    assert blurred["example_id"] == "00002-1"
    assert (darkened["said"], darkened["reason"]) == ("emboss", "avoidable")


def test_pairs_are_a_version_and_its_original(examples: Examples) -> None:
    examples.add(scene(0), blur="blur", darker="emboss")
    examples.explain()
    (pair,) = mistakes.pairs(CONFIG, examples.folder, {"00000-2": "00000"})
    assert np.array_equal(pair.original, scene(0))
    assert np.array_equal(pair.pixels, made("darker", scene(0)))
