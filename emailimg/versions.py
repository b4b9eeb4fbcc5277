"""Which techniques make each version of an image, and with which parameters.

Version 0 of a source image is the original. In the mode *one technique* every other version is one
technique, its augmentation class; in the mode *composed* the blocks of the report's Figure 1 are
gone through in order, each applied with its probability, so a version may have several techniques
or none. The steps are recorded beside the version and replay to the same pixels (`augment`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emailimg import seeding, taxonomy
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES, Parameters


@dataclass(frozen=True)
class Step:
    """One technique and the parameters it is applied with."""

    technique: str
    parameters: Parameters


def draw(config: AugmentConfig, source_id: str, version: int) -> tuple[Step, ...]:
    """The steps that make a source image's version, in order; none for the original.

    Depends on (seed, source_id, version) alone, whatever the number of workers or batches.
    """
    if version == 0:
        return ()
    rng = seeding.generator(config.seed, "augment", source_id, version)
    if config.mode == "composed":
        return _composed(config, rng)
    return (_one_technique(config, rng),)


def title(steps: Sequence[Step]) -> str:
    """The augmentation class: `original`, a technique, or several as `rotate + blur`."""
    return " + ".join(step.technique for step in steps) or taxonomy.ORIGINAL


def attributes(steps: Sequence[Step]) -> dict[str, Any]:
    """What an encoder can be trained to name: `augmentation_class`, and `techniques` as a list."""
    return {
        "augmentation_class": title(steps),
        "techniques": [step.technique for step in steps],
    }


def to_json(steps: Sequence[Step]) -> str:
    """The record of a version: `[["rotate", {"angle_deg": 12.5}]]`."""
    return json.dumps([[step.technique, step.parameters] for step in steps])


def from_json(record: str) -> tuple[Step, ...]:
    """What `to_json` wrote, exactly."""
    return tuple(Step(technique, parameters) for technique, parameters in json.loads(record))


def _one_technique(config: AugmentConfig, rng: np.random.Generator) -> Step:
    blocks = sorted(config.block_weights)
    weights = np.array([config.block_weights[block] for block in blocks])
    block = blocks[rng.choice(len(blocks), p=weights / weights.sum())]
    return _step_of(block, config, rng)


def _composed(config: AugmentConfig, rng: np.random.Generator) -> tuple[Step, ...]:
    return tuple(
        _step_of(block, config, rng)
        for block in taxonomy.AUGMENTATION_BLOCKS
        if rng.random() < config.block_probabilities[block]
    )


def _step_of(block: str, config: AugmentConfig, rng: np.random.Generator) -> Step:
    """One of the block's techniques, each as likely, with parameters from the config's ranges."""
    technique = str(rng.choice(taxonomy.AUGMENTATION_BLOCKS[block]))
    return Step(technique, TECHNIQUES[technique].sample(config.ranges[technique], rng))
