"""Building a config: a preset, overlaid with a YAML file and `a.b=c` assignments."""

from typing import Any

import yaml
from pydantic import ValidationError

from emailimg import storage
from emailimg.config.labelling import LabelRule
from emailimg.config.presets import PRESETS
from emailimg.config.whole import Config
from emailimg.errors import ConfigError, TaxonomyError


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
