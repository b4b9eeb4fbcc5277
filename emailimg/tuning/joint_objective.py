"""The objective of encoder and classifiers together: what the classifiers make of the embeddings.

A trial trains an encoder, embeds all examples with it and trains the classifiers of the searched
targets on these. While the encoder trains, trials are compared by its validation error; the
log-loss is there in the end.
"""

from collections.abc import Sequence

import numpy as np

from emailimg import classifiers, embed, storage, train_encoder
from emailimg.config import Config
from emailimg.resources import Bundle
from emailimg.tuning import classifiers_objective, encoder_objective
from emailimg.tuning.objective import Objective


def create(
    config: Config, catalogue_folder: str, examples_folder: str, targets: Sequence[str]
) -> Objective:
    """The search for encoder, kind of embedding and classifiers."""

    def work(settings: Config, folder: str) -> float:
        epochs = encoder_objective.EpochErrors(known=False)
        encoder, embeddings = (storage.join(folder, name) for name in ("encoder", "embeddings"))
        encoder_objective.train(settings, catalogue_folder, examples_folder, encoder, epochs)
        embed.build(settings, examples_folder, encoder, embeddings)
        trained = classifiers.train_all(settings.classifiers, embeddings, targets)
        storage.delete_folder(folder)
        return float(np.mean([model.log_loss for model in trained.values()]))

    return Objective(
        name=classifiers_objective.name(targets),
        work=work,
        needs=_needs(config),
        reserved=[],
        steps=config.encoder.epochs + 1,
        first_check=encoder_objective.first_check(config.encoder.epochs),
        more=encoder_objective.more_tasks(config),
    )


def _needs(config: Config) -> list[Bundle]:
    """Of the three parts, which follow each other, the one that holds the most."""
    parts = (train_encoder.needs(config), embed.needs(config), classifiers.needs(config))
    return max(parts, key=lambda part: (_sum(part, "GPU"), _sum(part, "CPU")))


def _sum(bundles: Sequence[Bundle], resource: str) -> float:
    return sum(bundle.get(resource, 0) for bundle in bundles)
