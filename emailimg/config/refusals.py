"""What is wrong with a config: the key as a user writes it, and what is accepted there."""

from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from emailimg.config.labelling import RULES_BY_KIND, LabelRule
from emailimg.config.whole import Config

_RULES = ("labels", "rules")
# Of pydantic's words those that are Python's and not a user's.
_PLAIN = {
    "tuple_type": "must be a list, such as [1, 2]",
    "dict_type": "must be a map of keys to values",
    "model_type": "must be a map of keys to values",
    "model_attributes_type": "must be a map of keys to values",
}


def explain(error: ValidationError) -> str:
    """One sentence per wrong key of a `Config`, joined by semicolons."""
    return "; ".join(_explain(detail) for detail in error.errors())


def _explain(detail: Any) -> str:
    key = _written(detail["loc"])
    if detail["type"] == "extra_forbidden":
        accepted = ", ".join(_accepted_keys(detail["loc"]))
        return f"unknown config key {key!r}; accepted here: {accepted}{_other_kind(detail['loc'])}"
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
        found = detail.get("ctx", {}).get("tag")
        problem = "needed" if found is None else f"unknown kind {found!r}"
        return f"{key}.kind: {problem}; accepted: {', '.join(RULES_BY_KIND)}"
    message = _PLAIN.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{key}: {message}" if key else message


def _other_kind(location: tuple[int | str, ...]) -> str:
    """A hint where the key belongs to a rule of another kind."""
    if location[:2] != _RULES or len(location) < 5:
        return ""
    kinds = [kind for kind, rule in RULES_BY_KIND.items() if location[4] in rule.model_fields]
    return f"; {location[4]} belongs to `kind: {kinds[0]}`" if kinds else ""


def _written(location: tuple[int | str, ...]) -> str:
    """The key as a user writes it: pydantic puts a rule's kind between, and marks wrong names."""
    if location[:2] == _RULES:
        location = location[:3] + location[4:]
    return ".".join(str(part) for part in location if part != "[key]")


def _accepted_keys(location: tuple[int | str, ...]) -> list[str]:
    """The settings of the section in which the last part of `location` is unknown."""
    section: Any = Config
    for part in location[:-1]:
        section = _inside(section, part)
    return list(section.model_fields)


def _inside(outer: Any, part: Any) -> Any:
    """The type at `part` of a section, a map, a list or the union of rules."""
    if outer == LabelRule:
        return RULES_BY_KIND[part]
    if hasattr(outer, "model_fields"):
        inner = outer.model_fields[part].annotation
        return get_args(inner)[0] if get_origin(inner) is UnionType else inner  # `Amount | None`
    values = get_args(outer)
    return values[1] if get_origin(outer) is dict else values[0]
