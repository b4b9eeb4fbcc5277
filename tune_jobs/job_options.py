"""Command lines of the jobs: the parser that each begins with, and kinds of numbers."""

import argparse
import math
from collections.abc import Callable


def parser(program: str, text: str | None) -> argparse.ArgumentParser:
    """text: what `--help` begins with, as it is written."""
    return argparse.ArgumentParser(
        prog=program, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_results_folder(parser: argparse.ArgumentParser, default: str, table_only: str) -> None:
    """What a job takes that keeps its measurements in a folder; table_only: what that does."""
    add = parser.add_argument
    add("--out", default=default, metavar="DIR", help="local folder or s3://")
    add("--table-only", action="store_true", help=f"measure nothing; {table_only}")
    add("--address", help="Ray cluster: `auto` or HOST:PORT (default: RAY_ADDRESS)")


def at_least(low: int) -> Callable[[str], int]:
    """An argparse type: a whole number of at least `low`."""

    def parse(text: str) -> int:
        number = int(text)
        if number < low:
            raise argparse.ArgumentTypeError(f"{number} is less than {low}")
        return number

    parse.__name__ = "whole number"  # what argparse calls it when the text is no number
    return parse


def positive(text: str) -> float:
    """An argparse type: a finite number above 0."""
    number = float(text)
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return number
