"""How much memory this process takes, in MB; from Linux's own books."""

from pathlib import Path

_OWN = Path("/proc/self")


def resident_mb() -> float:
    return _field("VmRSS")


def reset_peak() -> None:
    (_OWN / "clear_refs").write_text("5")


def peak_mb() -> float:
    """The most that was resident since `reset_peak`."""
    return _field("VmHWM")


def _field(name: str) -> float:
    lines = (_OWN / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
