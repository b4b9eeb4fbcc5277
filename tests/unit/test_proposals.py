"""What is proposed: inside the space, the same again, and better than chance."""

import itertools
from collections.abc import Callable
from statistics import median

import pytest
from benchmarks import known_functions
from benchmarks.known_functions import BRANIN

from emailimg.errors import ConfigError
from emailimg.tuning import proposals
from emailimg.tuning.proposals import BayesianSearch, GridSearch, Proposals, Propose, RandomSearch
from emailimg.tuning.space import Categorical, Continuous, Integer, inside
from emailimg.tuning.trials import Record, Trial

SPACE = {
    "classifiers.learning_rate": Continuous(min=0.01, max=1, scale="log"),
    "classifiers.max_depth": Integer(min=2, max=5),
    "embed.kind": Categorical(values=("logits", "pooled")),
}


def trial(number: int, value: float | None, depth: int = 3, **other: object) -> Trial:
    params = {
        "classifiers.learning_rate": 0.1,
        "classifiers.max_depth": depth,
        "embed.kind": "pooled",
    }
    return Trial(number, params, value=value, **{"state": "finished"} | other)  # type: ignore[arg-type]


def record_of(*trials: Trial) -> Record:
    return Record("", {one.number: one for one in trials})


def test_random_search_draws_inside_the_space_and_the_same_again() -> None:
    search = RandomSearch(SPACE, seed=3)
    drawn = [search(record_of(), number) for number in range(200)]
    assert all(inside(SPACE, params) for params in drawn)
    assert drawn[:5] == [RandomSearch(SPACE, seed=3)(record_of(), n) for n in range(5)]
    assert drawn[0] != RandomSearch(SPACE, seed=4)(record_of(), 0)
    rates = [params["classifiers.learning_rate"] for params in drawn]
    assert 60 < sum(rate < 0.1 for rate in rates) < 140  # as many below the middle of the decades
    assert {params["classifiers.max_depth"] for params in drawn} == {2, 3, 4, 5}


def test_grid_search_tries_every_combination_once() -> None:
    search = GridSearch(SPACE, seed=0, values_per_parameter=3)
    points = list(itertools.takewhile(bool, (search(record_of(), n) for n in itertools.count())))
    assert len(points) == search.size == 3 * 3 * 2
    assert len({tuple(params.values()) for params in points}) == search.size
    assert all(inside(SPACE, params) for params in points)


def test_a_grid_without_end_is_refused() -> None:
    wide = {f"x{place}": Continuous(min=0, max=1) for place in range(20)}
    with pytest.raises(ConfigError, match="a grid over 20 parameters has 3,486,784,401 points"):
        GridSearch(wide, seed=0)


def test_bayesian_search_begins_with_what_is_given_and_covers_the_space() -> None:
    own = {"classifiers.learning_rate": 0.5, "classifiers.max_depth": 2, "embed.kind": "logits"}
    search = BayesianSearch(SPACE, seed=1, first=[own], start=9)
    points = [search(record_of(), number) for number in range(9)]
    assert points[0] == own
    assert all(inside(SPACE, params) for params in points)
    rates = [params["classifiers.learning_rate"] for params in points[1:]]
    assert sum(rate < 0.1 for rate in rates) == 4  # half of them in each half, as of no 8 draws


def test_the_gaussian_process_depends_on_the_record_alone() -> None:
    ended = [trial(number, 0.1 * number, depth=2 + number % 4) for number in range(4)]
    one, two = (BayesianSearch(SPACE, seed=1, start=3)(record_of(*ended), 4) for _ in range(2))
    assert one == two
    assert inside(SPACE, one)


def test_a_failed_trial_counts_as_the_worst_so_far() -> None:
    """Optuna leaves failures out, and would propose them again."""
    failed = trial(2, None, depth=5, state="failed")
    told = proposals.results([trial(0, 0.5), trial(1, 0.7), failed])
    assert [value for _, value in told] == [0.5, 0.7, 0.7]
    assert proposals.results([failed]) == []


def test_what_was_tried_is_not_tried_again() -> None:
    """The Gaussian process allows for noise, and would like to see the best once more."""
    narrow = {"classifiers.max_depth": Integer(min=1, max=6)}
    record = Record("")
    for number in range(6):
        params = BayesianSearch(narrow, seed=0, start=2)(record, number)
        value = abs(params["classifiers.max_depth"] - 4)
        record.trials[number] = Trial(number, params, "finished", value)
    assert len({trial.params["classifiers.max_depth"] for trial in record.all}) == 6


def test_running_trials_are_not_proposed_again() -> None:
    narrow = {"embed.kind": Categorical(values=("logits", "pooled"))}
    running = Trial(1, {"embed.kind": "pooled"})
    ended = Trial(0, {"embed.kind": "logits"}, "finished", 1.0)
    search = BayesianSearch(narrow, seed=0, start=0)
    assert search(record_of(ended), 1) == {"embed.kind": "pooled"}
    assert inside(narrow, search(record_of(ended, running), 2))


def test_interrupted_trials_come_first_under_their_own_numbers(tmp_path: object) -> None:
    record = Record(
        str(tmp_path), {one.number: one for one in (trial(0, 1.0), trial(1, None, state="running"))}
    )
    searcher = Proposals(record, RandomSearch(SPACE, seed=0))
    assert searcher.suggest("a") == {"number": 1, "params": record.trials[1].params}
    assert searcher.suggest("b")["number"] == 2
    assert record.trials[2].state == "running"


def test_branin_is_minimised_as_well_as_by_optuna_alone_and_better_than_by_chance() -> None:
    trials, start = 30, 6

    def middle(search: Callable[[int], list[float]]) -> float:
        return median(min(search(seed)) - BRANIN.lowest for seed in range(3))

    def ours(propose: Propose) -> list[float]:
        return known_functions.ours(BRANIN, propose, trials)

    bayesian = middle(lambda seed: ours(BayesianSearch(BRANIN.space, seed, start=start)))
    random = middle(lambda seed: ours(RandomSearch(BRANIN.space, seed)))
    optuna = middle(lambda seed: known_functions.plain_optuna(BRANIN, seed, trials, start))
    assert 0 <= bayesian < 0.1
    assert bayesian < optuna + 0.1
    assert bayesian < 0.3 * random
