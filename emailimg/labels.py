"""Synthetic engagement labels: k successes out of n sends, per target and image version.

The signal: a rule gives the true probability from the image's attributes, *high* (0.8) or *low*
(0.2), and campaign type and industry shift it in log-odds. The noise: k ~ Binomial(n, p). With the
report's n = 1 and no context effect no model can beat 80% accuracy, 0.5004 nats of log-loss or a
Brier score of 0.16; the oracle in the scorecard reaches exactly that. The true probability is kept
beside the label for the oracle; it is never a feature.

The report states the `augmentation` rule (brighter or rotated succeeds); the data table published
with it follows `vehicle_type` (SUV and Convertible succeed). Both are here by name.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emailimg import seeding, taxonomy
from emailimg.config import LabelConfig, LabelRule

HIGH_AUGMENTATIONS = frozenset({"brighter", "rotate"})
HIGH_VEHICLE_TYPES = frozenset({"SUV", "Convertible"})

# Bumped when the effects below change, so that a cached stage is not taken for the new one.
_EFFECTS_SEED = 20210619


def context_effect(target: str, campaign_type: str, industry: str) -> float:
    """Shift in log-odds, about standard normal, that is the same in every run of the project."""
    campaign = seeding.generator(_EFFECTS_SEED, target, "campaign", campaign_type).normal()
    trade = seeding.generator(_EFFECTS_SEED, target, "industry", industry).normal()
    return float(campaign + trade) / np.sqrt(2)


def true_probability(rule: LabelRule, target: str, row: Mapping[str, Any]) -> float:
    """P(success) of one email with this image.

    row: needs `augmentation_class`, `vehicle_type` (may be None), `campaign_type`, `industry`.
    """
    if rule.kind == "augmentation":
        high = row["augmentation_class"] in HIGH_AUGMENTATIONS
    else:
        high = row["vehicle_type"] in HIGH_VEHICLE_TYPES
    base = rule.high if high else rule.low
    shift = rule.context_strength * context_effect(target, row["campaign_type"], row["industry"])
    log_odds = np.log(base / (1 - base)) + shift
    return float(1 / (1 + np.exp(-log_odds)))


def draw_labels(config: LabelConfig, example_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns `{target}_k`, `{target}_n` (int) and `{target}_p` (true probability) of one example.

    Labels that the row already has (`{target}_k` and `{target}_n`) are kept; their `{target}_p`
    is NaN, because nobody knows it.
    """
    columns: dict[str, Any] = {}
    for target, rule in config.rules.items():
        observed = row.get(f"{target}_n")
        if observed is not None and not np.isnan(observed):
            columns |= {f"{target}_{part}": int(row[f"{target}_{part}"]) for part in "kn"}
            columns[f"{target}_p"] = float("nan")
            continue
        probability = true_probability(rule, target, row)
        rng = seeding.generator(config.seed, "label", target, example_id)
        columns[f"{target}_k"] = int(rng.binomial(config.sends_per_image, probability))
        columns[f"{target}_n"] = config.sends_per_image
        columns[f"{target}_p"] = probability
    return columns


def assign_context(seed: int, source_id: str) -> tuple[str, str]:
    """Campaign type and industry for an image whose table has none, uniformly at random."""
    rng = seeding.generator(seed, "context", source_id)
    return str(rng.choice(taxonomy.CAMPAIGN_TYPES)), str(rng.choice(taxonomy.INDUSTRIES))
