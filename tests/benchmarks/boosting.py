"""Boosting side by side: xgboost-ray beside plain XGBoost, and what comes out of it."""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from tune_jobs import markdown

from . import boosting_data, compare, measure, tables
from .job import Job
from .measure import Phase

_MIB = 2**20
_HEADS = ("", "rows", "seconds", "rows/s", "overhead, s", "peak memory, MiB", "log-loss")
_NOTES = """\
{repeats}, each training in a process of its own: {rounds} rounds of boosting
with trees of depth 4 on 64 features, k-of-n labels, a tenth as many rows for validation, {threads}
threads in all. Seconds go from files to the calibrated model: reading, training,
validation and calibration; with xgboost-ray the start of its actors too, in a Ray session that is
up. Memory is the peak of the PSS of all processes, Ray's daemons included. The overhead is what
xgboost-ray's seconds are more than plain XGBoost's, turn by turn."""


@dataclass(frozen=True)
class Contender:
    """Who runs under which name in the table, and with how many actors; 0: without Ray."""

    title: str
    actors: int

    def job(self, job: Job) -> Job:
        """The job with the threads shared by the actors."""
        actors = max(1, self.actors)
        shares = (
            f"classifiers.num_actors={actors}",
            f"classifiers.cpus_per_actor={job.workers // actors}",
        )
        return replace(job, settings=(*job.settings, *shares))


@dataclass(frozen=True)
class Run:
    """One run of one contender, and what it told: log-loss, rounds, predictions per second."""

    work: Phase
    told: dict[str, str]


_PLAIN = Contender("XGBoost", 0)


def jobs(folder: Path, rows: Sequence[int], rounds: int, threads: int) -> list[Job]:
    """One for each number of rows; no early stopping, so that all do the same work."""
    settings = (
        f"classifiers.rounds={rounds}",
        f"classifiers.early_stopping_rounds={rounds}",
        "classifiers.max_actor_restarts=0",
        "classifiers.members=0",  # plain XGBoost has no intervals either
    )
    return [
        Job(None, count, str(folder / "output"), "quickstart", 32, 32, threads,
            str(folder / f"rows-{count}"), settings)
        for count in rows
    ]  # fmt: skip


def contenders(threads: int, alone: bool = False) -> list[Contender]:
    """Plain XGBoost, and one actor with all the threads; two actors where they divide by two.

    alone: the one with the most actors, for more rows than there is time to compare on.
    """
    entered = [_PLAIN, Contender("xgboost-ray, 1 actor", 1)]
    if threads % 2 == 0:
        entered.append(Contender("xgboost-ray, 2 actors", 2))
    return entered[-1:] if alone else entered


def side_by_side(planned: Sequence[Job], repeat: int, alone: bool = False) -> dict[str, Any]:
    """All contenders in turn, `repeat` times, at every number of rows; or ours `alone`."""
    parts, runs = [], {}
    for job in planned:
        print(f"making {job.count} rows", file=sys.stderr)
        boosting_data.make(Path(str(job.data)), job.count)
        done: dict[Contender, list[Run]] = {one: [] for one in contenders(job.workers, alone)}
        for _ in range(repeat):
            for contender, its in done.items():
                its.append(run_once(contender, job))
        check_same_work(done)
        shutil.rmtree(str(job.data))  # gigabytes
        parts += lines(job, done)
        runs[job.count] = {contender.title: its for contender, its in done.items()}
    table = markdown.table(_HEADS, parts)
    text = "\n\n".join([table, predictions(runs), _notes(planned[0], repeat)])
    return {"text": text, "runs": runs}


def run_once(contender: Contender, job: Job) -> Run:
    """Run a contender into an empty folder, which is deleted afterwards."""
    with compare.emptied(job):
        name = "xgboost_ray" if contender.actors else "plain_xgboost"
        phases, told = measure.run(name, contender.job(job))
    run = Run(phases["work"], told)
    print(f"{contender.title}, {job.count} rows: {run.work.seconds:.1f} s", file=sys.stderr)
    return run


def check_same_work(done: dict[Contender, list[Run]]) -> None:
    """As many rounds and as good a model, or the figures compare different work."""
    if _PLAIN not in done:
        return
    plain = done[_PLAIN][0].told
    for contender, runs in done.items():
        for run in runs:
            if run.told["rounds"] != plain["rounds"]:
                raise SystemExit(
                    f"{contender.title} boosted {run.told['rounds']} rounds, not {plain['rounds']}"
                )
            losses = float(run.told["log_loss"]), float(plain["log_loss"])
            if abs(losses[0] - losses[1]) > 0.01 * losses[1]:
                raise SystemExit(f"{contender.title} reached {losses[0]:.4f}, not {losses[1]:.4f}")


def lines(job: Job, done: dict[Contender, list[Run]]) -> list[list[str]]:
    """The table's lines of one number of rows."""
    found = []
    for contender, runs in done.items():
        seconds = [run.work.seconds for run in runs]
        found.append(
            [
                contender.title,
                f"{job.count:,}",
                tables.spread(seconds, ".1f"),
                tables.spread([job.count / taken for taken in seconds], ",.0f"),
                _overhead(seconds, done.get(_PLAIN, [])) if contender.actors else "",
                tables.spread([run.work.peak_bytes / _MIB for run in runs], ",.0f"),
                runs[0].told["log_loss"][:6],
            ]
        )
    return found


def _overhead(seconds: Sequence[float], plain: Sequence[Run]) -> str:
    more = [taken - other.work.seconds for taken, other in zip(seconds, plain, strict=False)]
    return tables.spread(more, "+.1f") if more else ""


def predictions(runs: dict[int, dict[str, list[Run]]]) -> str:
    """What `Classifiers.predict` does in a second; any of the models will do."""
    told = [run.told for by_title in runs.values() for done in by_title.values() for run in done]
    rates = {
        name: median(float(one[name]) for one in told if name in one)
        for name in ("batch_per_s", "one_by_one_per_s")
    }
    return (
        f"`Classifiers.predict` on one thread: {rates['batch_per_s']:,.0f} rows/s of 100,000 at "
        f"once, {rates['one_by_one_per_s']:,.0f} one by one "
        f"({1000 / rates['one_by_one_per_s']:.2f} ms each)."
    )


def _notes(job: Job, repeat: int) -> str:
    rounds = dict(setting.split("=") for setting in job.settings)["classifiers.rounds"]
    repeats = (
        f"Medians of {repeat} turns (with the lowest and highest)" if repeat > 1 else "One turn"
    )
    filled = _NOTES.format(repeats=repeats, rounds=json.loads(rounds), threads=job.workers)
    return textwrap.fill(filled, 100)
