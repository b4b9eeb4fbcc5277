"""Types of command-line arguments: numbers within limits."""

import argparse
import math
from collections.abc import Callable


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from `low` to `high`."""
    return _whole(lambda number: low <= number <= high, f"not between {low} and {high}")


def at_least(low: int) -> Callable[[str], int]:
    """An argparse type: a whole number of at least `low`."""
    return _whole(lambda number: number >= low, f"less than {low}")


def positive(text: str) -> float:
    """An argparse type: a finite number above 0."""
    number = float(text)
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return number


def share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:  # what is no number is neither
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


share.__name__ = "number"


def _whole(fits: Callable[[int], bool], otherwise: str) -> Callable[[str], int]:
    """otherwise: what a number is that does not fit."""

    def parse(text: str) -> int:
        number = int(text)
        if not fits(number):
            raise argparse.ArgumentTypeError(f"{number} is {otherwise}")
        return number

    parse.__name__ = "whole number"  # what argparse calls it when the text is no number
    return parse
