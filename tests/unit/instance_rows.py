"""Measurements of instances as tests need them."""

import datetime
from typing import Any

from tune_jobs.instances.measurement import Measurement


def measured_row(**changes: Any) -> Measurement:
    """One worker with one thread on a c5.large at 10 images per second, but for `changes`."""
    row = {
        "instance": "c5.large",
        "priced_as": changes.get("instance", "c5.large"),
        "processor": "a CPU",
        "cpus": 2,
        "memory_gib": 4,
        "gpus": 0,
        "gpu": None,
        "instances": 1,
        "workers": 1,
        "threads": 1,
        "use_gpu": False,
        "batch_size": 64,
        "images_per_s": 10.0,
        "epoch_s": 5.0,
        "failure": None,
        "date": datetime.date(2026, 1, 2),
        "version": "0.1.0",
    }
    return Measurement.model_validate(row | changes)
