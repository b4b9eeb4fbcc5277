"""Random numbers depend on what they are for, and on nothing else."""

import subprocess
import sys

import numpy as np
import pytest

from emailimg import seeding


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert seeding.stable_hash(7, "augment", "ab12", 1) == 15384403788717737422


def test_the_hash_does_not_depend_on_the_process() -> None:
    code = "from emailimg import seeding; print(seeding.stable_hash('a', 1))"
    environment = {"PYTHONHASHSEED": "123"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert int(done.stdout) == seeding.stable_hash("a", 1)


@pytest.mark.parametrize(
    "other",
    [
        (1, "b", "image"),
        (0, "c", "image"),
        (0, "b", "imagf"),
        (0, "bi", "mage"),
        (0, "b", "image", 0),
    ],
)
def test_other_parts_give_other_numbers(other: tuple[object, ...]) -> None:
    assert seeding.stable_hash(0, "b", "image") != seeding.stable_hash(*other)


def test_a_generator_repeats_itself() -> None:
    first, second = (seeding.generator(3, "x", 1).normal(size=5) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, seeding.generator(4, "x", 1).normal(size=5))


def test_the_unit_interval_is_filled_evenly() -> None:
    numbers = np.array([seeding.unit_interval(0, "split", i) for i in range(4000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
    assert abs(counts - 400).max() < 5 * np.sqrt(400)
