"""From images per second to scaling efficiency, hours, dollars and a recommendation."""

from collections.abc import Sequence
from dataclasses import dataclass

from emailimg.report import wording
from tune_jobs.instances import prices
from tune_jobs.instances.measurement import Measurement
from tune_jobs.instances.prices import Cost, PriceTable
from tune_jobs.instances.published import PublishedRow


@dataclass(frozen=True)
class Job:
    """The training whose cost is asked for: images in an epoch, and epochs."""

    images: int
    epochs: int

    def hours(self, images_per_s: float | None) -> float | None:
        """Hours of its training passes; start-up and validation come on top."""
        return None if images_per_s is None else self.images * self.epochs / images_per_s / 3600


@dataclass(frozen=True)
class Priced:
    """What a row costs. label: machine and set-up, for people; hours: None when it failed."""

    label: str
    instance: str
    hours: float | None
    cost: Cost


@dataclass(frozen=True)
class MeasuredCost(Priced):
    row: Measurement
    efficiency: float | None  # 1 is: so many times as fast as it has times the workers


@dataclass(frozen=True)
class PublishedCost(Priced):
    row: PublishedRow


def of_measured(rows: Sequence[Measurement], job: Job, table: PriceTable) -> list[MeasuredCost]:
    """Hours and dollars of the whole job for each measurement."""
    found = []
    for row in rows:
        hours = job.hours(row.images_per_s)
        cost = prices.cost(table, row.priced_as, hours, row.instances)
        found.append(
            MeasuredCost(_label(row), row.instance, hours, cost, row, efficiency(row, rows))
        )
    return found


def of_published(rows: Sequence[PublishedRow], table: PriceTable) -> list[PublishedCost]:
    """Dollars of the report's hours, by the price of the machine that its figures describe."""
    return [
        PublishedCost(
            row.instance, row.instance, row.hours, prices.cost(table, row.instance, row.hours), row
        )
        for row in rows
    ]


def efficiency(row: Measurement, rows: Sequence[Measurement]) -> float | None:
    """images/s over (workers x images/s of one worker on that machine).

    One worker is one GPU, or one process with as many threads as it has where there are several
    workers; one worker on all cores counts as that many. None without that measurement.
    """
    alone = [
        other
        for other in rows
        if other.workers == 1
        and other.images_per_s is not None
        and (other.instance, other.processor, other.use_gpu)
        == (row.instance, row.processor, row.use_gpu)
    ]
    if row.images_per_s is None or not alone:
        return None
    base = min(alone, key=lambda other: other.units)
    if row.units < base.units or base.images_per_s is None:
        return None
    return row.images_per_s / base.images_per_s / (row.units / base.units)


def cheapest(rows: Sequence[Priced], under_hours: float, *, spot: bool = False) -> Priced | None:
    """The cheapest row with a price that takes less time; of equals the faster one."""
    in_time = [row for row in rows if row.hours is not None and row.hours < under_hours]
    priced = [(_price(row, spot), row.hours, row) for row in in_time]
    known = [(price, hours or 0.0, row) for price, hours, row in priced if price is not None]
    return min(known, key=lambda found: found[:2])[2] if known else None


def fastest(rows: Sequence[Priced]) -> Priced | None:
    done = [row for row in rows if row.hours is not None]
    return min(done, key=lambda row: row.hours or 0.0) if done else None


def recommendation(rows: Sequence[Priced], under_hours: float, whose: str = "") -> str:
    """A sentence or two: the cheapest in time, or why there is none.

    whose: ` of the report's rows`, or nothing for what was measured.
    """
    limit = f"{under_hours:g} {'hour' if under_hours == 1 else 'hours'}"
    quickest = fastest(rows)
    if quickest is None or quickest.hours is None:
        return f"Nothing{whose} was measured, so nothing is recommended."
    best = cheapest(rows, under_hours)
    if best is not None:
        remark = _spot_remark(rows, best, under_hours)
        return f"Cheapest{whose} under {limit}: {_priced(best)}.{remark}"
    if quickest.hours < under_hours:
        return (
            f"Under {limit}{whose}, but without a price: {_priced(quickest)}. Name it with "
            "--instance, or give it a price in the price table."
        )
    return f"None{whose} is under {limit}; the fastest takes {_priced(quickest, first_hours=True)}."


def _spot_remark(rows: Sequence[Priced], best: Priced, under_hours: float) -> str:
    """Where another row is cheaper on spot."""
    other = cheapest(rows, under_hours, spot=True)
    return "" if other is None or other is best else f" On spot: {_priced(other)}."


def _priced(row: Priced, *, first_hours: bool = False) -> str:
    """`g6.xlarge, 1 worker: 0.43 h, $0.34 on demand`, or the hours first."""
    on_demand, spot = row.cost.on_demand, row.cost.spot
    costs = [f"{format_dollars(on_demand)} on demand"] if on_demand is not None else []
    if spot is not None:
        costs.append(f"{format_dollars(spot, row.cost.spot_is_assumed)} on spot")
    dollars = ", ".join(costs) or "price unknown"
    if first_hours:
        return f"{format_hours(row.hours)}: {row.label} ({dollars})"
    return f"{row.label}: {format_hours(row.hours)}, {dollars}"


def format_hours(hours: float | None) -> str:
    """`0.56 h`; two significant digits of what is less than a hundredth."""
    return wording.MISSING if hours is None else f"{_digits(hours)} h"


def format_dollars(dollars: float | None, assumed: bool = False) -> str:
    """`$1.71`; with ≈ where the price behind it is an assumption."""
    if dollars is None:
        return wording.MISSING
    return f"{'≈' if assumed else ''}${_digits(dollars)}"


def _digits(value: float) -> str:
    return f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:#.2g}"


def _price(row: Priced, spot: bool) -> float | None:
    return row.cost.spot if spot else row.cost.on_demand


def _label(row: Measurement) -> str:
    each = "" if row.use_gpu else f" x {wording.counted(row.threads, 'thread')}"
    machines = f"{row.instances} x " if row.instances > 1 else ""
    return f"{machines}{row.instance}, {wording.counted(row.workers, 'worker')}{each}"
