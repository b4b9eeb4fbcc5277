"""Does the search find? Known functions, the showroom, and what a trial costs beside its training.

Bayesian and random search get the same number of trials and the same seeds. On functions whose
minimum is known (without Ray) Optuna alone takes part. On the showroom both search the classifiers
of all targets on the same embeddings, through Ray Tune. The cost of a trial is measured on trials
that all do the same work: nothing but the seed of the training is searched.
"""

import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from emailimg import classifiers, pipeline, ray_session, storage, train_encoder
from emailimg.config import Config
from emailimg.stages import Workspace
from emailimg.tuning import classifiers_objective, defaults, encoder_objective, runs
from emailimg.tuning.proposals import BayesianSearch, RandomSearch, Strategy, starting_points
from emailimg.tuning.runs import Plan
from emailimg.tuning.space import Integer
from emailimg.tuning.trials import Record, Trial
from tune_jobs import markdown

from . import known_functions, tables
from .contenders import ray_config
from .job import Job
from .known_functions import BRANIN, HARTMANN6, Known

Curves = dict[str, list[list[float]]]  # per searcher: per seed the value of every trial

_NOTES = """\
Medians over {seeds} seeds, with the lowest and highest. *Known functions*: how far the best of so
many trials is above the minimum; ours begins with {start} points of a Sobol sequence, Optuna alone
(its GPSampler) with as many random ones. *Showroom*: the best mean validation log-loss in nats of
{targets} after so many trials over {parameters} parameters; {images} images, preset {preset}, every
trial run to its end, one at a time. *Cost*: the same training bare, as the stage does it, and
as a trial of a search over nothing but its seed, one at a time; the search includes the start of
Ray Tune and its end."""


@dataclass(frozen=True)
class Cost:
    """Seconds of the bare training, of a trial in Ray Tune's own count, and of a whole search."""

    title: str
    bare: list[float]
    trial: list[float]
    search: float

    @property
    def per_trial(self) -> float:
        return self.search / len(self.trial)


class _Silent:
    """Watches a search without a word."""

    def begin(self, record: Record) -> None:
        pass

    def reached(self, number: int, step: int, checked: float) -> None:
        pass

    def ended(self, trial: Trial) -> None:
        pass


def side_by_side(
    job: Job, trials: int, known_trials: int, seeds: int, repeat: int
) -> dict[str, Any]:
    """All three comparisons; the showroom has `job.count` images."""
    known = {f.name: on_known_function(f, known_trials, seeds) for f in (BRANIN, HARTMANN6)}
    config = ray_config(job)
    with ray_session.session("local", num_cpus=job.workers):
        workspace = pipeline.run(config, job.output, until="embeddings")
        showroom = on_showroom(config, workspace, trials, seeds)
        costs = [
            of_classifiers(config, workspace, repeat),
            of_encoder(config, workspace, repeat),
        ]
    text = "\n\n".join(
        [
            known_table(known, known_trials),
            showroom_table(showroom, trials),
            cost_table(costs),
            _notes(job, config, known_trials, seeds),
        ]
    )
    return {"text": text, "known": known, "showroom": showroom, "costs": costs}


def on_known_function(known: Known, trials: int, seeds: int) -> Curves:
    """How far every trial is above the minimum."""
    start = starting_points(trials)

    def ours(seed: int) -> list[float]:
        search = BayesianSearch(known.space, seed, start=start)
        return known_functions.ours(known, search, trials)

    def random(seed: int) -> list[float]:
        return known_functions.ours(known, RandomSearch(known.space, seed), trials)

    def optuna(seed: int) -> list[float]:
        return known_functions.plain_optuna(known, seed, trials, start)

    searchers: dict[str, Callable[[int], list[float]]] = {
        "bayesian": ours,
        "Optuna alone": optuna,
        "random": random,
    }
    return {
        name: [[value - known.lowest for value in search(seed)] for seed in range(seeds)]
        for name, search in searchers.items()
    }


def on_showroom(config: Config, workspace: Workspace, trials: int, seeds: int) -> Curves:
    """The log-loss of every trial of a search over the classifiers."""
    space = defaults.of_classifiers(config)
    embeddings = workspace.folder("embeddings")
    objective = classifiers_objective.create(config, space, embeddings, config.targets)
    found: Curves = {"bayesian": [], "random": []}
    strategies: tuple[Strategy, ...] = ("bayesian", "random")
    for seed in range(seeds):
        for strategy in strategies:
            folder = workspace.path("tuning", f"{strategy}-{seed}")
            plan = Plan(
                objective=objective,
                config=config,
                space=space,
                folder=folder,
                trials=trials,
                data="",
                strategy=strategy,
                concurrent=1,
                seed=seed,
                early_stopping=False,
            )
            record = runs.run(plan, _Silent())
            found[strategy].append(
                [float("nan") if t.value is None else t.value for t in record.all]
            )
    return found


def of_classifiers(config: Config, workspace: Workspace, repeat: int) -> Cost:
    """Of the boosters of all targets, one after the other."""
    one_by_one = config.classifiers.model_copy(update={"concurrent_targets": 1})
    config = config.model_copy(update={"classifiers": one_by_one})
    embeddings = workspace.folder("embeddings")

    def bare(_: int) -> None:
        classifiers.train_all(config.classifiers, embeddings, config.targets)

    space = {"classifiers.seed": Integer(min=0, max=10_000)}
    objective = classifiers_objective.create(config, space, embeddings, config.targets)
    plan = Plan(objective, config, space, workspace.path("tuning", "cost-classifiers"), repeat, "")
    return _cost("classifiers of all targets", bare, plan)


def of_encoder(config: Config, workspace: Workspace, repeat: int) -> Cost:
    """Of two epochs of the encoder."""
    short = config.encoder.model_copy(update={"epochs": 2})
    config = config.model_copy(update={"encoder": short})
    folders = workspace.folder("catalogue"), workspace.folder("examples")

    def bare(number: int) -> None:
        folder = workspace.path("tuning", f"bare-encoder-{number}")
        train_encoder.build(config, *folders, folder)
        storage.delete_folder(folder)

    space = {"encoder.seed": Integer(min=0, max=10_000)}
    objective = encoder_objective.create(config, space, *folders)
    plan = Plan(objective, config, space, workspace.path("tuning", "cost-encoder"), repeat, "")
    return _cost("encoder, two epochs", bare, plan)


def _cost(title: str, bare: Callable[[int], None], plan: Plan) -> Cost:
    times = [_timed(lambda number=number: bare(number)) for number in range(plan.trials)]
    plan = replace(plan, strategy="random", concurrent=1, early_stopping=False)
    records: list[Record] = []
    search = _timed(lambda: records.append(runs.run(plan, _Silent())))
    return Cost(title, times, [trial.seconds for trial in records[0].ended], search)


def _timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def known_table(known: dict[str, Curves], trials: int) -> str:
    """A line per function and searcher."""
    after = _checkpoints(trials)
    heads = ["above the minimum after", *(f"{count} trials" for count in after)]
    rows = [
        [f"{function}, {searcher}", *_best_after(curves, after, ".2g")]
        for function, searchers in known.items()
        for searcher, curves in searchers.items()
    ]
    return markdown.table(heads, rows)


def showroom_table(curves: Curves, trials: int) -> str:
    """A line per searcher."""
    after = _checkpoints(trials)
    heads = ["best log-loss after", *(f"{count} trials" for count in after)]
    rows = [[name, *_best_after(of_seeds, after, ".4f")] for name, of_seeds in curves.items()]
    return markdown.table(heads, rows)


def cost_table(costs: Sequence[Cost]) -> str:
    """A line per training."""
    heads = ["seconds of", "bare", "a trial", "search / trials", "times bare"]
    rows = [
        [
            cost.title,
            tables.spread(cost.bare, ".1f"),
            tables.spread(cost.trial, ".1f"),
            f"{cost.per_trial:.1f}",
            f"{cost.per_trial / median(cost.bare):.2f}",
        ]
        for cost in costs
    ]
    return markdown.table(heads, rows)


def best_so_far(values: Sequence[float]) -> np.ndarray:
    """What a search has found after each of its trials; failed ones (NaN) find nothing."""
    return np.fmin.accumulate(np.asarray(values, float))


def _best_after(curves: Sequence[Sequence[float]], after: Sequence[int], form: str) -> list[str]:
    best = [best_so_far(values) for values in curves]
    return [tables.spread([float(b[count - 1]) for b in best], form) for count in after]


def _checkpoints(trials: int) -> list[int]:
    return sorted({max(1, trials // 4), max(1, trials // 2), trials})


def _notes(job: Job, config: Config, known_trials: int, seeds: int) -> str:
    filled = _NOTES.format(
        seeds=seeds,
        start=starting_points(known_trials),
        parameters=len(defaults.of_classifiers(config)),
        images=job.count,
        preset=job.preset,
        targets=", ".join(config.targets),
    )
    return textwrap.fill(filled, 100)


def draw(curves: Curves, path: Path) -> None:
    """Write the best-so-far curves as SVG: medians with the span of the seeds."""
    from emailimg.report.svg import ACCENT, MUTED, new_axes, standalone, themed, to_svg

    @themed
    def drawing() -> str:
        figure, axes = new_axes(560, 300)
        for (name, of_seeds), colour in zip(curves.items(), (ACCENT, MUTED), strict=True):
            best = np.array([best_so_far(values) for values in of_seeds])
            counts = np.arange(1, best.shape[1] + 1)
            axes.fill_between(
                counts, best.min(0), best.max(0), color=colour, alpha=0.15, step="post"
            )
            middle = np.median(best, axis=0)
            axes.step(counts, middle, where="post", color=colour, linewidth=2.5, label=name)
        axes.legend(frameon=False)  # beside their ends the names would lie on each other
        axes.set(xlabel="trials", ylabel="best log-loss so far, nats")
        axes.grid(True, axis="y")
        return standalone(to_svg(figure, name="search", title="Best so far of both searches"))

    path.write_text(drawing())
