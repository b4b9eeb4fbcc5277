"""The measurements as Markdown, ready for the README."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tune_jobs import markdown

from .measure import Phase

_MIB = 2**20


@dataclass(frozen=True)
class Line:
    """A line of the table: the same phase of every repetition; written: bytes on disk."""

    title: str
    images: int
    phases: Sequence[Phase]
    written: int | None = None

    @property
    def seconds(self) -> float:
        return median(phase.seconds for phase in self.phases)

    def cell(self, value: Callable[[Phase], float], form: str) -> str:
        """The median, and the spread where there are several repetitions."""
        return spread([value(phase) for phase in self.phases], form)


@dataclass(frozen=True)
class Pace:
    """A line about training; in each sequence one value per round.

    images_per_s: in the steady state; seconds: of the whole run; waited: share of the steady
    state in which the loop waited for data.
    """

    title: str
    images_per_s: Sequence[float]
    seconds: Sequence[float]
    waited: Sequence[float]

    def times(self, other: "Pace") -> list[float]:
        """How often the other's speed this is, round by round: neighbours disturb both."""
        pairs = zip(self.images_per_s, other.images_per_s, strict=True)
        return [own / theirs for own, theirs in pairs]

    def hours(self, images: int) -> list[float]:
        """How long so many images take."""
        return [images / pace / 3600 for pace in self.images_per_s]


def spread(values: Sequence[float], form: str) -> str:
    """The median, with the lowest and highest where there are several."""
    middle = format(median(values), form)
    if len(values) == 1:
        return middle
    return f"{middle} ({format(min(values), form)} to {format(max(values), form)})"


def comparison(lines: Sequence[Line], yardsticks: Mapping[str, Line]) -> str:
    """One line per contender or part of one; yardsticks: by title, whose speed is 1."""
    heads = ["", "seconds", "images/s", "CPU ms/image", "peak memory, MiB", "written, MiB"]
    heads += [f"speed of {title}" for title in yardsticks]
    rows = [
        [*_cells(line), *(f"{other.seconds / line.seconds:.2f}" for other in yardsticks.values())]
        for line in lines
    ]
    return markdown.table(heads, rows)


def scaling(by_workers: Mapping[int, Line]) -> str:
    """How the time shrinks with more workers."""
    alone = by_workers[min(by_workers)]
    rows = [
        [str(workers), *_cells(line)[1:3], f"{alone.seconds / line.seconds:.2f}"]
        for workers, line in by_workers.items()
    ]
    return markdown.table(["workers", "seconds", "images/s", "times as fast as one"], rows)


def training(lines: Sequence[Pace], ceiling: Pace) -> str:
    """One line per contender."""
    heads = ["", "images/s", "ms/image", "share of the ceiling", "waiting for data"]
    rows = [
        [
            line.title,
            spread(line.images_per_s, ".0f"),
            spread([1000 / pace for pace in line.images_per_s], ".2f"),
            spread(line.times(ceiling), ".3f"),
            spread(line.waited, ".1%"),
            spread(line.seconds, ".1f"),
        ]
        for line in lines
    ]
    return markdown.table([*heads, "whole run, s"], rows)


def facts(pairs: Mapping[str, str]) -> str:
    """`name: value` as a list."""
    return markdown.bullets([f"{name}: {value}" for name, value in pairs.items()])


def _cells(line: Line) -> list[str]:
    return [
        line.title,
        line.cell(lambda phase: phase.seconds, ".1f"),
        line.cell(lambda phase: line.images / phase.seconds, ".0f"),
        line.cell(lambda phase: 1000 * phase.cpu_s / line.images, ".2f"),
        line.cell(lambda phase: phase.peak_bytes / _MIB, ".0f"),
        "" if line.written is None else f"{line.written / _MIB:.0f}",
    ]
