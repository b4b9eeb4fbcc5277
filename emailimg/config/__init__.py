"""The settings of a run: one frozen model per stage, checked when it is built.

A `Config` starts from a preset, is overlaid with a YAML file and `a.b=c` assignments, and turns
into JSON and back, so that it travels with the bundle. An unknown key or a value out of range
raises `ConfigError` naming the key and what is accepted.
"""

from emailimg.config.data import AugmentConfig, ImageConfig, SourceConfig, SplitConfig
from emailimg.config.labelling import LabelConfig, LabelRule, LogisticRule, TwoLevelRule
from emailimg.config.loading import changed, from_mapping, load
from emailimg.config.models import (
    ClassifierConfig,
    EmbedConfig,
    EncoderConfig,
    Precision,
    ReportConfig,
    SearchConfig,
)
from emailimg.config.presets import PRESETS
from emailimg.config.running import ClusterConfig, ServeConfig, ServiceSettings
from emailimg.config.whole import Config

__all__ = [
    "PRESETS",
    "AugmentConfig",
    "ClassifierConfig",
    "ClusterConfig",
    "Config",
    "EmbedConfig",
    "EncoderConfig",
    "ImageConfig",
    "LabelConfig",
    "LabelRule",
    "LogisticRule",
    "Precision",
    "ReportConfig",
    "SearchConfig",
    "ServeConfig",
    "ServiceSettings",
    "SourceConfig",
    "SplitConfig",
    "TwoLevelRule",
    "changed",
    "from_mapping",
    "load",
]
