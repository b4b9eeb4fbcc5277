"""Which settings are tried next: Bayesian, random or grid search, as a searcher of Ray Tune.

What is proposed follows from the seed, the trial's number and the record of the search alone. So a
search that was stopped and continues proposes what an undisturbed one does.

Bayesian search begins with the config's own settings and a few points that cover the space evenly
(Sobol's sequence); from then on Optuna's Gaussian process proposes, through Ray Tune's
OptunaSearch.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch
from scipy.stats import qmc

from emailimg import seeding
from emailimg.errors import ConfigError
from emailimg.tuning.objective import VALUE
from emailimg.tuning.space import Categorical, Integer, Params, Space
from emailimg.tuning.trials import Record, Trial

Strategy = Literal["bayesian", "random", "grid"]
STRATEGIES: tuple[Strategy, ...] = ("bayesian", "random", "grid")
# The settings of the trial with this number, given the record; None where there are no more.
Propose = Callable[[Record, int], Params | None]

_LARGEST_GRID = 1_000_000
_DRAWS = 100


class Proposals(Searcher):
    """Numbers the trials, and notes them in the record before they start.

    Trials that an interrupted search left running come first, under their own numbers.
    """

    def __init__(self, record: Record, propose: Propose) -> None:
        super().__init__()
        self._record = record
        self._propose = propose
        self._interrupted = [trial for trial in record.all if trial.state == "running"]

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002
        if self._interrupted:
            trial = self._interrupted.pop(0)
        else:
            number = max(self._record.trials, default=-1) + 1
            params = self._propose(self._record, number)
            if params is None:
                return Searcher.FINISHED
            trial = Trial(number, params)
            self._record.keep(trial)
        return {"number": trial.number, "params": trial.params}

    def on_trial_complete(self, *_: Any, **__: Any) -> None:
        """Results are taken from the record."""


@dataclass(frozen=True)
class RandomSearch:
    """Independent draws, uniform on each parameter's scale."""

    space: Space
    seed: int

    def __call__(self, record: Record, number: int) -> Params:  # noqa: ARG002
        rng = seeding.generator(self.seed, "random search", number)
        return {name: parameter.value(rng.random()) for name, parameter in self.space.items()}


class GridSearch:
    """Every combination of a few values per parameter, in a random order, until all are tried."""

    def __init__(self, space: Space, seed: int, values_per_parameter: int = 3) -> None:
        self._axes = {name: p.spread(values_per_parameter) for name, p in space.items()}
        self.size = math.prod(len(values) for values in self._axes.values())
        if self.size > _LARGEST_GRID:
            raise ConfigError(
                f"a grid over {len(space)} parameters has {self.size:,} points; search fewer "
                "parameters, or take bayesian or random search"
            )
        self._order = seeding.generator(seed, "grid search").permutation(self.size)

    def __call__(self, record: Record, number: int) -> Params | None:  # noqa: ARG002
        if number >= self.size:
            return None
        rest, params = int(self._order[number]), {}
        for name, values in self._axes.items():
            rest, index = divmod(rest, len(values))
            params[name] = values[index]
        return params


@dataclass(frozen=True)
class BayesianSearch:
    """Optuna's Gaussian process, after a start that covers the space.

    first: points to try first, such as the config's own settings; start: how many trials there
    are, these included, before the Gaussian process takes over; known: results of an earlier
    search, which count as if they were this one's.
    """

    space: Space
    seed: int
    first: Sequence[Params] = ()
    start: int = 10
    known: Sequence[tuple[Params, float]] = ()

    def __call__(self, record: Record, number: int) -> Params:
        if number < len(self.first):
            return self.first[number]
        if number < self.start:
            return self._covering()[number - len(self.first)]
        tried = [params for params, _ in self.known] + [trial.params for trial in record.all]
        proposed = self._from_gaussian_process(record, number)
        return _untried(self.space, self.seed, number, tried) if proposed in tried else proposed

    def _covering(self) -> list[Params]:
        """Points that cover the space more evenly than random ones, in a fixed order."""
        seed = seeding.stable_hash(self.seed, "covering")
        with warnings.catch_warnings():
            # A part of the sequence is as good as another one of its length.
            warnings.filterwarnings("ignore", message="The balance properties of Sobol")
            sobol = qmc.Sobol(len(self.space), rng=np.random.default_rng(seed))
            positions = sobol.random(self.start)
        names = list(self.space)
        return [
            {name: self.space[name].value(float(at)) for name, at in zip(names, row, strict=True)}
            for row in positions
        ]

    def _from_gaussian_process(self, record: Record, number: int) -> Params:
        # Built anew for every proposal: a sampler keeps the state of its random numbers and of its
        # last fit, which a search that continues would lack. It costs a thousandth of the fit.
        running = [trial for trial in record.all if trial.state == "running"]
        search = OptunaSearch(
            {name: distribution(parameter) for name, parameter in self.space.items()},
            metric=VALUE,
            mode="min",
            points_to_evaluate=[trial.params for trial in running],
            sampler=_sampler(seeding.stable_hash(self.seed, number) % 2**31),
        )
        for params, value in [*self.known, *results(record.ended)]:
            search.add_evaluated_point(params, value)
        for trial in running:  # so that they are not proposed a second time
            search.suggest(str(trial.number))
        proposed = search.suggest("next")
        assert proposed is not None, "a study always has a next trial"
        return proposed


def _untried(space: Space, seed: int, number: int, tried: Sequence[Params]) -> Params:
    """A random point instead of one that was tried: the same training would come out the same."""
    rng = seeding.generator(seed, "instead", number)
    for _ in range(_DRAWS):
        params = {name: parameter.value(rng.random()) for name, parameter in space.items()}
        if params not in tried:
            break
    return params  # tried as well, where the space has little else


def starting_points(trials: int) -> int:
    """How many of so many trials a Bayesian search spends on covering the space."""
    return max(2, min(10, trials // 3))


def results(ended: Sequence[Trial]) -> list[tuple[Params, float]]:
    """What the Gaussian process is told.

    A trial without a value, which failed or was stopped before it had one, counts as the worst so
    far: left out, it would be proposed again.
    """
    values = [trial.value for trial in ended if trial.value is not None]
    if not values:
        return []
    worst = max(values)
    return [(t.params, worst if t.value is None else t.value) for t in ended]


def distribution(parameter: Any) -> Any:
    """A parameter as Optuna knows it."""
    from optuna import distributions

    if isinstance(parameter, Categorical):
        return distributions.CategoricalDistribution(parameter.values)
    log = parameter.scale == "log"
    if isinstance(parameter, Integer):
        return distributions.IntDistribution(parameter.min, parameter.max, log=log)
    return distributions.FloatDistribution(parameter.min, parameter.max, log=log)


def _sampler(seed: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.GPSampler(seed=seed, n_startup_trials=1)
