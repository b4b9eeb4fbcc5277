"""The scorecard: how well the model does on test images that nothing was fitted or chosen on.

Two things apart: *attribute accuracy* of the encoder, and per target *reach*, the share of what
the oracle knows (it predicts each row's true probability) that the classifier knows too.
"""

from typing import Any

import pandas as pd

from emailimg import boosters, mistakes, splits, taxonomy
from emailimg.config import Config
from emailimg.parquet import read_table
from emailimg.scorecard import attributes, engagement, learning


def measure(
    config: Config, examples_folder: str, embeddings_folder: str, classifiers_folder: str
) -> dict[str, Any]:
    """`data`, `attributes`, `targets`, `learning` and `alarms` of the scorecard.

    All scores are of the test rows. Needs a Ray session.
    """
    test = read_table(splits.folder(embeddings_folder, "test"))
    models = boosters.load(classifiers_folder)
    targets = {target: engagement.score(config, models, test, target) for target in config.targets}
    named = attributes.scores(test)
    if mistakes.HEAD in named:  # the head of versions with one technique each
        explained = mistakes.explain(config, examples_folder, test)
        named[mistakes.HEAD]["mistakes"] = explained
    return {
        "attributes": named,
        "targets": targets,
        "alarms": [
            alarm for target, score in targets.items() for alarm in engagement.alarms(target, score)
        ],
        "data": _data(examples_folder),
        "learning": learning.curves(config, embeddings_folder),
    }


def _data(examples_folder: str) -> dict[str, Any]:
    columns = ["source_id", "techniques"]
    parts = {
        split: read_table(splits.folder(examples_folder, split), columns=columns)
        for split in splits.SPLITS
    }
    everything = pd.concat(parts.values(), ignore_index=True)
    # Of composed versions every technique counts; a version without any counts as original.
    names = everything["techniques"].map(lambda found: list(found) or [taxonomy.ORIGINAL])
    counts = names.explode().value_counts()
    return {
        "source_images": int(everything["source_id"].nunique()),
        "examples": len(everything),
        "split": {split: len(rows) for split, rows in parts.items()},
        "class_counts": {
            name: int(counts[name]) for name in attributes.class_order(set(counts.index))
        },
    }
