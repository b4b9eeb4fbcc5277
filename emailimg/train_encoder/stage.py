"""From examples to the encoder's files: checks, training, the choice of the best checkpoint."""

import statistics
from collections.abc import Sequence

import ray
from ray.train import UserCallback

from emailimg import encoder, encoder_weights, resources, splits, storage, taxonomy
from emailimg.config import Config
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import ResourceError
from emailimg.parquet import read_table
from emailimg.progress import announce, track
from emailimg.resources import Bundle
from emailimg.techniques import TECHNIQUES
from emailimg.train_encoder import checkpoints, fit
from emailimg.train_encoder.batches import TrainingData


def build(
    config: Config,
    catalogue_folder: str,
    examples_folder: str,
    folder: str,
    callbacks: Sequence[UserCallback] = (),
) -> str:
    """Fine-tune the encoder on the examples; returns a summary line.

    callbacks: of Ray Train, told of every epoch.
    Raises ResourceError, ConfigError or EmailimgError before anything starts; TrainingError when
    training cannot go on, with the last good checkpoint left to continue from.
    """
    settings = config.encoder
    resources.require("encoder", needs(config), config.cluster)
    _leave_room_for_data(config)
    spec = _spec(config, examples_folder)
    examples = len(read_table(splits.folder(examples_folder, "train"), columns=["version"]))
    data = TrainingData(config, spec, catalogue_folder, examples_folder, examples)
    steps = data.steps_per_epoch
    encoder_weights.check(settings.arch, settings.weights)  # now, not once per worker and restart
    runs = storage.join(folder, "runs")
    checkpoints.sweep(runs)
    newest = checkpoints.newest(runs)
    if newest is None or newest.epoch < settings.epochs:
        announce([_plan(data)])
        with track("encoder", settings.epochs * steps * data.images_per_step, "images") as reporter:
            fit.run(data, folder, reporter, callbacks)
    return _keep_best(folder)


def needs(config: Config) -> list[Bundle]:
    """What the stage holds at the same time: every worker, and a Ray Data task to feed them."""
    settings = config.encoder
    gpus = 1.0 if settings.use_gpu else 0.0
    workers = resources.cpu_bundles(settings.fewest_workers, settings.cpus_per_worker, gpus)
    # Ray Data's tasks that cut the rows into a share per worker hold a whole CPU each.
    least = 1.0 if settings.num_workers > 1 else 0.0
    return workers + resources.cpu_bundles(1, max(least, config.cluster.cpus_per_data_task))


def _leave_room_for_data(config: Config) -> None:
    """An elastic run takes all the workers that fit; with every CPU taken nobody feeds them."""
    settings = config.encoder
    if settings.min_workers is None:
        return
    cpus, gpus = (ray.cluster_resources().get(name, 0) for name in ("CPU", "GPU"))
    fitting = min(settings.num_workers, cpus // settings.cpus_per_worker)
    workers = min(fitting, gpus) if settings.use_gpu else fitting
    left = cpus - workers * settings.cpus_per_worker
    if left < config.cluster.cpus_per_data_task and not config.cluster.autoscaling:
        raise ResourceError(
            f"an elastic run would take {workers:g} workers of {settings.cpus_per_worker:g} CPUs "
            f"here and leave {left:g} of {cpus:g} CPUs; a Ray Data task needs "
            f"{config.cluster.cpus_per_data_task:g}: lower encoder.num_workers, "
            "encoder.cpus_per_worker or cluster.cpus_per_data_task"
        )


def _spec(config: Config, examples_folder: str) -> EncoderSpec:
    """The heads: what was done to the image, and its vehicle type where there are at least two."""
    train_folder = splits.folder(examples_folder, "train")
    found = set(read_table(train_folder, columns=["vehicle_type"])["vehicle_type"].dropna())
    composed = config.augment.mode == "composed"
    heads = (
        {"techniques": tuple(TECHNIQUES)}
        if composed
        else {"augmentation_class": taxonomy.AUGMENTATION_CLASSES}
    )
    if len(found) > 1:
        heads["vehicle_type"] = tuple(name for name in taxonomy.VEHICLE_TYPES if name in found)
    multi_label = ("techniques",) if composed else ()
    return EncoderSpec(config.encoder.arch, config.images.model_size_px, heads, multi_label)


def _plan(data: TrainingData) -> str:
    """Batch size and learning rate, per worker and in total."""
    settings = data.config.encoder
    elastic = settings.min_workers is not None
    workers = f"up to {data.workers}" if elastic else str(data.workers)
    rate = settings.learning_rate
    return (
        f"encoder: {settings.arch}, {workers} workers x {data.batch_per_worker} images = "
        f"{data.images_per_step} a step, learning rate {rate:g} for these "
        f"({rate / data.workers:g} per worker's share), {data.steps_per_epoch} steps an epoch"
    )


def _keep_best(folder: str) -> str:
    """Copy the best checkpoint's encoder and the whole history into the stage's folder."""
    runs = storage.join(folder, "runs")
    best, newest = checkpoints.best(runs), checkpoints.newest(runs)
    assert best is not None, "every epoch ends with a checkpoint"
    assert newest is not None
    encoder.save(encoder.load(best.location), folder)
    history = checkpoints.read_history(newest.location)
    storage.write_json(storage.join(folder, "history.json"), history)
    checkpoints.sweep(runs)
    rate = statistics.median(record["images_per_s"] for record in history)
    accuracy = history[best.epoch - 1]["validation_accuracy"]
    return (
        f"{len(history)} epochs, best is {best.epoch}: validation accuracy {accuracy:.3f}, "
        f"{rate:.0f} images/s"
    )
