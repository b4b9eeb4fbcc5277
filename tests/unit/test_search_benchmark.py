"""The benchmark of searches: its functions are the published ones, its curves are best so far."""

import math

import numpy as np
import pytest
from benchmarks import searches
from benchmarks.known_functions import BRANIN, HARTMANN6
from benchmarks.searches import Cost

NAN = float("nan")
# Of Hartmann-6, as published.
LOWEST_AT = (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)


def test_the_functions_take_their_lowest_values_where_they_should() -> None:
    for x, y in ((-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)):
        assert BRANIN.value({"x": x, "y": y}) == pytest.approx(BRANIN.lowest, abs=1e-5)
    at = {f"x{place}": value for place, value in enumerate(LOWEST_AT)}
    assert HARTMANN6.value(at) == pytest.approx(HARTMANN6.lowest, abs=1e-5)


def test_a_failed_trial_finds_nothing() -> None:
    found = searches.best_so_far([NAN, 3.0, NAN, 1.0, 2.0])
    assert np.array_equal(found, [NAN, 3, 3, 1, 1], equal_nan=True)


def test_searchers_stand_side_by_side_after_the_same_numbers_of_trials() -> None:
    curves = {"bayesian": [[4.0, 1.0, 2.0, 0.5]] * 2, "random": [[4.0, 3.0, 5.0, 2.0]] * 2}
    table = searches.showroom_table(curves, trials=4)
    head, _, bayesian, random = table.splitlines()
    assert [cell.strip() for cell in head.split("|")[2:-1]] == ["1 trials", "2 trials", "4 trials"]
    assert "4.0000" in bayesian
    assert "0.5000" in bayesian
    assert "2.0000" in random


def test_a_trial_is_compared_with_its_bare_training() -> None:
    cost = Cost("boosters", bare=[2.0, 4.0, 3.0], trial=[3.5, 3.5], search=9.0)
    assert cost.per_trial == 4.5
    assert "| 1.50 |" in " ".join(searches.cost_table([cost]).splitlines()[-1].split())


def test_every_searcher_searches_the_known_function() -> None:
    found = searches.on_known_function(BRANIN, trials=4, seeds=1)
    assert set(found) == {"bayesian", "Optuna alone", "random"}
    assert all(len(values) == 4 and min(values) >= 0 for [values] in found.values())
