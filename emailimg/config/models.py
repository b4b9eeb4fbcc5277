"""Settings of the models: encoder, embeddings, classifiers, search and their scorecard."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from emailimg import taxonomy
from emailimg.config.section import Cpus, Probability, Section


class EncoderConfig(Section):
    """The fine-tuned ResNet and how Ray Train fits it."""

    arch: Literal["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"] = "resnet18"
    # Augment the training images anew in every epoch; False repeats the written examples.
    fresh_versions: bool = True
    # So many of each source image in an epoch, beside its original; None: `augment.copies`.
    fresh_copies: int | None = Field(None, ge=1)
    # `imagenet`, one of torchvision's names such as `IMAGENET1K_V1`, `scratch`, or a local or
    # s3:// .safetensors / .pth file.
    weights: str = "scratch"
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=2)  # over all workers; each takes batch_size / workers
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = Field(0.05, gt=0)  # peak, for the batch over all workers
    momentum: Probability = 0.9
    weight_decay: float = Field(5e-4, ge=0)
    # `cosine` warms up and then falls to 0, step by step; `plateau`, the report's, is divided by
    # ten when the validation accuracy has not risen for `patience_epochs`.
    schedule: Literal["cosine", "plateau"] = "cosine"
    warmup_share: Probability = 0.3  # of all steps, in which `cosine` rises to its peak
    patience_epochs: int = Field(3, ge=0)  # of `plateau`
    label_smoothing: Probability = 0.0
    vehicle_type_weight: float = Field(1.0, gt=0)  # of that head's loss, beside the augmentation's
    # `auto`: bfloat16 where the hardware multiplies it fast, else float16 on a GPU that does (V100,
    # T4), else float32.
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    compile: bool = False  # torch.compile; needs a C++ compiler
    # The same weights from the same seed and number of workers, on a GPU too; False lets cuDNN try
    # out which of its algorithms is the fastest.
    deterministic: bool = True
    num_workers: int = Field(1, ge=1)
    # Elastic: train with as many workers as the cluster has room for, from so many to num_workers,
    # and change their number while it runs; None: always num_workers.
    min_workers: int | None = Field(None, ge=1)
    resize_check_s: float = Field(60.0, gt=0)  # how often an elastic run looks for more room
    cpus_per_worker: Cpus = 1.0
    threads_per_worker: int = Field(2, ge=1)  # torch threads; may exceed the CPU share
    use_gpu: bool = False
    max_failures: int = Field(2, ge=0)  # restarts of the worker group from the last checkpoint
    seed: int = 0

    @model_validator(mode="after")
    def _workers_fit(self) -> "EncoderConfig":
        if self.batch_size % self.num_workers:
            raise ValueError("batch_size must be a multiple of num_workers")
        if self.min_workers is not None and self.min_workers > self.num_workers:
            raise ValueError("min_workers must not be more than num_workers")
        return self

    @property
    def fewest_workers(self) -> int:
        """Workers without which training does not start."""
        return self.num_workers if self.min_workers is None else self.min_workers


Precision = Literal["float32", "bfloat16"]


class EmbedConfig(Section):
    """What of the encoder the classifiers see."""

    kind: Literal["logits", "pooled"] = "logits"  # attribute logits, as in the report, or features
    # Of the convolutions on a CPU, here and in the service alike: classifiers that were trained on
    # the numbers of one lose a little on those of the other. CPUs without bfloat16 use float32.
    precision: Precision = "float32"
    batch_size: int = Field(128, ge=1)
    num_actors: int = Field(1, ge=1)
    cpus_per_actor: Cpus = 1.0
    use_gpu: bool = False


class ClassifierConfig(Section):
    """One gradient-boosted model per target, trained by xgboost-ray."""

    max_depth: int = Field(4, ge=1, le=16)
    learning_rate: float = Field(0.1, gt=0, le=1)
    rounds: int = Field(300, ge=1)  # at most; early stopping ends sooner
    early_stopping_rounds: int = Field(25, ge=1)
    min_child_weight: float = Field(5.0, ge=0)
    subsample: float = Field(0.9, gt=0, le=1)
    colsample_bytree: float = Field(0.8, gt=0, le=1)
    reg_lambda: float = Field(1.0, ge=0)
    concurrent_targets: int = Field(2, ge=1)  # trained at the same time, each with its own actors
    num_actors: int = Field(1, ge=1)
    cpus_per_actor: int = Field(1, ge=1)
    max_actor_restarts: int = Field(1, ge=0)
    seeds: int = Field(1, ge=1, le=20)  # boosters per target, averaged in log-odds
    # Boosters on bootstrap samples, whose disagreement makes the intervals; 0: no intervals.
    members: int = Field(10, ge=0, le=100)
    seed: int = 0

    @field_validator("members")
    @classmethod
    def _can_disagree(cls, members: int) -> int:
        if members == 1:
            raise ValueError("one member cannot disagree with itself: 0, or 2 and more")
        return members


class SearchConfig(Section):
    """The Bayesian search over the classifiers' settings."""

    trials: int = Field(6, ge=1)
    # None: as many as the cluster holds. What the Gaussian process proposes depends on how many.
    concurrent_trials: int | None = Field(1, ge=1)
    early_stopping: bool = (
        False  # of trials that are behind (ASHA); of small boosters it saves nothing
    )
    targets: tuple[str, ...] = ()  # that are searched, together; empty: every target
    seed: int = 0

    @field_validator("targets")
    @classmethod
    def _known_targets(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(taxonomy.parse_target(target) for target in targets)


class ReportConfig(Section):
    """What the scorecard draws."""

    calibration_bins: int = Field(10, ge=2)
    bootstrap_samples: int = Field(200, ge=10)
    candidates: int = Field(6, ge=1, le=50)  # edits, and alternates, of each upload shown
