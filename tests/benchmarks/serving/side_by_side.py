"""The comparison: latencies and requests per second at 1, 8 and 32 clients, and at 70% load."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any, get_args

from emailimg import bundle, predict, showroom
from emailimg.predict import Predictor, Upload, Versions
from emailimg.question import parse_question
from emailimg.recommender import Kind, Wishes
from tune_jobs import markdown

from . import large_catalogue, recovery, servers
from .recovery import FORM

CLIENTS = (1, 8, 32)
_LOAD = 0.7
_PICTURES = 64
_LONG_SIDE_PX = 400
_BARE_BATCH = 8

Server = Callable[[], AbstractContextManager[str]]

_NOTES = """\
*One client*, *8*, *32*: each asks again as soon as it is answered; *at 70%*: requests come at
random moments, 70% of what the server answered to 8 clients. *Bare model*: the library's
`Predictor` in one process, without HTTP, one picture after the other; its requests per second are
those of batches of 8. Every picture of a request is a new one. One thread of torch each; the
clients share the machine."""


@dataclass(frozen=True)
class Asked:
    """A kind of request, and by what name it is shown."""

    title: str
    path: str
    suggest: tuple[Kind, ...] = get_args(Kind)

    @property
    def form(self) -> dict[str, str]:
        return FORM if self.path == _SCORE else FORM | {"suggest": ",".join(self.suggest)}


_SCORE, _RECOMMEND = "/v1/score", "/v1/recommend"
ASKED = {
    "score": Asked(f"`{_SCORE}`", _SCORE),
    "recommend": Asked(f"`{_RECOMMEND}`", _RECOMMEND),
    "alternates": Asked(f"`{_RECOMMEND}` with `suggest=alternates`", _RECOMMEND, ("alternates",)),
}


@dataclass(frozen=True)
class Measured:
    """What one server did under one load; milliseconds of every request, sorted."""

    milliseconds: list[float]
    per_second: float
    statuses: dict[str, int]

    def percentile(self, share: int) -> float:
        return quantiles(self.milliseconds, n=100, method="inclusive")[share - 1]

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != "200")


def contenders(location: str) -> dict[str, Server]:
    """By title; all of them answer `/v1/score`, and all but LitServe `/v1/recommend`."""
    return {
        "FastAPI + uvicorn": lambda: servers.plain(location),
        "LitServe, batches": lambda: servers.litserve(location),
        "ours, graph": lambda: servers.ours(location),
        "ours, fused": lambda: servers.ours(location, *servers.FUSED),
        "ours, graph, HAProxy": lambda: servers.ours(location, "--haproxy"),
        "ours, fused, HAProxy": lambda: servers.ours(location, *servers.FUSED, "--haproxy"),
        "ours, two fused, HAProxy": lambda: servers.ours(location, *servers.TWO, "--haproxy"),
    }


def compare(
    location: str,
    folder: Path,
    seconds: float,
    names: list[str],
    catalogue: int | None,
    servers_named: str | None,
) -> dict[str, Any]:
    """All servers in turn, and what comes of kills; `text` is for people.

    names: of `ASKED`; catalogue: as many images in place of its own; servers_named: only those
    whose title has this text, and no kills.
    """
    if catalogue:
        location = large_catalogue.write(location, folder.with_name("bundle"), catalogue)
    write_pictures(folder)
    measured = {
        name: {"bare model": bare(location, folder, ASKED[name], seconds)} for name in names
    }
    for title, start in contenders(location).items():
        if servers_named is None or servers_named in title:
            _measure(title, start, folder, seconds, measured)
    text = "\n\n".join(f"{ASKED[name].title}\n\n{table(measured[name])}" for name in names)
    found: dict[str, Any] = {"text": f"{text}\n\n{_NOTES}", "measured": measured}
    if servers_named is None:
        print("killing replicas", file=sys.stderr)
        found["recovered"] = recovered = recovery.measure(location, folder)
        found["text"] += f"\n\n{recovery.table(recovered)}\n\n{recovery.NOTES}"
    return found


def _measure(
    title: str,
    start: Server,
    folder: Path,
    seconds: float,
    measured: dict[str, dict[str, dict[str, Measured]]],
) -> None:
    """Add what a server does to `measured`, by what was asked."""
    print(f"measuring {title}", file=sys.stderr)
    try:
        with start() as base_url:
            for name, found in measured.items():
                if name == "score" or not title.startswith("LitServe"):
                    found[title] = under_loads(base_url, ASKED[name], folder, seconds)
    except (ImportError, RuntimeError) as error:
        print(f"left out: {error}", file=sys.stderr)


def write_pictures(folder: Path) -> None:
    """JPEG files of the size of a photograph in an email, which are no part of a catalogue."""
    folder.mkdir(parents=True)
    for number in range(_PICTURES):
        scene = showroom.describe(987, number)
        (folder / f"{number:03}.jpg").write_bytes(showroom.render_jpeg(scene, _LONG_SIDE_PX))


def under_loads(base_url: str, asked: Asked, folder: Path, seconds: float) -> dict[str, Measured]:
    """By load."""

    def under(option: str, value: float) -> Measured:
        found = under_load(base_url, asked, folder, seconds, option, value)
        if found.milliseconds:
            return found
        raise RuntimeError(f"no answer in {seconds:g} s to {asked.title}; give more --seconds")

    found = {f"{count}": under("--clients", count) for count in CLIENTS}
    found["70%"] = under("--rate", _LOAD * found["8"].per_second)
    return found


def bare(location: str, folder: Path, asked: Asked, seconds: float) -> dict[str, Measured]:
    """Without a server: one by one, and for the requests per second in batches."""
    predictor = Predictor(bundle.load(location), threads=1)
    ask: Callable[..., object] = predictor.score
    if asked.path == _RECOMMEND:
        ask = partial(predictor.recommend, wishes=Wishes(suggest=asked.suggest))
    pictures = [file.read_bytes() for file in sorted(folder.iterdir())]
    took: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        ask(pictures[len(took) % len(pictures)], *FORM.values())
        took.append(1000 * (time.perf_counter() - began))
    took = took[len(took) // 5 :]
    per_second = 1000 * len(took) / sum(took)
    if asked.path == _SCORE:
        per_second = _batched(location, pictures, seconds)
    return {"1": Measured(sorted(took), per_second, {"200": len(took)})}


def _batched(location: str, pictures: list[bytes], seconds: float) -> float:
    """Scores per second where eight pictures go through the encoder together."""
    loaded = bundle.load(location)
    embedder, classifiers = loaded.embedder(threads=1), loaded.classifiers()
    question = parse_question(loaded.config.targets, *FORM.values())
    done, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        some = [pictures[(done + place) % len(pictures)] for place in range(_BARE_BATCH)]
        uploads: list[Upload] = [predict.read_upload(data, loaded.config.images) for data in some]
        looks = predict.embed_versions(embedder, [Versions(upload.pixels) for upload in uploads])
        for look in looks:
            predict.prediction(classifiers, question, look.embeddings)
        done += _BARE_BATCH
    return done / (time.perf_counter() - began)


def table(measured: dict[str, dict[str, Measured]]) -> str:
    """A line per server."""
    heads = ["", "1 client: p50, ms", "p95", "p99", "8 clients: p50", "p99", "req/s"]
    heads += ["32 clients: p50", "p99", "req/s", "at 70%: p50", "p99", "p99 / p50", "not 200"]
    rows = []
    for title, loads in measured.items():
        one, eight, many, usual = (loads.get(name) for name in ("1", "8", "32", "70%"))
        assert one is not None
        row = [title, *(f"{one.percentile(share):.1f}" for share in (50, 95, 99))]
        if eight is None or many is None or usual is None:
            row += ["", "", _rate(one), *[""] * 7]
        else:
            for load in (eight, many):
                row += [f"{load.percentile(share):.1f}" for share in (50, 99)]
                row.append(_rate(load))
            row += [f"{usual.percentile(share):.1f}" for share in (50, 99)]
            row.append(f"{usual.percentile(99) / usual.percentile(50):.1f}")
            row.append(str(sum(load.failed for load in loads.values())))
        rows.append(row)
    return markdown.table(heads, rows)


def _rate(load: Measured) -> str:
    return f"{load.per_second:.0f}" if load.per_second >= 10 else f"{load.per_second:.1f}"


def under_load(
    base_url: str, asked: Asked, folder: Path, seconds: float, option: str, value: float
) -> Measured:
    url = base_url + asked.path
    command = [sys.executable, "-m", "tests.benchmarks.serving.load", url, str(folder)]
    command += ["--form", json.dumps(asked.form), "--seconds", str(seconds), option, str(value)]
    answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Measured(sorted(answer["milliseconds"]), answer["per_second"], answer["statuses"])
