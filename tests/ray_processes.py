"""The processes of Ray that the tests have started, by what they do; tests kill some of them."""

import os
import signal
from contextlib import suppress
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


def parent(pid: int) -> int | None:
    """None when the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[1])  # the name before it may hold anything


def below(ancestor: int) -> list[int]:
    """Process ids of an ancestor's children, their children and so on."""
    parents = {pid: parent(pid) for pid, _ in descendants()}
    found = {ancestor}
    while new := {pid for pid, above in parents.items() if above in found} - found:
        found |= new
    return sorted(found - {ancestor})


def kill_with_all_below(pid: int) -> None:
    """As when a machine loses its power: all at once and without a word."""
    for each in (pid, *below(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
