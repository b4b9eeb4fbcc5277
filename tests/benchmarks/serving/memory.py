"""What the service's replicas hold in memory while thousands of requests come."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tune_jobs import markdown

from . import recovery, servers, side_by_side

PARTS = ("Ingress", "Embedder", "Classifiers", "Recommender")
_CLIENTS = 8
_SECONDS = {"/v1/score": 4.0, "/v1/recommend": 4.0}  # of a round
_LINES = 8  # of the table, about

_NOTES = """\
*Requests*: answered until then, by /v1/score and /v1/recommend in turn, to 8 clients; every picture
is a new one. MB: resident memory of the graph's replicas, one of each."""


@dataclass(frozen=True)
class Held:
    """requests: answered until then; megabytes: by part."""

    requests: int
    megabytes: dict[str, float]


def watch(location: str, folder: Path, requests: int) -> dict[str, Any]:
    """Ask until so many are answered; `text` is for people."""
    side_by_side.write_pictures(folder)
    with servers.ours(location) as base_url:
        held = [_held(0)]
        while (answered := held[-1].requests) < requests:
            statuses = [
                side_by_side.under_load(base_url + path, folder, seconds, "--clients", _CLIENTS)
                for path, seconds in _SECONDS.items()
            ]
            new = sum(count for each in statuses for count in each.statuses.values())
            held.append(_held(answered + new))
            print(f"{held[-1].requests} of {requests} requests", file=sys.stderr)
    return {"text": f"{table(held)}\n\n{_NOTES}", "held": held}


def table(held: list[Held]) -> str:
    """Evenly spaced lines, the last one among them."""
    every = -(-len(held) // _LINES)
    lines = held[(len(held) - 1) % every :: every]
    heads = ["requests", *(f"{part}, MB" for part in PARTS)]
    rows = [[f"{one.requests:,}", *(f"{one.megabytes[p]:.0f}" for p in PARTS)] for one in lines]
    return markdown.table(heads, rows)


def _held(requests: int) -> Held:
    return Held(requests, {part: _resident_mb(recovery.replica(part)) for part in PARTS})


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) / 1024
