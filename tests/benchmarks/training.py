"""Training side by side: the encoder stage beside plain PyTorch loops, and what comes out of it."""

import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emailimg.encoder_spec import EncoderSpec, read_spec
from tune_jobs import markdown

from . import compare, machine, measure, tables, training_data_sets
from .contenders import ray_config
from .job import Job
from .measure import Phase
from .tables import Pace

# What the report took for ten epochs of its images, an original and an augmented version each.
REPORT_HOURS = {"the report, one V100": 0.56, "the report, eight V100s": 0.37}
REPORT_IMAGES = 10 * 2 * 16_185

_NOTES = """\
Medians of {repeat} rounds (with the lowest and highest) in which all take turns, each in a process
of its own: {arch} from {weights}, {model} px, {precision}, batches of {batch}, {images} training
images per epoch, on {device}. The pace is that of the {steady} epochs after the first, without
validation and checkpoints; the share of the ceiling is taken within each round. The whole run goes
from a session that is up, or imports that are done, to the finished output: of Ray Train with the
start of its workers, reading, shuffling, {epochs} validations and checkpoints; of the others with
reading alone.

*Tensors in memory*, the ceiling, is a plain PyTorch loop over the same images, all read before the
first step{on_gpu}; *ImageFolder + DataLoader* is torchvision's, over JPEG files of the same images
at their final size, with {workers} loader processes. Waiting for data is the share of the epoch
in which the loop waited for its next batch{waiting}. *New versions every epoch* has Ray Data tasks
augment the images anew beside the training, which the others do not."""


@dataclass(frozen=True)
class Contender:
    """Who runs under which name in the table, and its settings on top of the job's."""

    title: str
    work: str  # in `contenders.CONTENDERS`
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One run of one contender.

    history: one record per epoch, as in the encoder stage's history.json.
    """

    phases: dict[str, Phase]
    history: list[dict[str, Any]]
    spec: EncoderSpec | None = None  # of the network that the encoder stage has trained

    @property
    def precision(self) -> str:
        """As the hardware allowed."""
        return self.history[0]["precision"]

    @property
    def images(self) -> int:
        """In every epoch."""
        first = self.history[0]
        return round(first["images_per_s"] * first["seconds"])

    @property
    def images_per_s(self) -> float:
        """After the first epoch, in which workers start and kernels are chosen."""
        seconds = [record["seconds"] for record in self.history[1:]]
        return self.images * len(seconds) / sum(seconds)

    @property
    def waited(self) -> float:
        """Share of the time after the first epoch in which the loop waited for its next batch."""
        steady = self.history[1:]
        waits = sum(record["data_wait_s"] for record in steady)
        return waits / sum(record["seconds"] for record in steady)


def settings(
    *, arch: str | None, weights: str, epochs: int, gpu: bool, threads: int
) -> tuple[str, ...]:
    """The assignments that make the preset's training the same work for all."""
    chosen = [
        "encoder.fresh_versions=false",  # files hold the written examples
        f"encoder.weights={weights}",
        f"encoder.epochs={epochs}",
        f"encoder.use_gpu={json.dumps(gpu)}",
        "encoder.num_workers=1",
        "encoder.cpus_per_worker=1",
        f"encoder.threads_per_worker={threads}",
    ]
    return (*chosen, *([] if arch is None else [f"encoder.arch={arch}"]))


def refuse_without_gpu() -> None:
    """Leave with a sentence where --gpu was given and there is none."""
    if not machine.gpus():
        raise SystemExit(
            "--gpu: torch finds no GPU on this machine; leave it out to train on the processor"
        )


def contenders(job: Job, processors: int) -> dict[str, Contender]:
    """Who takes turns; processors: cores, or GPUs, for the question of two workers."""
    gpu = ray_config(job).encoder.use_gpu
    entered = {
        "ray_train": Contender("Ray Train", "ray_train"),
        "tensors": Contender("tensors in memory", "tensors"),
        "image_folder": Contender("ImageFolder + DataLoader", "image_folder"),
        "ray_train_fresh": Contender(
            "Ray Train, new versions every epoch", "ray_train", ("encoder.fresh_versions=true",)
        ),
    }
    if processors < 2:
        return entered
    two = ("encoder.num_workers=2",)
    if gpu:
        return entered | {"ray_train_two": Contender("Ray Train, two GPUs", "ray_train", two)}
    # One thread each: a worker with all the cores leaves none for a second one.
    thread = ("encoder.threads_per_worker=1",)
    return entered | {
        "ray_train_one_thread": Contender("Ray Train, one thread", "ray_train", thread),
        "ray_train_two": Contender(
            "Ray Train, two workers of one thread", "ray_train", (*thread, *two)
        ),
    }


def side_by_side(job: Job, repeat: int) -> dict[str, Any]:
    """All contenders in turn, `repeat` times, on data that is made before."""
    gpu = ray_config(job).encoder.use_gpu
    entered = contenders(job, len(machine.gpus()) if gpu else machine.cores())
    print(f"making {job.count} pictures and their versions", file=sys.stderr)
    training_data_sets.make(job)
    runs: dict[str, list[Run]] = {name: [] for name in entered}
    for _ in range(repeat):
        for name, done in runs.items():
            done.append(run_once(entered[name], job))
    check_same_work(job, runs)
    return {"text": text(job, entered, runs), "runs": runs}


def run_once(contender: Contender, job: Job) -> Run:
    """Run a contender into an empty folder, which is deleted afterwards."""
    job = replace(job, settings=(*job.settings, *contender.settings))
    with compare.emptied(job) as output:
        phases, _ = measure.run(contender.work, job)
        history = json.loads((output / "history.json").read_text())
        ours = (output / "encoder.json").exists()
        run = Run(phases, history, read_spec(str(output)) if ours else None)
    print(f"{contender.title}: {run.images_per_s:.0f} images/s", file=sys.stderr)
    return run


def check_same_work(job: Job, runs: dict[str, list[Run]]) -> None:
    """The same network, and as many images per epoch, or the figures compare different work."""
    encoder = ray_config(job).encoder
    plain = training_data_sets.spec(job, encoder.arch)
    expected = runs["tensors"][0].images
    for name, done in runs.items():
        for run in done:
            # Two workers share the images in another way, and an epoch of new versions is one of
            # source images; they may lose a batch by it.
            allowed = 0 if name in ("ray_train", "image_folder") else encoder.batch_size
            if abs(run.images - expected) > allowed:
                raise SystemExit(f"{name} trained on {run.images} images, not on {expected}")
            if run.precision != runs["tensors"][0].precision:
                raise SystemExit(f"{name} calculated in {run.precision}, not as the others")
            if run.spec not in (None, plain):
                raise SystemExit(f"{name} trained another network: {run.spec}, not {plain}")


def text(job: Job, entered: dict[str, Contender], runs: dict[str, list[Run]]) -> str:
    """The tables and notes, as Markdown."""
    lines = {name: pace(entered[name].title, done) for name, done in runs.items()}
    parts = [tables.training(list(lines.values()), lines["tensors"])]
    parts += _two_workers(lines)
    if ray_config(job).encoder.use_gpu:
        parts.append(_hours(list(lines.values())))
    return "\n\n".join([*parts, _notes(job, runs)])


def pace(title: str, runs: Sequence[Run]) -> Pace:
    return Pace(
        title,
        images_per_s=[run.images_per_s for run in runs],
        seconds=[run.phases["work"].seconds for run in runs],
        waited=[run.waited for run in runs],
    )


def _two_workers(lines: dict[str, Pace]) -> list[str]:
    if "ray_train_two" not in lines:
        return []
    alone = lines.get("ray_train_one_thread", lines["ray_train"])
    two = lines["ray_train_two"]
    return [f"*{two.title}*: {tables.spread(two.times(alone), '.2f')} times *{alone.title}*."]


def _hours(lines: Sequence[Pace]) -> str:
    """How long the report's training would take at each pace, beside what it took."""
    hours = [(line.title, line.hours(REPORT_IMAGES)) for line in lines]
    hours += [(title, [taken]) for title, taken in REPORT_HOURS.items()]
    rows = [[title, tables.spread(values, ".3f")] for title, values in hours]
    return markdown.table(["10 epochs of 32,370 images, at this pace", "hours"], rows)


def _notes(job: Job, runs: dict[str, list[Run]]) -> str:
    encoder = ray_config(job).encoder
    on_processor = f"{job.workers} threads of the processor"
    filled = _NOTES.format(
        repeat=len(runs["tensors"]),
        arch=encoder.arch,
        weights=Path(encoder.weights).name,
        model=job.model_size_px,
        precision=runs["tensors"][0].precision,
        batch=encoder.batch_size,
        images=runs["tensors"][0].images,
        device=machine.gpus()[0] if encoder.use_gpu else on_processor,
        steady=encoder.epochs - 1,
        epochs=encoder.epochs,
        workers=job.workers,
        on_gpu=" and held in the GPU's memory" if encoder.use_gpu else "",
        waiting="; a GPU that is behind waits less than its loop" if encoder.use_gpu else "",
    )
    return "\n\n".join(textwrap.fill(part, 100) for part in filled.split("\n\n"))
