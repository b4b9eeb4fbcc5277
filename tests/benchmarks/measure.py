"""Running a command and measuring the whole tree of its processes, from /proc.

Processor time: user and system time of every process of the tree, sampled, the last value seen of
those that ended kept; or what the kernel charged to the contender for itself and the children it
waited for, where that is more (it is exact for a Pool; Ray's workers are not children of the
driver). Memory: the sum of the processes' PSS, which splits a page among all who map it, so
shared memory is counted once.

Each contender gets a watcher, a process of its own that starts and samples it. The watcher is the
reaper of orphans, so that a daemon whose parent ended stays in the tree.
"""

import ctypes
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .job import Job

# From where this package's name can be imported: `make bench` and the tests call it differently.
FOLDER_OF_PACKAGE = Path(__file__).parents[str(__package__).count(".") + 1]

_CPU_EVERY_S = 0.5
_MEMORY_EVERY_S = 2.0  # dearer: the kernel walks every mapping, on the cores that are measured
_GONE_WITHIN_S = 20.0
_PR_SET_CHILD_SUBREAPER = 36
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Phase:
    """What a part of a contender's run took."""

    seconds: float
    cpu_s: float
    peak_bytes: int


@dataclass
class Recording:
    """Samples of a tree of processes: moments, processor seconds so far, bytes of memory."""

    cpu: list[tuple[float, float]] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)

    def cpu_at(self, moment: float) -> float:
        """Processor seconds until then."""
        if not self.cpu:
            return 0.0
        moments, seconds = zip(*self.cpu, strict=True)
        return float(np.interp(moment, moments, seconds))

    def peak(self, start: float, end: float) -> int:
        """The most memory at any sample of this time."""
        # A phase shorter than the time between two samples takes the nearest ones.
        start, end = start - _MEMORY_EVERY_S, end + _MEMORY_EVERY_S
        return max((used for moment, used in self.memory if start <= moment <= end), default=0)


def run(contender: str, job: Job) -> tuple[dict[str, Phase], dict[str, str]]:
    """Run a contender under a watcher.

    Returns its phases by name: `whole` (from launch to exit), `work`, and Ray's stages; and what
    the stages said. Raises CalledProcessError when it fails.
    """
    command = [sys.executable, "-m", f"{__package__}.measure", contender, job.to_json()]
    # Without the address of somebody's cluster.
    clean = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        command, cwd=FOLDER_OF_PACKAGE, env=clean, stdout=subprocess.PIPE, check=True
    )
    result = json.loads(done.stdout)
    phases = {name: Phase(**phase) for name, phase in result["phases"].items()}
    return phases, result["summaries"]


def main() -> None:
    """The watcher; all that is below this process is the contender."""
    contender, job = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.sync()  # what the one before wrote should not be on this one's bill
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        whole, recording = _watch([contender, job, str(report)])
        told = json.loads(report.read_text())
    phases = {"whole": whole} | _phases(recording, told["marks"])
    as_json = {name: dataclasses.asdict(phase) for name, phase in phases.items()}
    print(json.dumps({"phases": as_json, "summaries": told["summaries"]}))


def _watch(arguments: list[str]) -> tuple[Phase, Recording]:
    recording, stop = Recording(), threading.Event()
    sampler = threading.Thread(target=_sample, args=(recording, stop))
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.contenders", *arguments], stdout=sys.stderr
    )
    sampler.start()
    try:
        charged_s = _wait(process)
    finally:
        ended = time.monotonic()
        stop.set()
        sampler.join()
        _end_leftovers()
    cpu_s = max(charged_s, recording.cpu_at(ended))
    return Phase(ended - started, cpu_s, recording.peak(started, ended)), recording


def _wait(process: subprocess.Popen[bytes]) -> float:
    """Wait for the end; processor seconds of the process and of the children it waited for."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used.ru_utime + used.ru_stime


def _phases(recording: Recording, marks: dict[str, Any]) -> dict[str, Phase]:
    """`work` from begin to end, and between two marks the phase that the second is named for."""
    phases = {"work": _phase(recording, marks["begin"], marks["end"])}
    names = list(marks)
    for before, name in itertools.pairwise(names[:-1]):
        phases[name] = _phase(recording, marks[before], marks[name])
    return phases


def _phase(recording: Recording, begin: dict[str, float], end: dict[str, float]) -> Phase:
    cpu = [max(mark["cpu_s"], recording.cpu_at(mark["at"])) for mark in (begin, end)]
    peak = recording.peak(begin["at"], end["at"])
    return Phase(end["at"] - begin["at"], cpu[1] - cpu[0], peak)


def _sample(recording: Recording, stop: threading.Event) -> None:
    used: dict[tuple[int, int], float] = {}  # by pid and start: the kernel gives pids again
    next_memory = 0.0
    while not stop.is_set():
        tree = dict(descendants())
        for pid, (born, cpu_s) in tree.items():
            used[pid, born] = cpu_s
        recording.cpu.append((time.monotonic(), sum(used.values())))
        if time.monotonic() >= next_memory:
            recording.memory.append((time.monotonic(), sum(map(_pss, tree))))
            next_memory = time.monotonic() + _MEMORY_EVERY_S
        stop.wait(_CPU_EVERY_S)


def descendants() -> Iterator[tuple[int, tuple[int, float]]]:
    """Processes below this one: pid, moment of birth in ticks, own processor seconds."""
    found = {int(entry): _status(int(entry)) for entry in os.listdir("/proc") if entry.isdigit()}
    ours = {os.getpid()}
    known = {pid: status for pid, status in found.items() if status is not None}
    grown = True
    while grown:
        new = {pid for pid, status in known.items() if status[0] in ours} - ours
        ours |= new
        grown = bool(new)
    for pid in ours - {os.getpid()}:
        _, born, cpu_s = known[pid]
        yield pid, (born, cpu_s)


def _status(pid: int) -> tuple[int, int, float] | None:
    """Parent, birth and processor seconds; None when it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return int(fields[1]), int(fields[19]), (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _pss(pid: int) -> int:
    """Bytes of a process, its share of what it has in common with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _end_leftovers() -> None:
    """Wait for daemons that outlive the contender for a moment; end those that do not go."""
    give_up = time.monotonic() + _GONE_WITHIN_S
    while _reap() and time.monotonic() < give_up:
        time.sleep(0.1)
    for pid, _ in list(descendants()):
        print(f"process {pid} outlived its contender", file=sys.stderr)
        os.kill(pid, signal.SIGKILL)
    _reap()


def _reap() -> bool:
    """Collect ended orphans; whether any process is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


if __name__ == "__main__":
    main()
