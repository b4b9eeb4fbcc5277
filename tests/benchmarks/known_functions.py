"""Functions whose minimum is known, to see whether a search finds it.

Branin and Hartmann-6 as in Picheny, Wagner and Ginsbourger, "A benchmark of kriging-based infill
criteria for noisy optimization", 2013.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emailimg.tuning.proposals import Propose
from emailimg.tuning.space import Continuous, Params, Space
from emailimg.tuning.trials import Record, Trial

_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


@dataclass(frozen=True)
class Known:
    """A function over a space, and the lowest value it takes."""

    name: str
    space: Space
    value: Callable[[Params], float]
    lowest: float


def branin(params: Params) -> float:
    x, y = params["x"], params["y"]
    bowl = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(params: Params) -> float:
    x = np.array([params[f"x{place}"] for place in range(6)])
    return -float(_ALPHA @ np.exp(-np.sum(_A * (x - _P) ** 2, axis=1)))


BRANIN = Known(
    "Branin",
    {"x": Continuous(min=-5, max=10), "y": Continuous(min=0, max=15)},
    branin,
    0.397887,
)
HARTMANN6 = Known(
    "Hartmann-6", {f"x{p}": Continuous(min=0, max=1) for p in range(6)}, hartmann6, -3.322368
)


def ours(known: Known, propose: Propose, trials: int) -> list[float]:
    """The value of every trial of a search of ours, one after the other and without Ray."""
    record = Record("")
    for number in range(trials):
        params = propose(record, number)
        assert params is not None
        trial = Trial(number, params, "finished", known.value(params))
        record.trials[number] = trial
    return [trial.value for trial in record.all if trial.value is not None]


def plain_optuna(known: Known, seed: int, trials: int, startup: int) -> list[float]:
    """The same by Optuna alone, as its documentation shows it: one study, one sampler."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.GPSampler(seed=seed, n_startup_trials=startup)
    study = optuna.create_study(sampler=sampler)

    def value(trial: optuna.Trial) -> float:
        return known.value(
            {name: trial.suggest_float(name, p.min, p.max) for name, p in known.space.items()}
        )

    study.optimize(value, n_trials=trials)
    return [trial.value for trial in study.trials]
