"""The price table that the user edits: what each instance is, and dollars per hour.

`cluster/instances.yaml` is the one that comes with the project. An entry without a price is a
machine that is recognised, and whose cost is unknown.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from emailimg import yaml_files
from emailimg.config.section import Section
from emailimg.errors import ConfigError

DEFAULT_FILE = str(Path(__file__).parents[2] / "cluster" / "instances.yaml")

Dollars = Annotated[float, Field(ge=0)]


class Instance(Section):
    """One entry: the machine, and its prices in dollars per hour; None is unknown."""

    cpus: int = Field(ge=1)
    memory_gib: float = Field(gt=0)
    gpus: int = Field(0, ge=0)
    gpu: str | None = None  # kind, as Ray names it: V100, T4, A10G, L4
    on_demand: Dollars | None
    spot: Dollars | None

    @model_validator(mode="after")
    def _gpus_have_a_kind(self) -> "Instance":
        if (self.gpus > 0) != (self.gpu is not None):
            raise ValueError("gpus and gpu go together, e.g. gpus: 1, gpu: T4")
        return self


class PriceTable(Section):
    """The whole file."""

    region: str
    date: datetime.date  # when the prices were looked up
    # Share of the on-demand price that is assumed where `spot` is null; null assumes nothing.
    assumed_spot_share: Annotated[float, Field(gt=0, le=1)] | None = None
    instances: dict[str, Instance] = Field(min_length=1)


@dataclass(frozen=True)
class Cost:
    """Dollars of so many hours; None where the price is unknown."""

    on_demand: float | None
    spot: float | None
    spot_is_assumed: bool = False


def load(location: str) -> PriceTable:
    """Read a price table, local or s3://; raises ConfigError that names every wrong entry."""
    found = yaml_files.read(location, "price table")
    if not isinstance(found, dict):
        raise ConfigError(f"price table {location!r} must hold {_listed(PriceTable)}")
    try:
        return PriceTable.model_validate(found)
    except ValidationError as error:
        problems = "; ".join(_explain(detail) for detail in error.errors())
        raise ConfigError(f"price table {location!r}: {problems}") from None


def cost(table: PriceTable, name: str | None, hours: float | None, instances: int = 1) -> Cost:
    """What `instances` machines called `name` cost for so many hours each."""
    instance = table.instances.get(name or "")
    if instance is None or hours is None:
        return Cost(None, None)
    machine_hours = hours * instances
    on_demand = _times(instance.on_demand, machine_hours)
    if instance.spot is None and table.assumed_spot_share is not None:
        return Cost(on_demand, _times(on_demand, table.assumed_spot_share), on_demand is not None)
    return Cost(on_demand, _times(instance.spot, machine_hours))


def _times(price: float | None, factor: float) -> float | None:
    return None if price is None else price * factor


def _explain(detail: Any) -> str:
    location = detail["loc"]
    key = ".".join(str(part) for part in location if part != "[key]")
    section = Instance if location[0] == "instances" and len(location) > 1 else PriceTable
    if detail["type"] == "extra_forbidden":
        return f"unknown key {key!r}; accepted here: {_listed(section)}"
    if detail["type"] == "missing":
        unknown = " (null where it is unknown)" if location[-1] in ("on_demand", "spot") else ""
        return f"{key} is missing{unknown}; accepted here: {_listed(section)}"
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return f"{key}: must be a map of keys to values"
    return f"{key}: {detail['msg'].removeprefix('Value error, ')}"


def _listed(section: type[Section]) -> str:
    return ", ".join(section.model_fields)
