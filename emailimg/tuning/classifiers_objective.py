"""The objective of the classifiers: mean validation log-loss of the searched targets.

A trial trains one target after the other. Its step is the number of rounds that it was allowed so
far: the rounds of the targets before, however few early stopping has left of them, and those of
the target at work. A target that is not trained yet counts with its base rate, so that trials are
compared like with like.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from ray import tune

from emailimg import classifiers, held_out, resources
from emailimg.config import Config
from emailimg.tuning import scheduling
from emailimg.tuning.objective import Objective, progress
from emailimg.tuning.space import Space


def create(
    config: Config, space: Space, embeddings_folder: str, targets: Sequence[str]
) -> Objective:
    """The search for classifiers on embeddings that are there."""
    rounds = most_rounds(config, space)
    shares = config.classifiers
    actors = resources.cpu_bundles(shares.num_actors, shares.cpus_per_actor)
    steps = rounds * len(targets)
    first_check = max(1, steps // 6)

    def work(settings: Config, folder: str) -> float:  # noqa: ARG001  # nothing is written
        checks = list(scheduling.checks(first_check, steps))
        return train(settings, embeddings_folder, targets, rounds, checks)

    return Objective(
        name=name(targets),
        work=work,
        needs=actors,
        reserved=actors,
        steps=steps,
        first_check=first_check,
    )


def name(targets: Sequence[str]) -> str:
    """What the search makes smaller, for people."""
    return "mean validation log-loss of " + ", ".join(targets)


def most_rounds(config: Config, space: Space) -> int:
    """The most rounds of a target that a trial of the space may ask for."""
    searched = space.get("classifiers.rounds")
    return config.classifiers.rounds if searched is None else max(searched.ends())


def train(
    config: Config,
    embeddings_folder: str,
    targets: Sequence[str],
    rounds: int,
    checks: Sequence[int],
) -> float:
    """A trial's work, in its own process: train all targets, and report at the checks."""
    losses = {t: held_out.base_rate_log_loss(embeddings_folder, t) for t in targets}
    for position, target in enumerate(targets):
        before = position * rounds
        model = classifiers.train(
            config.classifiers,
            embeddings_folder,
            target,
            on_round=functools.partial(_report, losses, target, before),
            at_rounds=[check - before for check in checks],
        )
        losses[target] = model.log_loss
        if target != targets[-1]:  # the end of the last is that of the trial
            _report(losses, target, before, rounds, model.log_loss)
    return _mean(losses)


def _report(losses: Mapping[str, float], target: str, before: int, done: int, loss: float) -> None:
    """Tell Ray Tune of some rounds of a target; losses: of all targets before these rounds."""
    value = _mean({**losses, target: loss})
    tune.report(progress(before + done, value, value))


def _mean(losses: Mapping[str, float]) -> float:
    return float(np.mean(list(losses.values())))
