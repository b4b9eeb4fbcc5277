"""Every row is in exactly one part, whatever the shards, row groups and number of parts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emailimg import features, splits, training_rows
from emailimg.errors import EmailimgError
from emailimg.parquet import write_table

WIDTH = 2


def write_shards(folder: Path, shard_rows: tuple[int, ...], group: int = 5) -> np.ndarray:
    """Rows numbered in their first column; every third is not observed. Returns the observed."""
    number = 0
    for split in ("train", "validation"):
        number = 0
        for shard, count in enumerate(shard_rows):
            numbers = np.arange(number, number + count)
            location = Path(splits.folder(str(folder), split), f"{shard}.parquet")
            location.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table(numbers), location, row_group_size=group)
            number += count
    numbers = np.arange(number)
    return numbers[numbers % 3 > 0]


def table(numbers: np.ndarray) -> pa.Table:
    names = features.feature_columns(WIDTH)
    columns = {name: np.full(len(numbers), place, np.float32) for place, name in enumerate(names)}
    columns |= {names[0]: numbers.astype(np.float32)}
    weights = (numbers % 3).astype(np.float32)
    return pa.table(
        columns
        | {
            "open_rate_rate": (numbers / 100).astype(np.float32),
            "open_rate_weight": weights,
            "bounce_rate_rate": 0 * weights,
            "bounce_rate_weight": 0 * weights,
            "pixels": [b"never read"] * len(numbers),
        }
    )


def parts(folder: Path, count: int, target: str = "open_rate") -> list[training_rows.Rows]:
    return [
        training_rows.read_part(str(folder), "train", target, WIDTH, part, count)
        for part in range(count)
    ]


@pytest.mark.parametrize("shard_rows", [(40,), (7, 33), (1, 1, 38), (13, 13, 14), (4, 0, 36)])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_together_are_all_observed_rows_once(
    tmp_path: Path, shard_rows: tuple[int, ...], count: int
) -> None:
    observed = write_shards(tmp_path, shard_rows)
    found = parts(tmp_path, count)
    numbers = np.concatenate([rows.features[:, 0] for rows in found])
    np.testing.assert_array_equal(numbers, observed)
    rates = np.concatenate([rows.rates for rows in found])
    np.testing.assert_allclose(rates, observed / 100, rtol=1e-6)
    weights = np.concatenate([rows.weights for rows in found])
    np.testing.assert_array_equal(weights, observed % 3)
    sizes = [len(rows.features) for rows in found]
    assert max(sizes) - min(sizes) <= 2, "their lengths differ by one, their observed rows by two"


def test_parts_are_read_from_s3_as_well(base: str) -> None:
    for shard, numbers in enumerate(np.array_split(np.arange(30), 3)):
        write_table(f"{splits.folder(base, 'train')}/{shard}.parquet", table(numbers))
    found = [
        training_rows.read_part(base, "train", "open_rate", WIDTH, part, 2).features[:, 0]
        for part in range(2)
    ]
    np.testing.assert_array_equal(np.concatenate(found), [n for n in range(30) if n % 3])


def test_features_are_in_the_order_of_serving(tmp_path: Path) -> None:
    write_shards(tmp_path, (9,))
    [rows] = parts(tmp_path, 1)
    assert list(rows.names) == features.feature_columns(WIDTH)
    assert rows.features.dtype == np.float32
    assert rows.features.flags.c_contiguous
    np.testing.assert_array_equal(
        rows.features[0], [1, *range(1, WIDTH + len(features.CONTEXT_COLUMNS))]
    )


def test_a_part_without_observed_rows_holds_one_that_weighs_nothing(tmp_path: Path) -> None:
    write_shards(tmp_path, (4,))
    first, *others = parts(tmp_path, 4)
    assert len(first.features) == 1
    assert first.weights.tolist() == [0]
    assert [rows.weights.tolist() for rows in others] == [[1], [2], [0]]


def test_only_the_row_groups_of_a_part_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(tmp_path, (40, 40), group=10)
    read: list[int] = []
    within = training_rows._batches

    def counting(*arguments: object) -> object:
        for batch in within(*arguments):  # type: ignore[arg-type]
            read.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(training_rows, "_batches", counting)
    training_rows.read_part(str(tmp_path), "train", "open_rate", WIDTH, 1, 4)
    assert sum(read) == 20


@pytest.mark.parametrize(
    ("target", "actors", "words"),
    [
        ("bounce_rate", 1, "'bounce_rate' has no observed labels among the train rows"),
        ("open_rate", 5, r"classifiers\.num_actors is 5, but there are only 4 train rows"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(
    tmp_path: Path, target: str, actors: int, words: str
) -> None:
    write_shards(tmp_path, (4,))
    with pytest.raises(EmailimgError, match=words):
        training_rows.require_observed(str(tmp_path), target, actors)
    training_rows.require_observed(str(tmp_path), "open_rate", 4)
