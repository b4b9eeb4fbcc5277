"""Answers as text for a terminal, and their pictures as files."""

from pathlib import Path

from emailimg import heat_colours, images, taxonomy
from emailimg.answers import (
    Alternate,
    Contribution,
    Explanation,
    Recommendation,
    Score,
    SuggestedEdit,
)
from emailimg.recommender import Wishes

_BAR = 20  # characters of the longest bar


def score_text(score: Score) -> str:
    """Probability per target asked for, and what the encoder saw."""
    lines = [
        f"{target:<20} {chance:6.1%}{_interval(score.intervals[target])}"
        for target, chance in score.probabilities.items()
    ]
    seen = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in score.attributes_seen.items()
    )
    return "\n".join([*lines, f"{'seen':<20} {seen}", *_warning(score)])


def _interval(ends: tuple[float, float]) -> str:
    low, high = ends
    return "" if low == high else f"   {low:.1%} to {high:.1%} in nine of ten cases"


def _warning(score: Score) -> list[str]:
    """What to say of an image that is unlike the catalogue."""
    if not score.out_of_domain:
        return []
    return [
        f"Careful: this image is unlike the catalogue's (distance {score.domain_distance:.2f}, "
        "theirs are below 1); the probability is a guess."
    ]


def explanation_text(answer: Explanation) -> str:
    """A table of what contributes to the probability, and how much it multiplies the odds."""
    score = answer.score
    lower = " (lower is better)" if score.target in taxonomy.LOWER_IS_BETTER else ""
    widest = max(abs(contribution.log_odds) for contribution in answer.contributions)
    return "\n".join(
        [
            f"{score.target}{lower} for {score.campaign_type}, {score.industry}: "
            f"{answer.probability:.1%}",
            "",
            f"{'':<44} log-odds    odds",
            f"{'on average':<44} {answer.base_log_odds:+8.2f}  {answer.base_probability:6.1%}",
            *(_contribution_line(each, widest) for each in answer.contributions),
            *_warning(score),
        ]
    )


def _contribution_line(contribution: Contribution, widest: float) -> str:
    name = contribution.label + (f": {contribution.value}" if contribution.value else "")
    length = round(_BAR * abs(contribution.log_odds) / widest) if widest else 0
    bar = ("+" if contribution.log_odds > 0 else "-") * length
    odds = f"x{contribution.odds_factor:.2f}"
    return f"{name.replace('_', ' '):<44} {contribution.log_odds:+8.2f}  {odds:>6}  {bar}".rstrip()


def recommendation_text(answer: Recommendation, wishes: Wishes) -> str:
    """The upload's probability, then edits and alternates as wished, best first."""
    score = answer.score
    lower = " (lower is better)" if answer.target in taxonomy.LOWER_IS_BETTER else ""
    lines = [
        f"{answer.target}{lower} for {score.campaign_type}, {score.industry}: "
        f"{answer.probability:.1%}",
    ]
    none = f"  none that is better with a probability of {wishes.min_better:.0%} or more"
    if "edits" in wishes.suggest:
        found = [_line(edit, edit.augmentation_class.replace("_", " ")) for edit in answer.edits]
        lines += ["", "edits of this image", *(found or [none])]
    if "alternates" in wishes.suggest:
        found = [_line(other, other.class_name or other.file_name) for other in answer.alternates]
        lines += ["", f"alternates, of {answer.considered} images ({answer.scope})"]
        lines += found or [none]
    return "\n".join([*lines, *_warning(score)])


def write_heat_map(answer: Explanation, folder: Path) -> Path:
    """`heat.png`: the upload with its heat map over it; returns where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "heat.png"
    target.write_bytes(
        images.encode_png(heat_colours.overlay(answer.image, answer.heat_map.values))
    )
    return target


def write_pictures(answer: Recommendation, folder: Path) -> None:
    """`edit-1-rotate.jpg`, ... and `alternate-1.jpg`, ..., in the order of the ranking."""
    folder.mkdir(parents=True, exist_ok=True)
    for position, edit in enumerate(answer.edits, start=1):
        target = folder / f"edit-{position}-{edit.augmentation_class}.jpg"
        target.write_bytes(images.encode_jpeg(edit.image))
    for position, alternate in enumerate(answer.alternates, start=1):
        (folder / f"alternate-{position}.jpg").write_bytes(alternate.thumbnail)


def _line(found: SuggestedEdit | Alternate, name: str) -> str:
    low, high = found.interval
    span = "" if low == high else f"  {low:5.1%} to {high:5.1%}"
    sure = found.probability_better
    better = "" if sure is None else f"  better: {_sure(sure):>4}"
    return f"  {found.probability:6.1%}  {found.gain * 100:+5.1f} pp{span}{better}  {name}"


def _sure(probability: float) -> str:
    """In whole percent, of which neither 0 nor 100 is ever true."""
    shown = round(100 * probability)
    return {0: "<1%", 100: ">99%"}.get(shown, f"{shown}%")
