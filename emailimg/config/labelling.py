"""Settings of the labels: one synthetic rule per target."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from emailimg import taxonomy
from emailimg.config.section import Probability, Section


class LabelRule(Section):
    """How the true probability of one target follows from an image's attributes and context."""

    kind: Literal["augmentation", "vehicle_type"]
    high: Probability = 0.8  # brighter or rotated; or SUV and Convertible
    low: Probability = 0.2
    # Size, in log-odds, of the effects of campaign type and industry; 0 is the report's own rule.
    context_strength: float = Field(0.5, ge=0)

    @model_validator(mode="after")
    def _inside_unit_interval(self) -> "LabelRule":
        if not 0 < self.low < self.high < 1:
            raise ValueError("need 0 < low < high < 1")
        return self


class LabelConfig(Section):
    """One synthetic label rule per target; labels that come with the images are used instead."""

    rules: dict[str, LabelRule] = Field(
        {
            "open_rate": LabelRule(kind="augmentation"),
            "click_to_open_rate": LabelRule(kind="augmentation"),
            "revenue_per_email": LabelRule(kind="vehicle_type"),
            "conversion_rate": LabelRule(kind="vehicle_type"),
        }
    )
    sends_per_image: int = Field(20, ge=1)  # n of the k-of-n labels; 1 is the report's binary label
    seed: int = 0

    @field_validator("rules", mode="before")
    @classmethod
    def _known_targets(cls, rules: Any) -> Any:
        """Accept any spelling of a target; a target set to null is dropped from the preset's."""
        if not isinstance(rules, dict):
            return rules
        # A later spelling of a target replaces an earlier one: null drops it in any spelling.
        parsed = {taxonomy.parse_target(str(name)): rule for name, rule in rules.items()}
        kept = {name: rule for name, rule in parsed.items() if rule is not None}
        if not kept:
            raise ValueError("at least one target is needed")
        return kept
