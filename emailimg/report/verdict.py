"""The scorecard in one sentence."""

from typing import Any

from emailimg.report import wording
from emailimg.report.plots.attributes import ANCHORS

_NAMED = {
    "augmentation_class": "recognises {} of the augmentations",
    "techniques": "gets {} of the yes-or-no questions about augmentations right",
}


def verdict(scorecard: dict[str, Any]) -> str:
    """What a reader who stops after one sentence should know."""
    alarms = len(scorecard["alarms"])
    if alarms:
        checks = "a leakage check" if alarms == 1 else f"{alarms} leakage checks"
        return f"Do not use this model: {checks} failed, so its numbers are too good to be true."
    parts = [
        _attribute(scorecard["attributes"][name], thing)
        for name, thing in _NAMED.items()
        if name in scorecard["attributes"]
    ]
    if scorecard["targets"]:
        parts.append(_engagement(scorecard["targets"]))
    sentence = "; ".join(parts) or "nothing was measured in this run"
    return sentence[:1].upper() + sentence[1:] + "."


def against_anchors(accuracy: float | None) -> str:
    """Where an attribute accuracy stands among the report's two."""
    if accuracy is None or wording.is_missing(accuracy):
        return "not measured in this run"
    beaten = [name for name, anchor in ANCHORS.items() if accuracy >= anchor]
    missed = [name for name, anchor in ANCHORS.items() if accuracy < anchor]
    if not missed:
        return f"at or above the report’s {wording.listing(beaten)}"
    if not beaten:
        return f"below the report’s {wording.listing(missed)}"
    return f"above the report’s {wording.listing(beaten)}, below its {wording.listing(missed)}"


def reach_span(targets: dict[str, dict[str, Any]]) -> str:
    """The least and the greatest reach, `63% to 86%`; empty where no target's reach is known."""
    reaches = [row["reach"] for row in targets.values() if not wording.is_missing(row["reach"])]
    if not reaches:
        return ""
    low, high = (wording.percent(reach, 0) for reach in (min(reaches), max(reaches)))
    return low if low == high else f"{low} to {high}"


def _attribute(attribute: dict[str, Any], thing: str) -> str:
    return f"the encoder {thing.format(wording.percent(attribute['accuracy'], 0))}"


def _engagement(targets: dict[str, dict[str, Any]]) -> str:
    span = reach_span(targets)
    if span:
        return f"the engagement models cover {span} of the way from guessing to the best possible"
    better = sum(_beats_base(target["log_loss"]) for target in targets.values())
    return (
        f"the engagement models beat the base rate on {better} of {len(targets)} targets, "
        "by log-loss on observed labels"
    )


def _beats_base(log_loss: dict[str, float | None]) -> bool:
    ours, base = log_loss["ours"], log_loss["base"]
    return ours is not None and base is not None and ours < base
