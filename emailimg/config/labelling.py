"""Settings of the labels: one synthetic rule per target.

Two sorts of rule. A two-level rule gives one of two probabilities, as the report does. A logistic
rule adds up weights of attributes and context in log-odds; its interactions hold for attributes
and context together, so that what suits one campaign need not suit another.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from emailimg import taxonomy
from emailimg.config.section import Probability, Section
from emailimg.errors import TaxonomyError

_TECHNIQUES = tuple(name for names in taxonomy.AUGMENTATION_BLOCKS.values() for name in names)


def _as_text(value: Any) -> Any:
    """YAML reads a Porsche 911 as a number; names of anything are text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _parse_technique(name: str) -> str:
    """The accepted spelling; `original` is not among them, because it is what nothing did."""
    for technique in _TECHNIQUES:
        if taxonomy.normalise(technique) == taxonomy.normalise(name):
            return technique
    accepted = ", ".join(_TECHNIQUES)
    raise TaxonomyError(f"unknown technique {name!r}; accepted: {accepted}", _TECHNIQUES)


Technique = Annotated[str, AfterValidator(_parse_technique)]
VehicleType = Annotated[str, AfterValidator(taxonomy.parse_vehicle_type)]
CampaignType = Annotated[str, AfterValidator(taxonomy.parse_campaign_type)]
Industry = Annotated[str, AfterValidator(taxonomy.parse_industry)]
# A name from an open vocabulary; case, underscores and hyphens do not matter.
Name = Annotated[str, BeforeValidator(_as_text), AfterValidator(taxonomy.normalise)]


class Weights(Section):
    """Log-odds that each value of an attribute adds; values that are not named add nothing."""

    technique: dict[Technique, float] = Field({})  # of every technique that was applied
    vehicle_type: dict[VehicleType, float] = Field({})
    make: dict[Name, float] = Field({})
    model: dict[Name, float] = Field({})
    class_name: dict[Name, float] = Field({})
    colour: dict[Name, float] = Field({})
    background: dict[Name, float] = Field({})
    time_of_day: dict[Name, float] = Field({})
    year: dict[int, float] = Field({})  # exactly this year
    campaign_type: dict[CampaignType, float] = Field({})
    industry: dict[Industry, float] = Field({})

    def named(self) -> dict[str, dict[Any, float]]:
        """The attributes that have weights, with theirs."""
        return {attribute: weights for attribute, weights in self if weights}


class Condition(Section):
    """Values that an example must have, all of them."""

    technique: Technique | None = None  # among those that were applied
    vehicle_type: VehicleType | None = None
    make: Name | None = None
    model: Name | None = None
    class_name: Name | None = None
    colour: Name | None = None
    background: Name | None = None
    time_of_day: Name | None = None
    year: int | None = None
    campaign_type: CampaignType | None = None
    industry: Industry | None = None

    def named(self) -> dict[str, Any]:
        """The attributes that the condition is about, with their values."""
        return {attribute: value for attribute, value in self if value is not None}

    @model_validator(mode="after")
    def _says_something(self) -> "Condition":
        if not self.named():
            accepted = ", ".join(Condition.model_fields)
            raise ValueError(f"at least one attribute is needed; accepted: {accepted}")
        return self


class Interaction(Section):
    """Log-odds that are added where several attributes hold together."""

    when: Condition
    weight: float


class Amount(Section):
    """The amount of one success, log-normal; only revenue has amounts."""

    mean: float = Field(gt=0)  # in the currency of the user's choice
    spread: float = Field(0.5, ge=0)  # standard deviation of the amount's natural logarithm


class _Rule(Section):
    amount: Amount | None = None  # of revenue_per_email: draw amounts beside the successes


class TwoLevelRule(_Rule):
    """High or low: the report's rule (augmentation), or its published table's (vehicle type)."""

    kind: Literal["augmentation", "vehicle_type"]
    high: Probability = 0.8  # brighter or rotated; or SUV and Convertible
    low: Probability = 0.2
    # Size, in log-odds, of the effects of campaign type and industry; 0 is the report's own rule.
    context_strength: float = Field(0.5, ge=0)

    @model_validator(mode="after")
    def _inside_unit_interval(self) -> "TwoLevelRule":
        if not 0 < self.low < self.high < 1:
            raise ValueError("need 0 < low < high < 1")
        return self


class LogisticRule(_Rule):
    """The user's own weighting: log-odds = intercept + weights + interactions + context effect."""

    kind: Literal["logistic"]
    intercept: float = 0.0  # log-odds of an original none of whose values has a weight
    weights: Weights = Weights()
    interactions: tuple[Interaction, ...] = ()
    # As in a two-level rule: effects of campaign type and industry that nobody chose.
    context_strength: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _depends_on_something(self) -> "LogisticRule":
        if not (self.weights.named() or self.interactions):
            accepted = ", ".join(Weights.model_fields)
            raise ValueError(
                "at least one weight or interaction is needed, "
                f"e.g. weights: {{vehicle_type: {{SUV: 1.5}}}}; attributes: {accepted}"
            )
        return self


# How the true probability of one target follows from an image's attributes and context.
LabelRule = Annotated[TwoLevelRule | LogisticRule, Field(discriminator="kind")]
RULES_BY_KIND: dict[str, type[TwoLevelRule] | type[LogisticRule]] = {
    "augmentation": TwoLevelRule,
    "vehicle_type": TwoLevelRule,
    "logistic": LogisticRule,
}


class LabelConfig(Section):
    """One synthetic label rule per target; labels that come with the images are used instead."""

    rules: dict[str, LabelRule] = Field(
        {
            "open_rate": TwoLevelRule(kind="augmentation"),
            "click_to_open_rate": TwoLevelRule(kind="augmentation"),
            "revenue_per_email": TwoLevelRule(kind="vehicle_type"),
            "conversion_rate": TwoLevelRule(kind="vehicle_type"),
        }
    )
    # Emails sent with each image version; later steps are counted out of those that got there.
    sends_per_image: int = Field(20, ge=1)  # 1 is the report's binary label
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

    @field_validator("rules")
    @classmethod
    def _amounts_are_revenue(cls, rules: dict[str, LabelRule]) -> dict[str, LabelRule]:
        for target, rule in rules.items():
            if rule.amount is not None and target != "revenue_per_email":
                raise ValueError(f"{target} takes no amount; only revenue_per_email does")
        return rules
