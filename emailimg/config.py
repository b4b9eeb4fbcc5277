"""The settings of a run: one frozen model per stage, checked when it is built.

A `Config` starts from a preset, is overlaid with a YAML file and `a.b=c` assignments, and turns
into JSON and back, so that it travels with the bundle. An unknown key or a value out of range
raises `ConfigError` naming the key and what is accepted.
"""

from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from emailimg import storage, taxonomy
from emailimg.errors import ConfigError, TaxonomyError

Probability = Annotated[float, Field(ge=0, le=1)]
Cpus = Annotated[float, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SourceConfig(_Section):
    """Where the images come from: a rendered showroom unless `images` names a folder."""

    images: str | None = None  # folder of image files, local or s3://; None renders the showroom
    table: str | None = None  # CSV or Parquet with attributes and labels, joined by file name
    showroom_images: int = Field(1500, ge=1)  # number of scenes to render
    showroom_seed: int = 0
    showroom_long_side_px: int = Field(200, ge=32)
    max_reject_share: Probability = 0.1  # a larger share of bad files stops the run


class ImageConfig(_Section):
    """Limits on what is decoded, and the two sizes an image passes through."""

    max_bytes: int = Field(20 * 2**20, ge=1)
    max_pixels: int = Field(50_000_000, ge=1)
    min_side_px: int = Field(16, ge=1)
    working_size_px: int = Field(160, ge=32)  # longer side at which augmentations and edits happen
    model_size_px: int = Field(64, ge=32)  # side of the square that the encoder sees

    @model_validator(mode="after")
    def _working_holds_model(self) -> "ImageConfig":
        if self.working_size_px < self.model_size_px:
            raise ValueError("working_size_px must be at least model_size_px")
        return self


class AugmentConfig(_Section):
    """Augmented versions per source image; the original is always kept beside them."""

    copies: int = Field(1, ge=1)  # augmented versions per source image; 1 doubles the images
    # Relative odds of each of the report's blocks; within a block every technique is as likely.
    block_weights: dict[str, float] = {
        block: float(len(techniques)) for block, techniques in taxonomy.AUGMENTATION_BLOCKS.items()
    }
    seed: int = 0

    @field_validator("block_weights")
    @classmethod
    def _known_blocks(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(taxonomy.AUGMENTATION_BLOCKS))
        if unknown:
            accepted = ", ".join(taxonomy.AUGMENTATION_BLOCKS)
            raise ValueError(f"unknown block {', '.join(unknown)}; accepted: {accepted}")
        if min(weights.values(), default=0) < 0 or sum(weights.values()) <= 0:
            raise ValueError("weights must be >= 0 and at least one must be positive")
        return weights


class LabelRule(_Section):
    """How the true probability of one target follows from an image's attributes and context."""

    kind: Literal["augmentation", "vehicle_type"]
    high: Probability = 0.8  # brighter or rotated; or SUV and Convertible
    low: Probability = 0.2
    # Size, in log-odds, of the effects of campaign type and industry; 0 is the report's own rule.
    context_strength: float = Field(0.5, ge=0)

    @model_validator(mode="after")
    def _inside_unit_interval(self) -> "LabelRule":
        if not 0 < self.low < self.high < 1:
            raise ValueError("need 0 < low < high < 1")
        return self


class LabelConfig(_Section):
    """One synthetic label rule per target; labels that come with the images are used instead."""

    rules: dict[str, LabelRule] = {
        "open_rate": LabelRule(kind="augmentation"),
        "click_to_open_rate": LabelRule(kind="augmentation"),
        "revenue_per_email": LabelRule(kind="vehicle_type"),
        "conversion_rate": LabelRule(kind="vehicle_type"),
    }
    sends_per_image: int = Field(20, ge=1)  # n of the k-of-n labels; 1 is the report's binary label
    seed: int = 0

    @field_validator("rules", mode="before")
    @classmethod
    def _known_targets(cls, rules: Any) -> Any:
        """Accept any spelling of a target; a target set to null is dropped from the preset's."""
        if not isinstance(rules, dict):
            return rules
        # A later spelling of a target replaces an earlier one: null drops it in any spelling.
        parsed = {taxonomy.parse_target(str(name)): rule for name, rule in rules.items()}
        kept = {name: rule for name, rule in parsed.items() if rule is not None}
        if not kept:
            raise ValueError("at least one target is needed")
        return kept


class SplitConfig(_Section):
    """Shares of the source images; all versions of one source image are on one side."""

    test: Probability = 0.2  # touched by the scorecard only
    validation: Probability = 0.15  # best checkpoint, early stopping, calibration, search
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> "SplitConfig":
        if not (self.test > 0 and self.validation > 0 and self.test + self.validation < 1):
            raise ValueError("test and validation must be positive and sum to less than 1")
        return self


class EncoderConfig(_Section):
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


class EmbedConfig(_Section):
    """What of the encoder the classifiers see."""

    kind: Literal["logits", "pooled"] = "logits"  # attribute logits, as in the report, or features
    batch_size: int = Field(128, ge=1)
    num_actors: int = Field(1, ge=1)
    cpus_per_actor: Cpus = 1.0
    use_gpu: bool = False


class ClassifierConfig(_Section):
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


class SearchConfig(_Section):
    """The Bayesian search over the classifiers' settings."""

    trials: int = Field(6, ge=1)
    concurrent_trials: int = Field(1, ge=1)
    targets: tuple[str, ...] = ()  # that are searched, together; empty: every target
    seed: int = 0

    @field_validator("targets")
    @classmethod
    def _known_targets(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(taxonomy.parse_target(target) for target in targets)


class ReportConfig(_Section):
    """What the scorecard draws."""

    calibration_bins: int = Field(10, ge=2)
    bootstrap_samples: int = Field(200, ge=10)
    candidates: int = Field(6, ge=1, le=50)  # edits, and alternates, of each upload shown


class ServeConfig(_Section):
    """The Ray Serve application."""

    application: str = "serve_app.graph:build_app"  # import path, as in a Serve config file
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    cpus_per_replica: Cpus = 0.1
    torch_threads: int = Field(1, ge=1)
    request_timeout_s: float = Field(30.0, gt=0)


class ClusterConfig(_Section):
    """CPU shares that the stages have in common, and how long to wait for them."""

    data_tasks: int = Field(2, ge=1)  # Ray Data tasks at the same time
    cpus_per_data_task: Cpus = 1.0
    schedule_timeout_s: float = Field(45.0, gt=0)  # raise it where an autoscaler adds machines
    autoscaling: bool = False  # True: wait for CPUs that the cluster does not have yet


class Config(_Section):
    """Everything a run needs to know besides where its workspace is."""

    source: SourceConfig = SourceConfig()
    images: ImageConfig = ImageConfig()
    augment: AugmentConfig = AugmentConfig()
    labels: LabelConfig = LabelConfig()
    split: SplitConfig = SplitConfig()
    encoder: EncoderConfig = EncoderConfig()
    embed: EmbedConfig = EmbedConfig()
    classifiers: ClassifierConfig = ClassifierConfig()
    search: SearchConfig = SearchConfig()
    report: ReportConfig = ReportConfig()
    serve: ServeConfig = ServeConfig()
    cluster: ClusterConfig = ClusterConfig()

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of this run, in the taxonomy's order."""
        return tuple(target for target in taxonomy.TARGETS if target in self.labels.rules)

    @model_validator(mode="after")
    def _search_targets_exist(self) -> "Config":
        unknown = sorted(set(self.search.targets) - set(self.targets))
        if unknown:
            raise ValueError(
                f"search.targets: {', '.join(unknown)} has no rule in labels.rules; "
                f"accepted: {', '.join(self.targets)}"
            )
        return self


PRESETS: dict[str, dict[str, Any]] = {
    # Seconds per stage: for tests and for a first look at a new cluster.
    "tiny": {
        "source": {"showroom_images": 96, "showroom_long_side_px": 96},
        "images": {"working_size_px": 96, "model_size_px": 32},
        "encoder": {"epochs": 2, "num_workers": 2, "cpus_per_worker": 0.5, "threads_per_worker": 1},
        "classifiers": {"rounds": 20, "early_stopping_rounds": 5},
        "search": {"trials": 2, "targets": ["open_rate"]},
        "report": {"bootstrap_samples": 50},
    },
    # Minutes on two cores, from scratch, with scores worth looking at.
    "quickstart": {
        # More images for fewer epochs: the vehicle type is learnt from scratch, and needs variety.
        "source": {"showroom_images": 1900},
        "encoder": {
            "optimizer": "adamw",
            "learning_rate": 2e-3,
            "weight_decay": 0.05,
            "label_smoothing": 0.1,
            "epochs": 8,
            # Two targets depend on the vehicle type, which is the harder attribute at 64 px.
            "vehicle_type_weight": 1.5,
        },
        "search": {"trials": 4, "targets": ["revenue_per_email"]},
    },
    # The report's own recipe at the size of its data set.
    "paper": {
        "source": {"showroom_images": 16_185, "showroom_long_side_px": 320},
        "images": {"working_size_px": 320, "model_size_px": 224},
        "labels": {
            "sends_per_image": 1,
            "rules": {
                "open_rate": {"kind": "augmentation", "context_strength": 0},
                "click_to_open_rate": {"kind": "augmentation", "context_strength": 0},
                "revenue_per_email": {"kind": "vehicle_type", "context_strength": 0},
                "conversion_rate": {"kind": "vehicle_type", "context_strength": 0},
            },
        },
        "encoder": {
            "arch": "resnet34",
            "weights": "imagenet",
            "schedule": "plateau",
            "fresh_versions": False,
            "learning_rate": 0.01,
            "batch_size": 64,
        },
        "search": {"trials": 20},
    },
}


def load(
    preset: str, config_file: str | None = None, assignments: tuple[str, ...] | list[str] = ()
) -> Config:
    """A preset, overlaid with a YAML file and then with `a.b=c` assignments (values are YAML)."""
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}; accepted: {', '.join(PRESETS)}")
    settings = _overlay(Config().model_dump(mode="json"), PRESETS[preset])
    if config_file is not None:
        settings = _overlay(settings, _read_yaml(config_file))
    for assignment in assignments:
        settings = _overlay(settings, _parse_assignment(assignment))
    return from_mapping(settings)


def from_mapping(settings: dict[str, Any]) -> Config:
    """Build a Config; raises ConfigError that names every wrong key and what is accepted there."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(detail) for detail in error.errors())) from None
    except TaxonomyError as error:
        raise ConfigError(str(error)) from None


def _explain(detail: Any) -> str:
    location = [part for part in detail["loc"] if isinstance(part, str)]
    key = ".".join(location)
    if detail["type"] != "extra_forbidden":
        message = detail["msg"].removeprefix("Value error, ")
        return f"{key}: {message}" if key else message
    return f"unknown config key {key!r}; accepted here: {', '.join(_accepted_keys(location))}"


def _accepted_keys(location: list[str]) -> list[str]:
    section: Any = Config
    for name in location[:-1]:
        field = section.model_fields.get(name)
        if field is None or not hasattr(field.annotation, "model_fields"):
            return list(LabelRule.model_fields)  # the only sections with names of the user's own
        section = field.annotation
    return list(section.model_fields)


def _overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """`top` laid over `base`, section by section; a rule or value in `top` wins."""
    merged = dict(base)
    for key, value in top.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _overlay(merged[key], value) if both_maps else value
    return merged


def _read_yaml(config_file: str) -> dict[str, Any]:
    if not storage.exists(config_file):
        raise ConfigError(f"config file {config_file!r} does not exist")
    try:
        settings = yaml.safe_load(storage.read_bytes(config_file)) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"config file {config_file!r} is not YAML: {error}") from None
    if not isinstance(settings, dict):
        raise ConfigError(f"config file {config_file!r} must hold sections such as `encoder:`")
    return settings


def _parse_assignment(assignment: str) -> dict[str, Any]:
    """`encoder.epochs=3` -> {"encoder": {"epochs": 3}}."""
    key, equals, value = assignment.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            f"--set takes SECTION.KEY=VALUE, e.g. encoder.epochs=3; got {assignment!r}"
        )
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {assignment!r}: the value is not YAML") from None
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    return nested
