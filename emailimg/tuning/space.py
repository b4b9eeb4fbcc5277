"""What is searched: parameters of a config with their kinds, bounds and scales.

A space maps settings to parameters, as a YAML file writes them:

    encoder.learning_rate: {type: continuous, min: 0.0001, max: 0.01, scale: log}
    encoder.batch_size: {type: categorical, values: [32, 64, 128]}
    classifiers.max_depth: {type: integer, min: 2, max: 8}

The kinds and scales are those of SageMaker's tuner. A position is a number in [0, 1] that says
where between its bounds a value is, on the parameter's scale; searches and plots think in these.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from emailimg import yaml_files
from emailimg.config import Config, from_mapping
from emailimg.config.section import Section
from emailimg.errors import ConfigError

Scale = Literal["linear", "log"]
SECTIONS = ("encoder", "embed", "classifiers")


class _Range(Section):
    """What numbers have in common."""

    scale: Scale = "linear"

    def _bounds(self) -> tuple[float, float]:
        """On the scale on which positions are counted."""
        low, high = self.min, self.max  # type: ignore[attr-defined]
        return (math.log(low), math.log(high)) if self.scale == "log" else (low, high)

    @model_validator(mode="after")
    def _is_a_range(self) -> "_Range":
        low, high = self.min, self.max  # type: ignore[attr-defined]
        if low >= high:
            raise ValueError(f"min {low:g} must be less than max {high:g}")
        if self.scale == "log" and low <= 0:
            raise ValueError(f"min {low:g} must be more than 0 on a log scale")
        return self


class Continuous(_Range):
    """Any number from min to max."""

    type: Literal["continuous"] = "continuous"
    min: float
    max: float

    def value(self, position: float) -> float:
        low, high = self._bounds()
        value = low + position * (high - low)
        value = math.exp(value) if self.scale == "log" else value
        return min(max(value, self.min), self.max)

    def position(self, value: float) -> float:
        low, high = self._bounds()
        return ((math.log(value) if self.scale == "log" else value) - low) / (high - low)

    def holds(self, value: Any) -> bool:
        return _is_number(value) and self.min <= value <= self.max

    def ends(self) -> tuple[float, float]:
        return self.min, self.max

    def spread(self, count: int) -> list[float]:
        """`count` values at equal distances on the scale, the bounds included."""
        return [self.value(step / max(count - 1, 1)) for step in range(count)]


class Integer(_Range):
    """Any whole number from min to max."""

    type: Literal["integer"] = "integer"
    min: int
    max: int

    def value(self, position: float) -> int:
        # Every whole number gets its own share of the positions, the ends as well.
        low, high = self.min - 0.5, self.max + 0.5
        if self.scale == "log":
            value = math.exp(math.log(low) + position * (math.log(high) - math.log(low)))
        else:
            value = low + position * (high - low)
        return min(max(round(value), self.min), self.max)

    def position(self, value: int) -> float:
        low, high = self._bounds()
        return ((math.log(value) if self.scale == "log" else value) - low) / (high - low)

    def holds(self, value: Any) -> bool:
        whole = _is_number(value) and float(value).is_integer()
        return whole and self.min <= value <= self.max

    def ends(self) -> tuple[int, int]:
        return self.min, self.max

    def spread(self, count: int) -> list[int]:
        """At most `count` different values, the bounds included."""
        low, high = self._bounds()
        steps = (low + (high - low) * step / max(count - 1, 1) for step in range(count))
        return sorted({round(math.exp(s) if self.scale == "log" else s) for s in steps})


class Categorical(Section):
    """One of the values, without an order."""

    type: Literal["categorical"] = "categorical"
    values: tuple[bool | int | float | str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _are_different(self) -> "Categorical":
        if len(set(self.values)) < len(self.values):
            raise ValueError("values must differ from each other")
        return self

    def value(self, position: float) -> Any:
        return self.values[min(int(position * len(self.values)), len(self.values) - 1)]

    def position(self, value: Any) -> float:
        return self.values.index(value) / (len(self.values) - 1)

    def holds(self, value: Any) -> bool:
        return value in self.values

    def ends(self) -> tuple[Any, ...]:
        return self.values

    def spread(self, count: int) -> list[Any]:  # noqa: ARG002  # all of them, however many
        return list(self.values)


Parameter = Annotated[Continuous | Integer | Categorical, Field(discriminator="type")]
Space = dict[str, Continuous | Integer | Categorical]
Params = dict[str, Any]

_ODD = 0.3819  # a position whose value is no whole number by chance
_KINDS: TypeAdapter[Any] = TypeAdapter(Parameter)
_ACCEPTED = (
    "accepted: {type: continuous | integer, min: A, max: B, scale: linear | log} or "
    "{type: categorical, values: [A, B, ...]}"
)


def read(location: str) -> Space:
    """The space of a YAML file; raises ConfigError naming the parameter and what is accepted."""
    content = yaml_files.read(location, "search space")
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"search space {location!r} holds no parameters; {_ACCEPTED}")
    return from_plain(content)


def from_plain(content: Mapping[str, Any]) -> Space:
    """Plain data -> a space; raises ConfigError."""
    return {str(name): _parameter(str(name), value) for name, value in content.items()}


def to_plain(space: Space) -> dict[str, Any]:
    """A space as plain data, which `from_plain` reads."""
    return {name: parameter.model_dump(mode="json") for name, parameter in space.items()}


def check(space: Space, config: Config) -> None:
    """Raise ConfigError where a bound or value is none that the config accepts."""
    for name, parameter in space.items():
        # The ends of a continuous range may be whole numbers where what is between is none.
        between = [parameter.value(_ODD)] if isinstance(parameter, Continuous) else []
        for value in [*parameter.ends(), *between]:
            try:
                apply(config, {name: value})
            except ConfigError as error:
                raise ConfigError(f"search space: {name} = {value}: {error}") from None


def apply(config: Config, params: Params) -> Config:
    """The config with these settings in place, checked like any; raises ConfigError."""
    settings = config.model_dump(mode="json")
    for name, value in params.items():
        section, _, key = name.partition(".")
        if section not in SECTIONS or not key:
            raise ConfigError(
                f"{name!r} cannot be searched; accepted: settings of the sections "
                f"{', '.join(SECTIONS)}, such as encoder.learning_rate"
            )
        settings[section] = settings[section] | {key: value}
    return from_mapping(settings)


def current(space: Space, config: Config) -> Params | None:
    """The config's own settings as a point of the space; None where the space lacks one."""
    sections = {name: getattr(config, name) for name in SECTIONS}
    params = {}
    for name, parameter in space.items():
        section, _, key = name.partition(".")
        params[name] = getattr(sections[section], key)
        if not parameter.holds(params[name]):
            return None
    return params


def inside(space: Space, params: Params) -> bool:
    """Whether these are settings of exactly this space."""
    return params.keys() == space.keys() and all(
        parameter.holds(params[name]) for name, parameter in space.items()
    )


def short_names(space: Space) -> list[str]:
    """The parameters without their sections, where that leaves them apart."""
    keys = [name.rpartition(".")[2] for name in space]
    return [key if keys.count(key) == 1 else name for name, key in zip(space, keys, strict=True)]


def _parameter(name: str, value: Any) -> Continuous | Integer | Categorical:
    try:
        return _KINDS.validate_python(value)
    except ValidationError as error:
        problems = "; ".join(_explain(detail) for detail in error.errors())
        raise ConfigError(f"search space: {name}: {problems}; {_ACCEPTED}") from None


def _explain(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"][1:])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
