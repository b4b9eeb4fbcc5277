"""How the training rows are handed out; `tests/ray/test_epochs.py` has the rows themselves."""

import subprocess
import sys


def test_the_process_that_hands_out_rows_needs_no_torch() -> None:
    """Ray Train starts it with what a training begins with, and the workers wait for it."""
    code = "import sys, emailimg.fixed_shares; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
