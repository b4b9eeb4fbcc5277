"""Types of command-line arguments: numbers within limits."""

import argparse
from collections.abc import Callable


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
        return number

    parse.__name__ = "whole number"  # what argparse calls it when the text is no number
    return parse


def share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:  # what is no number is neither
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


share.__name__ = "number"
