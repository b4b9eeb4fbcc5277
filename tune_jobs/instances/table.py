"""The results as Markdown, which lines up in a terminal too: recommendation, tables and notes."""

from collections.abc import Sequence

from emailimg.report import wording
from tune_jobs import markdown
from tune_jobs.instances import costs
from tune_jobs.instances.costs import Job, MeasuredCost, PublishedCost
from tune_jobs.instances.prices import Cost, PriceTable

_MACHINE = ("instance", "CPUs", "memory, GiB", "GPUs")
_SETUP = ("workers", "threads", "batch", "images/s", "scaling")
_COST = ("hours", "on demand", "spot")
_REPORT_NOTES = (
    "The report does not say which ResNet, batch and precision its hours are of, and SageMaker "
    "charges more than the prices of EC2 that are used here.",
    "The report's rows are named by their CPUs, memory and GPUs; where it prints another name, "
    "that is given.",
)


def page(
    measured: Sequence[MeasuredCost],
    published: Sequence[PublishedCost],
    job: Job,
    table: PriceTable,
    under_hours: float,
) -> str:
    """Everything, as `instances.md` holds it and the end of a run prints it."""
    parts = [
        "# What does an instance cost me?",
        costs.recommendation(measured, under_hours),
        f"Measured, for {wording.count(job.images)} images x {job.epochs} epochs:",
        markdown.table([*_MACHINE, *_SETUP, *_COST], [_measured_cells(row) for row in measured]),
        *_failures(measured),
        "The report's Table 2, as its authors measured it on SageMaker:",
        markdown.table([*_MACHINE, *_COST], [_published_cells(row) for row in published]),
        costs.recommendation(published, under_hours, " of the report's rows"),
        "Notes:",
        markdown.bullets([*_unpriced(measured), *_notes(measured, table), *_REPORT_NOTES]),
    ]
    return "\n\n".join(parts) + "\n"


def _measured_cells(cost: MeasuredCost) -> list[str]:
    row = cost.row
    name = f"{row.instances} x {row.instance}" if row.instances > 1 else row.instance
    machines = [_number(row.cpus * row.instances), str(row.memory_gib * row.instances)]
    return [
        name,
        *machines,
        _gpus(row.gpus * row.instances, row.gpu),
        *(str(value) if row.workers else wording.MISSING for value in (row.workers, row.threads)),
        str(row.batch_size) if row.batch_size else wording.MISSING,
        "failed" if row.images_per_s is None else _rate(row.images_per_s),
        wording.percent(cost.efficiency, 0),
        *_cost_cells(cost.hours, cost.cost),
    ]


def _published_cells(cost: PublishedCost) -> list[str]:
    row = cost.row
    name = f"{row.instance} (printed {row.printed})" if row.renamed else row.instance
    machine = [str(row.cpus), str(row.memory_gib), _gpus(row.gpus, row.gpu)]
    return [name, *machine, *_cost_cells(cost.hours, cost.cost)]


def _cost_cells(hours: float | None, cost: Cost) -> list[str]:
    return [
        costs.format_hours(hours).removesuffix(" h"),
        costs.format_dollars(cost.on_demand),
        costs.format_dollars(cost.spot, cost.spot_is_assumed),
    ]


def _failures(measured: Sequence[MeasuredCost]) -> list[str]:
    failed = [f"{cost.label}: {cost.row.failure}" for cost in measured if cost.row.failure]
    return [f"What failed, and why:\n\n{markdown.bullets(failed)}"] if failed else []


def _notes(measured: Sequence[MeasuredCost], table: PriceTable) -> list[str]:
    processors = sorted({cost.row.processor for cost in measured})
    notes = [
        "Images per second are those of the training passes, over all workers: the median of the "
        "epochs after the first. Hours leave out start-up and validation.",
        "The batch over all workers is kept, to the nearest multiple of their number: each row is "
        "the same training, as in the report, and a worker's part of it shrinks.",
        "Scaling is images/s over (workers x images/s of one worker). One worker with several "
        "threads counts as that many workers of one.",
        f"Dollars are hours x instances x the price per hour ({table.region}, {table.date}).",
        f"Processors that were measured: {'; '.join(processors)}.",
    ]
    if table.assumed_spot_share is not None:
        notes.append(_assumption(table))
    return notes


def _assumption(table: PriceTable) -> str:
    share = wording.percent(table.assumed_spot_share, 0)
    return f"≈: no spot price in the table; {share} of the on-demand price is assumed."


def _unpriced(measured: Sequence[MeasuredCost]) -> list[str]:
    """Why a machine has no dollars, once for each."""
    found = {}
    for cost in measured:
        row = cost.row
        if cost.hours is None or cost.cost.on_demand is not None:
            continue
        if row.candidates:
            names = " or ".join(row.candidates)
            found[row.instance] = f"could be {names}; say which with --instance"
        elif row.priced_as is None:
            found[row.instance] = "is no instance of the price table; --instance names it"
        else:
            found[row.instance] = "has no price in the price table"
    return [f"{instance} {problem}." for instance, problem in found.items()]


def _gpus(number: int, kind: str | None) -> str:
    return f"{number} {kind or 'GPU'}" if number else "0"


def _rate(images_per_s: float) -> str:
    return f"{images_per_s:,.0f}" if images_per_s >= 10 else f"{images_per_s:.1f}"


def _number(value: float) -> str:
    return f"{value:g}"
