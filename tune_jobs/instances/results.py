"""The files of the benchmark: instances.json, instances.md, instances.png and instances.svg."""

from dataclasses import asdict
from typing import Any

from emailimg import storage
from tune_jobs.instances import costs, measurement, plot, table
from tune_jobs.instances.costs import Job, Priced
from tune_jobs.instances.measurement import Measurements
from tune_jobs.instances.prices import PriceTable
from tune_jobs.instances.published import ROWS


def write(
    folder: str, found: Measurements, job: Job, prices: PriceTable, under_hours: float
) -> str:
    """Write all four to a local folder or `s3://`; returns the text of instances.md."""
    measured = costs.of_measured(found.rows, job, prices)
    published = costs.of_published(ROWS, prices)
    text = table.page(measured, published, job, prices, under_hours)
    content = found.model_dump(mode="json") | {
        "job": asdict(job),
        "prices": {"region": prices.region, "date": prices.date.isoformat()},
        "under_hours": under_hours,
        "recommendation": costs.recommendation(measured, under_hours),
        "costs": [_as_json(row) | {"efficiency": row.efficiency} for row in measured],
        "report": [_as_json(row) for row in published],
    }
    storage.write_json(storage.join(folder, measurement.FILE_NAME), content)
    storage.write_bytes(storage.join(folder, "instances.md"), text.encode())
    for kind, data in plot.draw(measured, published, job, under_hours).items():
        storage.write_bytes(storage.join(folder, f"instances.{kind}"), data)
    return text


def _as_json(row: Priced) -> dict[str, Any]:
    """Figures in full; `costs` has as many rows as `rows`, in the same order."""
    return {"label": row.label, "hours": row.hours} | asdict(row.cost)
