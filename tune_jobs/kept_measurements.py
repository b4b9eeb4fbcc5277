"""Measurements that a folder keeps and a later run adds to: read again, unless they are others'."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from emailimg import storage
from emailimg.errors import ConfigError

Kept = TypeVar("Kept")


def read(location: str, parse: Callable[[Any], Kept], whose: str) -> Kept:
    """What the JSON file holds; raises ConfigError when it is not there, or not `whose`.

    parse: from the file's content; a ValueError, KeyError or TypeError says that it is others'.
    """
    if not storage.exists(location):
        raise ConfigError(f"{location!r} does not exist: nothing has been measured there yet")
    try:
        return parse(storage.read_json(location))
    except (ValueError, KeyError, TypeError):  # not JSON, or JSON of something else
        raise ConfigError(f"{location!r} is not {whose}; choose another --out") from None


def require_same(folder: str, what: str, there: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise ConfigError that names every setting which is another there: they do not compare.

    what: is measured with other settings.
    """
    changed = list(_differences(there, now))
    if changed:
        raise ConfigError(f"{folder!r} holds {what} ({'; '.join(changed)}); choose another --out")


def _differences(there: dict[str, Any], now: dict[str, Any], above: str = "") -> Iterable[str]:
    for key in sorted(there | now):
        old, new = there.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, f"{above}{key}.")
        elif old != new:
            yield f"{above}{key}: {old} there, {new} now"
