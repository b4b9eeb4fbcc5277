"""The figures of `cluster/SCALING.md` follow from what it says they start from."""

import math
import re
from collections.abc import Callable

import pytest
from cluster_files import FOLDER, read

from tune_jobs.instances import prices

TEXT = (FOLDER / "SCALING.md").read_text()
README = (FOLDER.parent / "README.md").read_text()
TABLE = prices.load(str(FOLDER / "instances.yaml"))

_BAR = re.compile(r"(?<!\\)\|")  # of the table, not one that a cell quotes
GIB, HOUR_S = 2**30, 3600
IMAGES = (16_000, 1_000_000, 100_000_000)
REQUESTS = (10, 1_000, 50_000)
# Of the measured machine, of the assumed one, and how busy that may be.
CORES, CPUS, LOAD = 2, 16, 0.7
MACHINE, HEAD = TABLE.instances["m7i.4xlarge"], TABLE.instances["m7i.xlarge"]
SHARE_OF_TRAINING, VERSIONS, EPOCHS, TARGETS, ROUNDS, MEMBERS = 0.8, 2, 10, 4, 100, 10
WORKING_DAY_H = 8
ENOUGH_TO_LEARN_FROM = 1_000_000


def rows(heading: str) -> dict[str, list[str]]:
    """Cells of a section's table, by the text of the first."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in _BAR.split(line.strip("|"))] for line in lines[2:]]
    return {first: rest for first, *rest in cells}


def figures(heading: str) -> dict[str, float]:
    """First numbers of a section's table."""
    return {name: float(cells[0].replace(",", "")) for name, cells in rows(heading).items()}


MEASURED, ASSUMED = figures("Measured"), figures("Assumed")


def core_hours(images: float, per_second: str) -> float:
    """On the measured cores, of so many images at a measured pace."""
    return images / MEASURED[per_second] * CORES / HOUR_S


def training(images: float) -> float:
    seen = images * SHARE_OF_TRAINING * VERSIONS * EPOCHS
    return core_hours(seen, "encoder, images/s")


def boosters(images: float, each: int) -> float:
    rows_seen = images * SHARE_OF_TRAINING * VERSIONS * TARGETS * ROUNDS / 25 * each
    return core_hours(rows_seen, "classifiers, rows/s of 25 rounds")


def all_stages(images: float) -> float:
    return (
        core_hours(images, "data side, images/s")
        + training(min(images, ENOUGH_TO_LEARN_FROM))
        + core_hours(images * VERSIONS, "scoring, images/s")
        + boosters(images, 1 + MEMBERS)
    )


def memory_gib(images: float) -> float:
    return images * SHARE_OF_TRAINING * VERSIONS / 1e7 * MEASURED["memory of 10 million rows, GiB"]


def machines_of(cores: float, at_least: int = 1) -> int:
    return max(at_least, math.ceil(cores / CPUS))


def in_a_day(images: float) -> int:
    return machines_of(all_stages(images) / WORKING_DAY_H)


def dollars(images: float) -> float:
    hours = all_stages(images) / CPUS
    return hours * MACHINE.on_demand + hours / in_a_day(images) * HEAD.on_demand


def bytes_gb(images: float) -> float:
    return images * MEASURED["size of an image, kB"] * 1e3 / 1e9


def examples_gb(images: float) -> float:
    return images * MEASURED["examples of 16,185 images, GiB"] * GIB / 16_185 / 1e9


def bucket_dollars(images: float) -> float:
    """An image is read once; a thousand are named by a request."""
    listed = images / 1000 / 1000 * ASSUMED["a thousand writes or lists, dollars"]
    return images / 1000 * ASSUMED["a thousand reads, dollars"] + listed


OF_IMAGES: dict[str, Callable[[float], float]] = {
    "images as they come, GB": bytes_gb,
    "examples on the bucket, GB": examples_gb,
    "catalogue and examples, core-hours": lambda n: core_hours(n, "data side, images/s"),
    "encoder learned from all, core-hours": training,
    "encoder learned from a million at most, core-hours": lambda n: training(
        min(n, ENOUGH_TO_LEARN_FROM)
    ),
    "embeddings, core-hours": lambda n: core_hours(n * VERSIONS, "scoring, images/s"),
    "classifiers, core-hours": lambda n: boosters(n, 1),
    "classifiers with ten members, core-hours": lambda n: boosters(n, 1 + MEMBERS),
    "memory of the classifiers' rows, GiB": memory_gib,
    "looks in each Recommender, GB": lambda n: n * 512 * 2 / 1e9,
    "**all, core-hours**": all_stages,
    "machines to be done in 8 hours": in_a_day,
    "**dollars on demand**": dollars,
    "dollars on spot": lambda n: dollars(n) * TABLE.assumed_spot_share,
    "requests to the bucket, dollars": bucket_dollars,
    "a month on the bucket, dollars": lambda n: (
        (bytes_gb(n) + examples_gb(n)) * ASSUMED["a GB on the bucket for a month, dollars"]
    ),
    "a catalogue scored again, dollars": lambda n: (
        core_hours(n, "scoring, images/s") / CPUS * MACHINE.on_demand
    ),
}


def cores(requests: float, measured: str) -> float:
    return requests / (MEASURED[measured] / CORES) / LOAD


def of_requests(kind: str, measured: str) -> dict[str, Callable[[float], float]]:
    """Rows about one kind of request."""

    def machines(requests: float) -> int:
        return machines_of(cores(requests, measured), at_least=2)

    def per_hour(requests: float) -> float:
        return machines(requests) * MACHINE.on_demand + HEAD.on_demand

    return {
        f"{kind}: cores": lambda r: cores(r, measured),
        f"{kind}: machines": machines,
        f"{kind}: dollars per hour": per_hour,
        f"{kind}: dollars per million": lambda r: per_hour(r) / (r * HOUR_S) * 1e6,
    }


OF_REQUESTS: dict[str, Callable[[float], float]] = {
    "images that come in, MB/s": lambda r: r * MEASURED["size of an image, kB"] / 1e3,
    **of_requests("score", "score, requests/s"),
    **of_requests("recommend", "recommend, requests/s"),
    **of_requests("alternates alone", "alternates alone, requests/s"),
    **of_requests("score at 64 px", "score at 64 px, requests/s"),
}


def shown(value: float) -> str:
    """Machines are counted, the rest has two significant digits."""
    return f"{value:,}" if isinstance(value, int) else f"{float(f'{value:.2g}'):,g}"


@pytest.mark.parametrize(("name", "cells"), rows("Measured").items())
def test_what_it_starts_from_is_in_the_readme(name: str, cells: list[str]) -> None:
    number, quote = cells
    assert quote.strip("`").replace("\\|", "|") in README, "measured anew? then renew SCALING.md"
    assert number in quote


@pytest.mark.parametrize(("name", "figure"), OF_IMAGES.items())
def test_figures_about_images(name: str, figure: Callable[[float], float]) -> None:
    assert rows("Images")[name][:3] == [shown(figure(images)) for images in IMAGES]


@pytest.mark.parametrize(("name", "figure"), OF_REQUESTS.items())
def test_figures_about_requests(name: str, figure: Callable[[float], float]) -> None:
    assert rows("Requests")[name][:3] == [shown(figure(requests)) for requests in REQUESTS]


def test_every_figure_is_tested() -> None:
    assert rows("Images").keys() == OF_IMAGES.keys()
    assert rows("Requests").keys() == OF_REQUESTS.keys()


@pytest.mark.parametrize("heading", ["Images", "Requests"])
def test_every_line_says_where_it_starts(heading: str) -> None:
    for name, cells in rows(heading).items():
        assert cells[3], name


def test_prices_and_their_date_are_those_of_the_table() -> None:
    assert f"${MACHINE.on_demand} per hour" in TEXT
    assert str(TABLE.date) in TEXT
    assert f"{TABLE.assumed_spot_share:.0%}" in TEXT


def test_the_machine_is_the_clusters() -> None:
    kinds = {
        each["node_config"]["InstanceType"]: each["resources"]["CPU"]
        for each in read("aws.yaml")["available_node_types"].values()
    }
    assert kinds["m7i.4xlarge"] == MACHINE.cpus == CPUS
    assert kinds["m7i.xlarge"] == 0, "the head takes no tasks"
    assert f"m7i.xlarge (${HEAD.on_demand} per hour)" in TEXT
    assert f"{MACHINE.memory_gib:.0f} GiB" in TEXT


def test_how_many_machines_start_by_themselves_is_the_clusters() -> None:
    most = sum(
        each["max_workers"]
        for each in read("aws.yaml")["available_node_types"].values()
        if each["node_config"]["InstanceType"] == "m7i.4xlarge"
    )
    assert f"`aws.yaml` starts {most} of these at most" in TEXT


def test_sentences_repeat_figures_of_the_tables() -> None:
    """Those that are set in italics."""
    for figure in re.findall(r"(?<!\*)\*(\d[\d,.]*)\*(?!\*)", TEXT):
        assert any(
            figure in cells for table in ("Images", "Requests") for cells in rows(table).values()
        )
