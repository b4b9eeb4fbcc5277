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
    weights: str = "scratch"  # `imagenet`, `scratch`, or a local or s3:// .safetensors / .pth file
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=2)  # over all workers
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = Field(0.05, gt=0)  # peak, for the batch over all workers
    momentum: Probability = 0.9
    weight_decay: float = Field(5e-4, ge=0)
    schedule: Literal["one_cycle", "plateau"] = "one_cycle"  # `plateau` is the report's
    patience_epochs: int = Field(3, ge=0)  # of `plateau`
    label_smoothing: Probability = 0.0
    vehicle_type_weight: float = Field(1.0, gt=0)  # of that head's loss, beside the augmentation's
    # `auto` trains in bfloat16 where the hardware multiplies it fast, else in float32.
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    num_workers: int = Field(1, ge=1)
    cpus_per_worker: Cpus = 1.0
    threads_per_worker: int = Field(2, ge=1)  # torch threads; may exceed the CPU share
    use_gpu: bool = False
    max_failures: int = Field(2, ge=0)  # restarts of the worker group from the last checkpoint
    seed: int = 0

    @model_validator(mode="after")
    def _batch_divides(self) -> "EncoderConfig":
        if self.batch_size % self.num_workers:
            raise ValueError("batch_size must be a multiple of num_workers")
        return self


class EmbedConfig(Section):
    """What of the encoder the classifiers see."""

    kind: Literal["logits", "pooled"] = "logits"  # attribute logits, as in the report, or features
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
    seed: int = 0


class SearchConfig(Section):
    """The Bayesian search over the classifiers' settings."""

    trials: int = Field(6, ge=1)
    concurrent_trials: int = Field(1, ge=1)
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
