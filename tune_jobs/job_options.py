"""Command lines of the jobs: the parser that each begins with, and what several take."""

import argparse


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
