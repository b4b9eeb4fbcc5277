"""A folder for what a cluster of Ray writes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ray_folder() -> Iterator[Path]:
    """It is there while the block runs."""
    # Not below tmp_path: a Unix socket's path holds 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
