"""A bundle with a catalogue as large as somebody may have, made of a small one.

The rows are repeated under other ids, each with embedding and looks a little off, so that no two
are alike.
"""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from emailimg import bundle

_NOISE = 0.05  # of the columns' own standard deviation


def write(location: str, folder: Path, rows: int) -> str:
    """Copy a local bundle to `folder` with so many catalogue images; returns where it is."""
    shutil.copytree(location, folder)
    file = folder / "catalogue.parquet"
    table = pd.read_parquet(file)
    rng = np.random.default_rng(0)
    many = table.iloc[np.arange(rows) % len(table)].reset_index(drop=True)
    many["image_id"] = [_id(name, row) for row, name in enumerate(many["image_id"])]
    many["perceptual_hash"] = [rng.bytes(32) for _ in range(rows)]
    many["pooled"] = [_moved(data, rng) for data in many["pooled"]]
    columns = [name for name in many.columns if name.startswith("e0")]
    spread = many[columns].std().to_numpy()
    noise = rng.normal(0, 1, (rows, len(columns))) * _NOISE * spread
    many[columns] = (many[columns].to_numpy() + noise).astype(np.float32)
    many.to_parquet(file)
    bundle.seal(str(folder))
    return str(folder)


def _id(name: str, row: int) -> str:
    return hashlib.sha256(f"{name} {row}".encode()).hexdigest()


def _moved(data: bytes, rng: np.random.Generator) -> bytes:
    pooled = np.frombuffer(data, np.float16).astype(np.float32)
    moved = np.maximum(0, pooled + rng.normal(0, _NOISE, len(pooled)) * pooled.std())
    return moved.astype(np.float16).tobytes()
