"""How long the encoder takes on a CPU, by the way it is run (see `forward_passes`).

The contenders take turns, call by call, so that whatever else the machine does disturbs them alike.
"""

import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import torch

from emailimg.encoder import Encoder
from emailimg.encoder_spec import EncoderSpec
from tune_jobs import markdown

from . import forward_passes
from .forward_passes import Pass

# Of the presets `quickstart` and `paper`.
SIZES = {"resnet18": 64, "resnet34": 224}
BATCHES = (1, 8, 27)  # an upload; a few at once; an upload with its edits
_YARDSTICK = "eager, channels_last"


def side_by_side(
    archs: Sequence[str], threads: Sequence[int], rounds: int, compile_too: bool
) -> dict[str, Any]:
    """Milliseconds of a call, the median over rounds, by network, threads, contender and batch."""
    measured, parts = [], []
    for arch in archs:
        for count in threads:
            torch.set_num_threads(count)
            passes, starts = _start(arch, compile_too)
            times = {size: _time(passes, _squares(arch, size), rounds) for size in BATCHES}
            parts.append(f"{arch}, {SIZES[arch]} px, threads: {count}\n\n{_table(starts, times)}")
            measured.append({"arch": arch, "threads": count, "start_s": starts, "seconds": times})
    return {"text": "\n\n".join(parts), "measured": measured}


def _start(arch: str, compile_too: bool) -> tuple[dict[str, Pass], dict[str, float]]:
    """The contenders that this machine has, warm, and the seconds until each was."""
    passes, starts = {}, {}
    for name, make in forward_passes.ALL.items():
        if name.startswith("torch.compile") and not compile_too:
            continue
        model = _encoder(arch)
        started = time.perf_counter()
        try:
            passes[name] = make(model)
            for size in BATCHES:
                passes[name](_squares(arch, size))
        except ImportError as error:
            print(f"left out: {name} ({error})", file=sys.stderr)
            continue
        starts[name] = time.perf_counter() - started
    return passes, starts


def _encoder(arch: str) -> Encoder:
    torch.manual_seed(0)
    return Encoder(EncoderSpec(arch, SIZES[arch], {"augmentation_class": ("a", "b")})).eval()


def _squares(arch: str, count: int) -> np.ndarray:
    side = SIZES[arch]
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)


def _time(passes: dict[str, Pass], pixels: np.ndarray, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(rounds):
        for name, run in passes.items():
            run(pixels)  # the contender before has thrown its weights out of the cache
            started = time.perf_counter()
            run(pixels)
            times[name].append(time.perf_counter() - started)
    return times


def _table(starts: dict[str, float], times: dict[int, dict[str, list[float]]]) -> str:
    heads = ["", *(f"{size}, ms" for size in BATCHES), *(f"{size}, speed" for size in BATCHES)]
    rows = []
    for name, start in starts.items():
        taken = [f"{1000 * median(times[size][name]):.1f}" for size in BATCHES]
        speeds = [f"{_speed(times[size], name):.2f}" for size in BATCHES]
        rows.append([name, *taken, *speeds, f"{start:.1f}"])
    return markdown.table([*heads, "start, s"], rows)


def _speed(times: dict[str, list[float]], name: str) -> float:
    """How often the yardstick's, the median of the rounds."""
    pairs = zip(times[_YARDSTICK], times[name], strict=True)
    return median(theirs / own for theirs, own in pairs)
