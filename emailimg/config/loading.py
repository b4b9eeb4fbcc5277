"""Building a config: a preset, overlaid with a YAML file and `a.b=c` assignments."""

from typing import Any

import yaml
from pydantic import ValidationError

from emailimg import taxonomy, yaml_files
from emailimg.config.labelling import RULES_BY_KIND
from emailimg.config.presets import PRESETS
from emailimg.config.refusals import explain
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
        settings = _overlay(settings, _spell_targets(_read_yaml(config_file)))
    return _assigned(settings, assignments)


def changed(config: Config, assignments: tuple[str, ...] | list[str]) -> Config:
    """A config with `a.b=c` assignments laid over it; raises ConfigError."""
    return _assigned(config.model_dump(mode="json"), assignments)


def _assigned(settings: dict[str, Any], assignments: tuple[str, ...] | list[str]) -> Config:
    for assignment in assignments:
        settings = _overlay(settings, _spell_targets(_parse_assignment(assignment)))
    return from_mapping(settings)


def from_mapping(settings: dict[str, Any]) -> Config:
    """Build a Config; raises ConfigError that names every wrong key and what is accepted there."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(explain(error)) from None
    except TaxonomyError as error:
        raise ConfigError(str(error)) from None


def _overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """`top` laid over `base`, section by section; a value in `top` wins."""
    merged = dict(base)
    for key, value in top.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        replaces = not both_maps or _is_another_rule(merged[key], value)
        merged[key] = value if replaces else _overlay(merged[key], value)
    return merged


def _is_another_rule(base: dict[str, Any], top: dict[str, Any]) -> bool:
    """Whether `top` is a label rule with other settings than `base` has: it replaces that."""
    sorts = [RULES_BY_KIND.get(str(side.get("kind"))) for side in (base, top)]
    return None not in sorts and sorts[0] is not sorts[1]


def _spell_targets(settings: dict[str, Any]) -> dict[str, Any]:
    """Targets in `labels.rules` in our own spelling, so that they lie over the preset's."""
    labels = settings.get("labels")
    rules = labels.get("rules") if isinstance(labels, dict) else None
    if not isinstance(labels, dict) or not isinstance(rules, dict):
        return settings
    spelled = {_spell_target(name): rule for name, rule in rules.items()}
    return settings | {"labels": labels | {"rules": spelled}}


def _spell_target(name: Any) -> Any:
    try:
        return taxonomy.parse_target(str(name))
    except TaxonomyError:
        return name  # refused with the accepted ones when the config is built


def _read_yaml(config_file: str) -> dict[str, Any]:
    settings = yaml_files.read(config_file, "config file") or {}
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
