"""Clients of a server, in a process of their own: `python -m tests.benchmarks.serving.load`.

Closed loop (`--clients N`): each asks again as soon as it is answered. Open loop (`--rate R`):
requests come at random moments (Poisson), R a second on average, whatever the answers take; so a
queue that builds up is seen in the latencies. Prints JSON: milliseconds of every answer, statuses.
"""

import argparse
import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp

_WARM_UP = 0.2  # share of the time at whose requests nobody looks


class Clients:
    """Posts pictures one after the other; every request has another one."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, folder: Path, form: dict[str, str]
    ):
        self._session = session
        self._url = url
        self._form = form
        self._pictures = itertools.cycle([path.read_bytes() for path in sorted(folder.iterdir())])
        self._number = itertools.count()
        self.milliseconds: list[tuple[float, float]] = []  # when it began (s), how long it took
        self.statuses: Counter[int] = Counter()

    async def ask(self) -> None:
        data = aiohttp.FormData(self._form)
        # Bytes behind a JPEG's end change its hash, so that no cache knows it, and not its pixels.
        picture = next(self._pictures) + next(self._number).to_bytes(8)
        data.add_field("image", picture, filename="a.jpg", content_type="image/jpeg")
        began = time.perf_counter()
        async with self._session.post(self._url, data=data) as response:
            await response.read()
        self.milliseconds.append((began, 1000 * (time.perf_counter() - began)))
        self.statuses[response.status] += 1

    async def in_turn(self, until: float) -> None:
        while time.perf_counter() < until:
            await self.ask()


async def closed(clients: Clients, count: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(*(clients.in_turn(until) for _ in range(count)))


async def opened(clients: Clients, rate: float, seconds: float) -> None:
    rng = random.Random(0)
    moment = began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        while moment < began + seconds:
            moment += rng.expovariate(rate)
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            group.create_task(clients.ask())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("pictures", type=Path, help="folder of JPEG files")
    parser.add_argument("--form", type=json.loads, default={})
    parser.add_argument("--seconds", type=float, default=8.0)
    load = parser.add_mutually_exclusive_group(required=True)
    load.add_argument("--clients", type=int)
    load.add_argument("--rate", type=float, help="requests per second")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(options))))


async def _measure(options: argparse.Namespace) -> dict[str, object]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        clients = Clients(session, options.url, options.pictures, options.form)
        began = time.perf_counter()
        run: Callable[..., object] = closed if options.clients else opened
        await run(clients, options.clients or options.rate, options.seconds)  # type: ignore[misc]
        seconds = time.perf_counter() - began
    after = began + _WARM_UP * seconds
    kept = [took for at, took in clients.milliseconds if at >= after]
    return {
        "milliseconds": kept,
        "per_second": len(kept) / (seconds * (1 - _WARM_UP)),
        "statuses": dict(clients.statuses),
    }


if __name__ == "__main__":
    main()
