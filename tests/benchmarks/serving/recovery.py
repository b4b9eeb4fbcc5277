"""How long the service takes to answer again when one of its replicas is killed under load."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tune_jobs import markdown

from ..measure import descendants
from . import servers

_CLIENTS = 4
_BEFORE_S = 3.0
_AFTER_S = 20.0

FORM = {"target": "open_rate", "campaign_type": "Newsletter", "industry": "Automotive"}

NOTES = f"""\
Seconds from the kill to the first right answer to a request that began after it; {_CLIENTS} clients
ask without a pause, for {_AFTER_S:g} s afterwards."""


@dataclass
class Recovery:
    """What came of a kill."""

    part: str
    seconds: float = float("nan")
    longest_s: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)


def measure(location: str, folder: Path) -> list[Recovery]:
    """The graph's embedder and classifiers, then the fused replica: each the only one."""
    found = []
    with servers.ours(location) as base_url:
        found += [_killed(base_url, folder, part) for part in ("Embedder", "Classifiers")]
    with servers.ours(location, *servers.FUSED) as base_url:
        found.append(_killed(base_url, folder, "Fused"))
    return found


def table(found: list[Recovery]) -> str:
    """A line per part."""
    heads = ["killed", "seconds to answer again", "longest answer, s", "answers by status"]
    rows = [
        [
            each.part,
            f"{each.seconds:.1f}",
            f"{each.longest_s:.1f}",
            ", ".join(f"{count} x {status}" for status, count in sorted(each.statuses.items())),
        ]
        for each in found
    ]
    return markdown.table(heads, rows)


def _killed(base_url: str, folder: Path, part: str) -> Recovery:
    found, lock, until = Recovery(part), threading.Lock(), time.monotonic() + 10_000
    pictures = [path.read_bytes() for path in sorted(folder.iterdir())]
    killed = float("inf")

    def ask() -> None:
        with httpx.Client(base_url=base_url, timeout=60) as client:
            number = 0
            while time.monotonic() < until:
                number += 1
                upload = pictures[number % len(pictures)]
                began = time.monotonic()
                answer = client.post("/v1/score", files={"image": ("a.jpg", upload)}, data=FORM)
                with lock:
                    note(began, time.monotonic(), answer.status_code)

    def note(began: float, ended: float, status: int) -> None:
        found.statuses[status] = found.statuses.get(status, 0) + 1
        if began > killed and status == 200 and not found.seconds < ended - killed:
            found.seconds = ended - killed
        found.longest_s = max(found.longest_s, ended - began)

    clients = [threading.Thread(target=ask) for _ in range(_CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(_BEFORE_S)
    os.kill(replica(part), signal.SIGKILL)
    killed = time.monotonic()
    until = killed + _AFTER_S
    for client in clients:
        client.join()
    return found


def replica(part: str) -> int:
    """Process id of the only replica of a deployment."""
    title = f"ray::ServeReplica:emailimg:{part}".encode()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid, _ in descendants()}
    [pid] = [pid for pid, command in commands.items() if command.startswith(title)]
    return pid
