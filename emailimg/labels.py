"""Synthetic engagement labels: k successes out of n emails, per target and image version.

The signal: a rule gives the true probability p from the image's attributes and its context. The
report ("Image Optimization Model", section B, Feature Engineering) states the rule `augmentation`:
an image that was made brighter or rotated succeeds in 80% of the cases, any other in 20%. The data
table published with it follows `vehicle_type` instead (SUV and Convertible). In both, campaign type
and industry shift p in log-odds by effects that are the same for every image (`context_strength`;
0 is the report's own rule): all images move alike, so the best image of one campaign is the best of
all. In the rule `logistic` the user weighs attributes and context, and its interactions can make
one image the best for one campaign and another elsewhere.

The noise: k ~ Binomial(n, p), independent given n. Nobody predicts better than p itself: with the
report's n = 1 and no context effect a perfect model reaches 80% accuracy, 0.5004 nats of log-loss
and a Brier score of 0.16. For other rules the bound depends on the weights, and the scorecard's
oracle measures it. The true probability is kept beside the label for the oracle; it is never a
feature.

The funnel: later steps are counted out of the emails that got as far, so that the labels of one
example agree with each other.

    sent - bounces -> delivered -> opens -> clicks (click_to_open_rate: of the opens)
                                -> conversions, purchases, unsubscribes, revenue (of the delivered)

Without a bounce_rate everything sent is delivered; without an open_rate clicks are counted out of
the delivered. Observed labels are kept, and what follows from them is counted out of them; they do
not change what is drawn for the steps before them. Given its n a target does not depend on the
others: an image's opens say nothing about its conversions that p does not say.

Revenue may also be an amount: the sum over the k successes of log-normal amounts, drawn alike for
all images. The signal is in k; the amount adds noise, as amounts of purchases do.
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from emailimg import seeding, taxonomy
from emailimg.config import LabelConfig, LabelRule
from emailimg.config.labelling import Amount, Interaction, LogisticRule, TwoLevelRule

HIGH_AUGMENTATIONS = frozenset({"brighter", "rotate"})
HIGH_VEHICLE_TYPES = frozenset({"SUV", "Convertible"})

# Of the context's effects: a constant, because they belong to the task and not to a run's draws.
_EFFECTS_SEED = 20210619

# Attributes with an open vocabulary, whose spelling in a table is the user's own.
_NAMES = frozenset({"make", "model", "class_name", "colour", "background", "time_of_day"})

# Every target, after those that it is counted out of.
_FUNNEL = tuple(dict.fromkeys(("bounce_rate", "open_rate", *taxonomy.TARGETS)))


def label_columns(config: LabelConfig) -> list[tuple[str, pa.DataType]]:
    """Names and types of the columns that `draw_labels` gives, targets in the taxonomy's order."""
    columns: list[tuple[str, pa.DataType]] = []
    for target in taxonomy.TARGETS:
        if target in config.rules:
            columns += [(f"{target}_k", pa.int64()), (f"{target}_n", pa.int64())]
            columns += [(f"{target}_p", pa.float64())]
    if "revenue_per_email" in config.rules:
        columns.append(("revenue_per_email_amount", pa.float64()))
    return columns


def draw_labels(config: LabelConfig, example_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `label_columns` for one example.

    {target}_k, {target}_n: int, successes and trials; n = 0 is not observed, never 0%.
    {target}_p: the true probability, NaN where the label was observed: nobody knows it.
    revenue_per_email_amount: currency over the k successes, in whole cents; NaN where n = 0 and
    where amounts are neither configured nor observed.

    row: what `true_probability` needs, and observed labels (`{target}_k`, `{target}_n`,
    `revenue_per_email_amount`) where there are any; those are kept. Every draw depends on
    (seed, target, example_id) and on the labels of earlier steps of the funnel alone.
    """
    columns: dict[str, Any] = {}
    counts: dict[str, tuple[int, int]] = {}
    for target in _FUNNEL:
        observed = _observed(target, row)
        rule = config.rules.get(target)
        probability = math.nan
        if observed is not None:
            counts[target] = observed
        elif rule is not None:
            probability = true_probability(rule, target, row)
            rng = seeding.generator(config.seed, "label", target, example_id)
            trials = _trials(target, config.sends_per_image, counts)
            counts[target] = (int(rng.binomial(trials, probability)), trials)
        if rule is not None:
            columns[f"{target}_k"], columns[f"{target}_n"] = counts[target]
            columns[f"{target}_p"] = probability
    if "revenue_per_email" in config.rules:
        columns["revenue_per_email_amount"] = _revenue(config, example_id, row, counts)
    return columns


def unobserved(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row's observed labels as not observed (n = 0): nobody has sent its augmented versions.

    Their columns stay, so that no rule makes up a label for a target that the source has measured.
    """
    observed = [target for target in _FUNNEL if _observed(target, row) is not None]
    labels = {f"{target}_{part}": 0 for target in observed for part in "kn"}
    return labels | {"revenue_per_email_amount": math.nan}


def true_probability(rule: LabelRule, target: str, row: Mapping[str, Any]) -> float:
    """P(success) of one email with this image.

    row: needs `techniques` (those applied to this version, none for the original),
    `campaign_type`, `industry`, and the attributes that the rule names; None or NaN is unknown.
    """
    log_odds = _two_level(rule, row) if isinstance(rule, TwoLevelRule) else _logistic(rule, row)
    if rule.context_strength:
        effect = context_effect(target, row["campaign_type"], row["industry"])
        log_odds += rule.context_strength * effect
    return float(np.exp(-np.logaddexp(0, -log_odds)))


@functools.cache  # asked once per label, of a few hundred answers
def context_effect(target: str, campaign_type: str, industry: str) -> float:
    """Shift in log-odds, about standard normal, that is the same in every run of the project."""
    campaign = seeding.generator(_EFFECTS_SEED, target, "campaign", campaign_type).normal()
    trade = seeding.generator(_EFFECTS_SEED, target, "industry", industry).normal()
    return float(campaign + trade) / np.sqrt(2)


def assign_context(seed: int, source_id: str) -> tuple[str, str]:
    """Campaign type and industry for an image whose table has none, uniformly at random."""
    rng = seeding.generator(seed, "context", source_id)
    return str(rng.choice(taxonomy.CAMPAIGN_TYPES)), str(rng.choice(taxonomy.INDUSTRIES))


def _two_level(rule: TwoLevelRule, row: Mapping[str, Any]) -> float:
    """Log-odds of the rule's high or low probability."""
    if rule.kind == "augmentation":
        high = not HIGH_AUGMENTATIONS.isdisjoint(row["techniques"])
    else:
        high = row["vehicle_type"] in HIGH_VEHICLE_TYPES
    base = rule.high if high else rule.low
    return math.log(base / (1 - base))


def _logistic(rule: LogisticRule, row: Mapping[str, Any]) -> float:
    """Log-odds: the intercept, the weights of the values that are there, and the interactions."""
    log_odds = rule.intercept
    for attribute, weights in rule.weights.named().items():
        log_odds += sum(weights.get(value, 0.0) for value in _values(attribute, row))
    return log_odds + sum(
        interaction.weight for interaction in rule.interactions if _holds(interaction, row)
    )


def _holds(interaction: Interaction, row: Mapping[str, Any]) -> bool:
    wanted = interaction.when.named()
    return all(value in _values(attribute, row) for attribute, value in wanted.items())


def _values(attribute: str, row: Mapping[str, Any]) -> set[Any]:
    """What a row has of an attribute, spelled as in the rules: several techniques, else one."""
    if attribute == "technique":
        return set(row["techniques"])
    value = row[attribute]
    if _missing(value):
        return set()
    if attribute == "year":
        return {int(value)}
    return {taxonomy.normalise(str(value)) if attribute in _NAMES else value}


def _observed(target: str, row: Mapping[str, Any]) -> tuple[int, int] | None:
    """Successes and trials that came with the image; None where the target has no labels."""
    trials: Any = row.get(f"{target}_n")
    return None if _missing(trials) else (int(row[f"{target}_k"]), int(trials))


def _trials(target: str, sends: int, counts: Mapping[str, tuple[int, int]]) -> int:
    """n of a synthetic label: the emails that got as far as this step of the funnel.

    An earlier step that was not observed (n = 0) says nothing, and is left out.
    """
    if target == "bounce_rate":
        return sends
    opens, opened_of = counts.get("open_rate", (0, 0))
    if target == "click_to_open_rate" and opened_of > 0:
        return opens
    bounces, sent = counts.get("bounce_rate", (0, 0))
    return sent - bounces if sent > 0 else sends


def _revenue(
    config: LabelConfig,
    example_id: str,
    row: Mapping[str, Any],
    counts: Mapping[str, tuple[int, int]],
) -> float:
    """Currency over the successes of one example: observed, drawn, or NaN where there is none."""
    successes, trials = counts["revenue_per_email"]
    amount = config.rules["revenue_per_email"].amount
    if trials == 0:
        return math.nan
    if _observed("revenue_per_email", row) is not None:
        observed: Any = row.get("revenue_per_email_amount")
        return math.nan if _missing(observed) else float(observed)
    if amount is None:
        return math.nan
    return _draw_amount(amount, successes, seeding.generator(config.seed, "amount", example_id))


def _draw_amount(amount: Amount, successes: int, rng: np.random.Generator) -> float:
    """The sum of so many log-normal amounts, in whole cents."""
    centre = math.log(amount.mean) - amount.spread**2 / 2  # so that `mean` is the mean, not median
    return round(float(rng.lognormal(centre, amount.spread, successes).sum()), 2)


def _missing(value: Any) -> bool:
    return value is None or value != value  # NaN is not itself
