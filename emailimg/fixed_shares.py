"""How Ray Train hands the training rows to its workers.

A file of its own, without torch: the process that Ray Train starts for the rows imports it, and
would otherwise load torch, for seconds, before the workers can begin.
"""

from typing import Any

import ray.train


class FixedShares(ray.train.DataConfig):
    """Gives every worker the same rows in every epoch, and again when a run continues."""

    def __init__(self) -> None:
        super().__init__(datasets_to_split=["train"])

    def configure(
        self, datasets: dict[str, Any], world_size: int, *_: Any, **__: Any
    ) -> list[dict[str, Any]]:
        shares: list[dict[str, Any]] = [{} for _ in range(world_size)]
        for name, rows in datasets.items():
            whole = name != "train"
            parts = [rows] * world_size if whole else rows.split(world_size, equal=True)
            for share, part in zip(shares, parts, strict=True):
                share[name] = part.iterator()
        return shares
