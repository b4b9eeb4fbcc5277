"""What a job says to a wrong command line."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest


def error_line(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The one line of a job that ends because of a user's mistake."""
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def refusal(
    parse: Callable[[Sequence[str], None], Any],
    arguments: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What is said of options with which no job starts."""
    with pytest.raises(SystemExit):
        parse(arguments, None)
    return capsys.readouterr().err
