"""Contributions as bars from a middle line, as long as they are large."""

from collections.abc import Sequence

from emailimg.answers import Contribution


def widest(contributions: Sequence[Contribution]) -> float:
    """The largest contribution, in log-odds; 0 where there is none."""
    return max((abs(each.log_odds) for each in contributions), default=0.0)


def size(contribution: Contribution, widest: float) -> float:
    """Share of half the track that the bar takes, in [0, 1]."""
    return abs(contribution.log_odds) / widest if widest > 0 else 0.0


def direction(contribution: Contribution) -> str:
    """`raises` or `lowers`, the bar's side of the middle line."""
    return "raises" if contribution.log_odds >= 0 else "lowers"
