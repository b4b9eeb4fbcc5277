"""Answers as text for a terminal, and their pictures as files."""

from pathlib import Path

from emailimg import images, taxonomy
from emailimg.predict import Recommendation, Score


def score_text(score: Score) -> str:
    """Probability per target asked for, and what the encoder saw."""
    lines = [f"{target:<20} {chance:6.1%}" for target, chance in score.probabilities.items()]
    seen = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in score.attributes_seen.items()
    )
    return "\n".join([*lines, f"{'seen':<20} {seen}"])


def recommendation_text(answer: Recommendation) -> str:
    """The upload's probability, then edits and alternates, best first."""
    score = answer.score
    lower = " (lower is better)" if answer.target in taxonomy.LOWER_IS_BETTER else ""
    lines = [
        f"{answer.target}{lower} for {score.campaign_type}, {score.industry}: "
        f"{answer.probability:.1%}",
        "",
        "edits of this image" if answer.edits else "no edit of this image is better",
    ]
    for edit in answer.edits:
        lines.append(_line(edit.probability, edit.gain, edit.augmentation_class.replace("_", " ")))
    lines += ["", f"alternates, of {answer.considered} images ({answer.scope})"]
    for alternate in answer.alternates:
        name = alternate.class_name or alternate.file_name
        lines.append(_line(alternate.probability, alternate.gain, name))
    if not answer.alternates:
        lines.append("  none is better")
    return "\n".join(lines)


def write_pictures(answer: Recommendation, folder: Path) -> None:
    """`edit-1-rotate.jpg`, ... and `alternate-1.jpg`, ..., in the order of the ranking."""
    folder.mkdir(parents=True, exist_ok=True)
    for position, edit in enumerate(answer.edits, start=1):
        target = folder / f"edit-{position}-{edit.augmentation_class}.jpg"
        target.write_bytes(images.encode_jpeg(edit.image))
    for position, alternate in enumerate(answer.alternates, start=1):
        (folder / f"alternate-{position}.jpg").write_bytes(alternate.thumbnail)


def _line(probability: float, gain: float, name: str) -> str:
    return f"  {probability:6.1%}  {gain * 100:+5.1f} pp  {name}"
