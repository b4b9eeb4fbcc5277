"""The encoder stage: Ray Train fine-tunes the ResNet on the images' attributes, data-parallel.

Every epoch ends with a checkpoint (weights, optimiser, scheduler, history); the best one by
validation accuracy becomes the encoder. The same command after an interruption continues from the
last checkpoint: the stage keeps what an interrupted run of the same settings left in its folder.

Output folder: encoder.safetensors, encoder.json, history.json; runs/ holds Ray Train's files.
"""

import io
import json
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import ray
import ray.train
import torch
import torch.distributed
from ray.train import Checkpoint, CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer
from torch import Tensor, nn

from emailimg import encoder, resources, splits, storage, taxonomy
from emailimg.config import Config, EncoderConfig
from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle
from emailimg.techniques import TECHNIQUES
from emailimg.training_data import TrainingData

_SELECTED_BY = "score"


@dataclass
class _Sums:
    """Loss and hits over one pass, in sums so that workers can add theirs up."""

    heads: tuple[str, ...]
    values: Tensor = field(init=False)  # [loss, rows, then hits and rows per head]

    def __post_init__(self) -> None:
        self.values = torch.zeros(2 + 2 * len(self.heads), dtype=torch.float64)

    def add(self, loss: Tensor, logits: dict[str, Tensor], targets: dict[str, Tensor]) -> None:
        rows = len(next(iter(targets.values())))
        counts = [loss.detach() * rows, torch.tensor(rows)]
        for head in self.heads:
            counts += _hits(logits[head].detach(), targets[head])
        self.values += torch.stack([count.double().cpu() for count in counts])

    def means(self) -> dict[str, float]:
        """`loss` and each head's accuracy over all workers."""
        if torch.distributed.is_initialized():
            device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
            total = self.values.to(device)
            torch.distributed.all_reduce(total)
            self.values = total.cpu()
        loss, rows, *hits = self.values.tolist()
        means = {"loss": loss / max(rows, 1)}
        for position, head in enumerate(self.heads):
            means[head] = hits[2 * position] / max(hits[2 * position + 1], 1)
        return means


def _hits(logits: Tensor, truth: Tensor) -> list[Tensor]:
    """Right answers, and answers of which the truth is known; a yes or no counts as one of each."""
    if truth.is_floating_point():  # of a multi-label head
        return [((logits > 0) == (truth > 0.5)).sum(), torch.tensor(truth.numel())]
    known = truth >= 0
    return [((logits.argmax(1) == truth) & known).sum(), known.sum()]


def build(config: Config, catalogue_folder: str, examples_folder: str, folder: str) -> str:
    """Fine-tune the encoder on the examples; returns a summary line."""
    settings = config.encoder
    resources.require("encoder", needs(config), config.cluster)
    spec = _spec(config, examples_folder)
    data = TrainingData(config, spec, catalogue_folder, examples_folder)
    if settings.weights != "scratch":
        encoder.create(spec, settings.weights)  # a clear error now, not one per worker and restart
    steps = data.steps_per_epoch()
    total = settings.epochs * steps * data.images_per_step
    with track("encoder", total, "images") as reporter:
        result = _trainer(data, steps, folder, reporter).fit()
    assert result.best_checkpoints, "every epoch reports a checkpoint"
    best, metrics = max(result.best_checkpoints, key=lambda pair: pair[1][_SELECTED_BY])
    return _keep_best(best, metrics, folder)


def needs(config: Config) -> list[Bundle]:
    """What the stage holds at the same time: every worker, and a Ray Data task to feed them."""
    settings = config.encoder
    gpus = 1.0 if settings.use_gpu else 0.0
    workers = resources.cpu_bundles(settings.num_workers, settings.cpus_per_worker, gpus)
    return workers + resources.data_bundles(config.cluster)


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


def _trainer(data: TrainingData, steps: int, folder: str, reporter: Reporter) -> TorchTrainer:
    settings = data.config.encoder
    runs = storage.join(folder, "runs")
    fs, path = storage.filesystem(runs)
    storage.make_folder(runs)
    return TorchTrainer(
        _train_worker,
        train_loop_config={"data": data, "steps": steps, "reporter": reporter},
        scaling_config=ScalingConfig(
            num_workers=settings.num_workers,
            use_gpu=settings.use_gpu,
            resources_per_worker={"CPU": settings.cpus_per_worker}
            | ({"GPU": 1} if settings.use_gpu else {}),
        ),
        run_config=RunConfig(
            name="encoder",
            storage_path=path,
            storage_filesystem=fs,
            failure_config=FailureConfig(max_failures=settings.max_failures),
            checkpoint_config=CheckpointConfig(
                num_to_keep=2,
                checkpoint_score_attribute=_SELECTED_BY,
                checkpoint_score_order="max",
            ),
        ),
        datasets=data.datasets(),
        dataset_config=ray.train.DataConfig(datasets_to_split=["train"]),
    )


def _train_worker(job: dict[str, Any]) -> None:
    """The loop that every worker runs."""
    data: TrainingData = job["data"]
    settings = data.config.encoder
    world_size = ray.train.get_context().get_world_size()
    torch.set_num_threads(settings.threads_per_worker)
    cv2.setNumThreads(1)  # its threads would fight the ones of torch
    torch.manual_seed(settings.seed)
    model = ray.train.torch.prepare_model(encoder.create(data.spec, settings.weights))
    optimizer = _optimizer(settings, model)
    scheduler = _scheduler(settings, optimizer, job["steps"])
    history = _resume(model, optimizer, scheduler)
    job["reporter"].add(len(history) * job["steps"] * data.images_per_step / world_size)
    for epoch in range(len(history) + 1, settings.epochs + 1):
        started = time.monotonic()
        train_means = _train_epoch(job, model, optimizer, scheduler, epoch)
        train_s = time.monotonic() - started
        validation_means = _validate(job, model)
        rate = optimizer.param_groups[0]["lr"]
        if settings.schedule == "plateau":
            scheduler.step(validation_means[data.spec.augmentation_head])
        history.append(_record(epoch, train_means, validation_means, rate, train_s, job))
        _report(model, optimizer, scheduler, history)


def _bare(model: nn.Module) -> Encoder:
    """The encoder inside what Ray Train wraps around it for several workers."""
    module = model.module if hasattr(model, "module") else model
    assert isinstance(module, Encoder)
    return module


def _optimizer(settings: EncoderConfig, model: nn.Module) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adamw":
        # One kernel for all weights: on two cores a step takes a fifth less.
        return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(
        model.parameters(),
        lr=rate,
        weight_decay=decay,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        fused=True,
    )


def _scheduler(settings: EncoderConfig, optimizer: torch.optim.Optimizer, steps: int) -> Any:
    """`plateau` steps on accuracy once an epoch (the report's); `one_cycle` steps every batch."""
    if settings.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", patience=settings.patience_epochs
        )
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=settings.learning_rate,
        total_steps=settings.epochs * steps,
        pct_start=0.3,
        cycle_momentum=False,
    )


def _train_epoch(
    job: dict[str, Any], model: nn.Module, optimizer: Any, scheduler: Any, epoch: int
) -> dict[str, float]:
    data: TrainingData = job["data"]
    settings = data.config.encoder
    model.train()
    sums = _Sums(tuple(data.spec.heads))
    for step, (pixels, targets) in enumerate(data.training_batches(epoch)):
        if step == job["steps"]:
            break  # the short last batch
        optimizer.zero_grad(set_to_none=True)
        with _autocast(settings, pixels.device):
            logits = model(pixels)
        loss = _loss(settings, logits, targets, settings.label_smoothing)
        loss.backward()
        optimizer.step()
        if settings.schedule == "one_cycle":
            scheduler.step()
        sums.add(loss, logits, targets)
        job["reporter"].add(len(pixels), f"epoch {epoch}/{settings.epochs}")
    return sums.means()


@torch.inference_mode()
def _validate(job: dict[str, Any], model: nn.Module) -> dict[str, float]:
    """Every row is counted by exactly one worker, whatever their number."""
    model.eval()
    module = _bare(model)
    context = ray.train.get_context()
    data: TrainingData = job["data"]
    sums = _Sums(tuple(data.spec.heads))
    for position, (pixels, targets) in enumerate(data.validation_batches()):
        if position % context.get_world_size() != context.get_world_rank():
            continue
        with _autocast(data.config.encoder, pixels.device):
            logits = module(pixels)
        sums.add(_loss(data.config.encoder, logits, targets), logits, targets)
    return sums.means()


def _loss(
    settings: EncoderConfig,
    logits: dict[str, Tensor],
    targets: dict[str, Tensor],
    smoothing: float = 0.0,
) -> Tensor:
    """Mean cross-entropy, summed over the heads by weight; unknown classes (-1) do not count."""
    weights = {"vehicle_type": settings.vehicle_type_weight}
    losses = [
        weights.get(head, 1.0) * _head_loss(logits[head].float(), targets[head], smoothing)
        for head in logits
        if bool((targets[head] >= 0).any())
    ]
    return torch.stack(losses).sum()


def _head_loss(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    if truth.is_floating_point():
        # A yes or no each. Summed over the classes, so that it weighs as much as one of K classes.
        smoothed = truth * (1 - smoothing) + smoothing / 2
        losses = nn.functional.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
        return losses.sum(1).mean()
    return nn.functional.cross_entropy(logits, truth, ignore_index=-1, label_smoothing=smoothing)


def _autocast(settings: EncoderConfig, device: torch.device) -> AbstractContextManager[Any]:
    enabled = settings.precision == "bfloat16" or (
        settings.precision == "auto" and _multiplies_bfloat16(device)
    )
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # On CPUs with bfloat16 instructions an epoch takes three fifths of the time.
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _record(
    epoch: int,
    train_means: dict[str, float],
    validation_means: dict[str, float],
    learning_rate: float,
    train_s: float,
    job: dict[str, Any],
) -> dict[str, float]:
    augmentation = job["data"].spec.augmentation_head
    record = {
        "epoch": epoch,
        "train_loss": train_means["loss"],
        "train_accuracy": train_means[augmentation],
        "validation_loss": validation_means["loss"],
        "validation_accuracy": validation_means[augmentation],
        "learning_rate": learning_rate,
        "seconds": train_s,
        "images_per_s": job["steps"] * job["data"].images_per_step / train_s,
    }
    for head in job["data"].spec.heads:
        record[f"validation_accuracy_{head}"] = validation_means[head]
    return record


def _report(model: nn.Module, optimizer: Any, scheduler: Any, history: list[Any]) -> None:
    """Report the epoch; rank 0 adds the checkpoint."""
    latest = history[-1]
    heads = [value for name, value in latest.items() if name.startswith("validation_accuracy_")]
    metrics = latest | {_SELECTED_BY: float(np.mean(heads))}
    if ray.train.get_context().get_world_rank() != 0:
        ray.train.report(metrics, checkpoint=None)
        return
    with tempfile.TemporaryDirectory() as folder:
        encoder.save(_bare(model), folder)
        state = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
        torch.save(state, Path(folder, "training_state.pt"))
        Path(folder, "history.json").write_text(json.dumps(history))
        ray.train.report(metrics, checkpoint=Checkpoint.from_directory(folder))


def _resume(model: nn.Module, optimizer: Any, scheduler: Any) -> list[dict[str, float]]:
    """Load the last checkpoint, if any, into the model and optimiser; returns the history."""
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return []
    with checkpoint.as_directory() as folder:
        _bare(model).load_state_dict(encoder.load(folder).state_dict())
        data = io.BytesIO(Path(folder, "training_state.pt").read_bytes())
        state = torch.load(data, map_location="cpu", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
        return json.loads(Path(folder, "history.json").read_text())


def _keep_best(best: Checkpoint, metrics: dict[str, Any], folder: str) -> str:
    """Copy the best checkpoint's encoder and the whole history into the stage's folder."""
    with best.as_directory() as source:
        encoder.save(encoder.load(source), folder)
    runs = storage.join(folder, "runs")
    histories = [file for file in storage.list_files(runs) if file.endswith("/history.json")]
    history = max((storage.read_json(file) for file in histories), key=len)
    storage.write_json(storage.join(folder, "history.json"), history)
    seconds = sum(record["seconds"] for record in history)
    rate = sum(r["images_per_s"] * r["seconds"] for r in history) / seconds
    return (
        f"{len(history)} epochs, best is {metrics['epoch']}: validation accuracy "
        f"{metrics['validation_accuracy']:.3f}, {rate:.0f} images/s"
    )
