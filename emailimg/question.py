"""What a user asks about an image: which target, for which campaign type and industry."""

from collections.abc import Sequence
from dataclasses import dataclass

from emailimg import taxonomy
from emailimg.errors import TaxonomyError

ALL_TARGETS = "all"


@dataclass(frozen=True)
class Question:
    """One target in one context, in the taxonomy's spelling.

    vehicle_type: of the upload, where somebody has told it; otherwise the encoder's look decides.
    """

    target: str
    campaign_type: str
    industry: str
    vehicle_type: str | None = None


def parse_question(
    known: Sequence[str],
    target: str,
    campaign_type: str,
    industry: str,
    vehicle_type: str | None = None,
) -> Question:
    """The question in its accepted spelling; raises TaxonomyError listing what is accepted.

    known: the targets that there are models for.
    """
    spellings = {taxonomy.normalise(name): name for name in known}
    parsed = spellings.get(taxonomy.normalise(target))
    if parsed is None:
        accepted = tuple(known)
        one = (
            "one target is expected here, not" if _is_all(target) else "no model in this bundle for"
        )
        message = f"{one} {target!r}; accepted: {', '.join(accepted)}"
        raise TaxonomyError(message, accepted)
    return Question(
        parsed,
        taxonomy.parse_campaign_type(campaign_type),
        taxonomy.parse_industry(industry),
        taxonomy.parse_vehicle_type(vehicle_type) if vehicle_type else None,
    )


def parse_questions(
    known: Sequence[str],
    target: str,
    campaign_type: str,
    industry: str,
    vehicle_type: str | None = None,
) -> list[Question]:
    """Like `parse_question`, where the target `all` asks one question per known target."""
    targets = known if _is_all(target) else (target,)
    return [parse_question(known, name, campaign_type, industry, vehicle_type) for name in targets]


def _is_all(target: str) -> bool:
    return taxonomy.normalise(target) == ALL_TARGETS
