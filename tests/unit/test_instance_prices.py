"""The price table: what comes with the project, what is refused and how, and dollars of hours."""

from pathlib import Path

import pytest

from emailimg.errors import ConfigError
from tune_jobs.instances import prices
from tune_jobs.instances.prices import Cost, PriceTable
from tune_jobs.instances.published import ROWS

SMALL = """
region: nowhere-1
date: 2026-01-02
assumed_spot_share: 0.5
instances:
  both: {cpus: 2, memory_gib: 4, on_demand: 0.1, spot: 0.03}
  listed: {cpus: 4, memory_gib: 16, gpus: 1, gpu: T4, on_demand: 0.6, spot: null}
  unknown: {cpus: 8, memory_gib: 16, on_demand: null, spot: null}
"""


def read(text: str, folder: Path) -> PriceTable:
    file = folder / "prices.yaml"
    file.write_text(text)
    return prices.load(str(file))


def test_ours_has_every_machine_of_the_report_as_the_report_describes_it() -> None:
    table = prices.load(prices.DEFAULT_FILE)
    for row in ROWS:
        entry = table.instances[row.instance]
        described = (row.cpus, row.memory_gib, row.gpus, row.gpu)
        assert (entry.cpus, entry.memory_gib, entry.gpus, entry.gpu) == described
        assert entry.on_demand is not None


def test_ours_gets_dearer_with_size() -> None:
    """Within the machines of one family and the same GPUs; a slipped digit would show."""
    families: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for name, entry in prices.load(prices.DEFAULT_FILE).instances.items():
        if entry.on_demand is not None:
            key = (name.partition(".")[0], entry.gpus)
            families.setdefault(key, []).append((entry.cpus, entry.on_demand))
    for machines in families.values():
        dollars = [price for _, price in sorted(machines)]
        assert dollars == sorted(dollars)


@pytest.mark.parametrize(
    ("name", "instances", "expected"),
    [
        ("both", 1, Cost(0.2, 0.06)),
        ("both", 3, Cost(0.6, 0.18)),
        ("listed", 1, Cost(1.2, 0.6, spot_is_assumed=True)),
        ("unknown", 1, Cost(None, None)),
        ("of another cloud", 1, Cost(None, None)),
        (None, 1, Cost(None, None)),
    ],
)
def test_dollars_of_two_hours(
    tmp_path: Path, name: str | None, instances: int, expected: Cost
) -> None:
    found = prices.cost(read(SMALL, tmp_path), name, 2.0, instances)
    assert found.on_demand == pytest.approx(expected.on_demand)
    assert found.spot == pytest.approx(expected.spot)
    assert found.spot_is_assumed == expected.spot_is_assumed


def test_what_failed_costs_nothing_known(tmp_path: Path) -> None:
    assert prices.cost(read(SMALL, tmp_path), "both", None) == Cost(None, None)


def test_without_an_assumption_there_is_no_spot_price(tmp_path: Path) -> None:
    table = read(SMALL.replace("0.5", "null", 1), tmp_path)
    assert prices.cost(table, "listed", 2.0) == Cost(1.2, None)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("cpus: 2", "cpu: 2", ["'instances.both.cpu'", "cpus, memory_gib", "instances.both.cpus"]),
        ("on_demand: 0.1, ", "", ["instances.both.on_demand is missing", "null where"]),
        ("region: nowhere-1", "", ["region is missing", "assumed_spot_share"]),
        ("region:", "zone: a\nregion:", ["unknown key 'zone'", "region, date"]),
        ("on_demand: 0.1", "on_demand: -0.1", ["instances.both.on_demand", "equal to 0"]),
        ("spot: 0.03", "spot: cheap", ["instances.both.spot", "valid number"]),
        ("spot: 0.03", "spot: .inf", ["instances.both.spot", "finite"]),
        ("cpus: 2", "cpus: 0", ["instances.both.cpus", "equal to 1"]),
        ("gpu: T4, ", "", ["instances.listed", "gpus and gpu go together"]),
        ("{cpus: 2, memory_gib: 4, on_demand: 0.1, spot: 0.03}", "0.1", ["both", "must be a map"]),
        ("assumed_spot_share: 0.5", "assumed_spot_share: 40", ["assumed_spot_share", "equal to 1"]),
        ("date: 2026-01-02", "date: soon", ["date: "]),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, named: list[str]) -> None:
    assert old in SMALL
    with pytest.raises(ConfigError) as refused:
        read(SMALL.replace(old, new, 1), tmp_path)
    for text in ["prices.yaml", *named]:
        assert text in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("instances: [", "is not YAML"),
        ("- c5.large", "must hold region, date"),
        ("", "must hold region, date"),
        ("region: r\ndate: 2026-01-02\ninstances: {}", "at least 1 item"),
    ],
)
def test_what_is_no_price_table_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        read(text, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml' does not exist"):
        prices.load(str(tmp_path / "nowhere.yaml"))
