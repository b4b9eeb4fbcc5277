"""How a job ends: its exit status, and a line instead of a traceback for what a user can cause."""

import sys
from collections.abc import Callable

from emailimg.errors import EmailimgError


def of(program: str, work: Callable[[], int], if_interrupted: str) -> int:
    """What `work` returns; 1 on an error of the user's, 130 when interrupted."""
    try:
        return work()
    except (EmailimgError, OSError) as error:  # OSError: a file or folder of the user's
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted; {if_interrupted}", file=sys.stderr)
        return 130
