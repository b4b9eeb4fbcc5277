"""The processes of our own Ray session, by what they do; tests kill some of them."""

from pathlib import Path

from benchmarks.measure import descendants


def doing(title: bytes) -> list[int]:
    """Process ids of those whose title begins so, e.g. `ray::RayTrainWorker`."""
    found = []
    for pid, _ in descendants():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(title):
            found.append(pid)
    return found
