"""The objective of the encoder: its validation error, 1 - the mean accuracy of its attributes.

A trial is a whole run of the encoder stage in a folder of its own, so it continues from its last
epoch when the search was stopped meanwhile. Its step is the epoch.
"""

from typing import Any

from ray.train import UserCallback
from ray.tune.integration.ray_train import TuneReportCallback

from emailimg import resources, storage, train_encoder
from emailimg.config import Config
from emailimg.errors import ConfigError
from emailimg.resources import Bundle
from emailimg.train_encoder import checkpoints
from emailimg.train_encoder.loop import SELECTED_BY
from emailimg.tuning.objective import Objective, progress
from emailimg.tuning.space import Space

NAME = "validation error of the encoder"


def create(config: Config, space: Space, catalogue_folder: str, examples_folder: str) -> Objective:
    """The search for an encoder; raises ConfigError for what it does not depend on."""
    without_effect = [name for name in space if not name.startswith("encoder.")]
    if without_effect:
        raise ConfigError(
            f"search space: {', '.join(without_effect)} cannot change the encoder's validation "
            "error; search them together with the encoder (--joint)"
        )

    def work(settings: Config, folder: str) -> float:
        error = train(settings, catalogue_folder, examples_folder, folder, EpochErrors(known=True))
        storage.delete_folder(folder)
        return error

    return Objective(
        name=NAME,
        work=work,
        needs=train_encoder.needs(config),
        reserved=[],
        steps=config.encoder.epochs,
        first_check=first_check(config.encoder.epochs),
        more=more_tasks(config),
    )


def more_tasks(config: Config) -> list[Bundle]:
    """Ray Data's tasks beyond the one without which nothing moves."""
    cluster = config.cluster
    return resources.cpu_bundles(cluster.data_tasks - 1, cluster.cpus_per_data_task)


def first_check(epochs: int) -> int:
    """The epoch before which no trial is stopped."""
    return max(1, epochs // 4)


def train(
    config: Config, catalogue_folder: str, examples_folder: str, folder: str, epochs: UserCallback
) -> float:
    """Train an encoder into the folder; its lowest validation error over the epochs, in [0, 1]."""
    train_encoder.build(config, catalogue_folder, examples_folder, folder, [epochs])
    best = checkpoints.best(storage.join(folder, "runs"))
    assert best is not None, "every epoch ends with a checkpoint"
    return 1 - best.score


class EpochErrors(TuneReportCallback):
    """Tells Ray Tune of the lowest validation error after every epoch.

    known: whether the error is the search's objective.
    """

    def __init__(self, *, known: bool) -> None:
        super().__init__()
        self._known = known
        self._lowest = 1.0

    def after_report(
        self,
        run_context: Any,
        metrics: list[dict[str, Any]],
        checkpoint: Any,  # noqa: ARG002
    ) -> None:
        self._lowest = min(self._lowest, 1 - metrics[0][SELECTED_BY])
        value = {"value": self._lowest} if self._known else {}
        told = progress(metrics[0]["epoch"], self._lowest, **value)
        super().after_report(run_context, [told], None)
