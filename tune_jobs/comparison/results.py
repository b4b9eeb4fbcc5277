"""The files of the comparison: comparison.json, .md, .csv, .png and .svg."""

from emailimg import storage
from tune_jobs.comparison import measurement, plot, table
from tune_jobs.comparison.measurement import Measurements


def write(folder: str, found: Measurements) -> str:
    """Write all five to a local folder or `s3://`; returns the text of comparison.md."""
    measurement.write(folder, found)
    text = table.page(found)
    files = {"md": text.encode(), "csv": table.as_csv(found).encode()} | plot.draw(found)
    for kind, content in files.items():
        storage.write_bytes(storage.join(folder, f"comparison.{kind}"), content)
    return text
