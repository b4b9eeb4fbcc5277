"""Values as a reader sees them. What is missing, None or NaN, is an en dash."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

MISSING = "–"
_MINUS = "\N{MINUS SIGN}"


def is_missing(value: float | None) -> bool:
    """True for None, NaN and the infinities."""
    return value is None or not math.isfinite(value)


def percent(share: float | None, digits: int = 1) -> str:
    """0.873 -> `87.3%`."""
    return _fixed(share, digits, scale=100, unit="%")


def decimal(value: float | None, digits: int = 3) -> str:
    """0.53178 -> `0.532`."""
    return _fixed(value, digits)


def count(value: float | None) -> str:
    """16185 -> `16,185`."""
    return _fixed(value, 0)


def counted(number: int, noun: str) -> str:
    """1 -> `1 trial`, 24 -> `24 trials`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def points(change: float | None, digits: int = 1) -> str:
    """A change of probability, 0.124, in percentage points with its sign -> `+12.4`."""
    text = _fixed(change, digits, scale=100)
    rises = not is_missing(change) and any(digit in "123456789" for digit in text)
    return f"+{text}" if rises and not text.startswith(_MINUS) else text


def duration(seconds: float | None) -> str:
    """12.34 -> `12.3 s`, 250 -> `4 min 10 s`, 3720 -> `1 h 2 min`."""
    if seconds is None or is_missing(seconds):
        return MISSING
    if seconds < 59.95:  # 59.97 would read 60.0 s
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(iso_time: str) -> str:
    """`2026-03-02T09:41:07+00:00` -> `2 March 2026, 09:41 UTC`; other texts stay as they are."""
    try:
        time = datetime.fromisoformat(iso_time)
    except ValueError:
        return iso_time
    return f"{time.day} {time:%B %Y, %H:%M %Z}".strip()


def words(name: str) -> str:
    """`click_to_open_rate` -> `Click to open rate`."""
    spaced = str(name).replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def plain(value: Any) -> str:
    """Any setting or parameter as text; lists are joined by commas, mappings as `key: value`."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, float) and is_missing(value)):
        return MISSING
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", _MINUS)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items()) or MISSING
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(plain(item) for item in value) or MISSING
    return str(value) or MISSING


def listing(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _fixed(value: float | None, digits: int, scale: float = 1, unit: str = "") -> str:
    if value is None or is_missing(value):
        return MISSING
    text = f"{value * scale:,.{digits}f}"
    if text.startswith("-"):
        # -0.0 would claim a loss where there is none.
        text = text[1:] if not any(digit in "123456789" for digit in text) else _MINUS + text[1:]
    return text + unit
