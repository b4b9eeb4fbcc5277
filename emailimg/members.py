"""The members of a classifier: boosters trained on bootstrap samples, for their disagreement.

Each sees the source images as often as a Poisson(1) draw says (Oza & Russell, 2001), all versions
of an image alike, because their labels share what is peculiar to the image. A member has as many
rounds as the classifier itself and no early stopping. Plain XGBoost trains them on a bounded
number of rows: what another sample would change falls with the square root of the rows, so a
disagreement on few of them is scaled down to all.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
import xgboost

from emailimg import intervals, seeding, storage
from emailimg.calibration import Calibration
from emailimg.held_out import HeldOut
from emailimg.intervals import Uncertainty
from emailimg.parquet import read_table

# More rows only make the disagreement more exact.
_MOST_ROWS = 200_000


def sample(folder: str, columns: list[str], most: int = _MOST_ROWS) -> tuple[pd.DataFrame, float]:
    """About `most` rows of a folder of Parquet shards, in whole shards, and `too_wide`.

    too_wide: members of these rows disagree so many times as much as members of all rows would.
    """
    shards = storage.list_files(folder, ".parquet")
    tables: list[pd.DataFrame] = []
    while len(tables) < len(shards) and sum(map(len, tables)) < most:
        tables.append(read_table(shards[len(tables)], columns=columns))
    rows = pd.concat(tables, ignore_index=True)
    # Shards are of about the same size.
    return rows, math.sqrt(len(shards) / len(tables))


def train(
    parameters: dict[str, Any],
    rows: pd.DataFrame,
    columns: list[str],
    target: str,
    rounds: int,
    count: int,
) -> list[bytes]:
    """`count` boosters in XGBoost's UBJ format.

    parameters: of XGBoost; rows: `columns` as float32, `source_id`, `{target}_rate` and
    `{target}_weight`.
    """
    matrix = xgboost.QuantileDMatrix(rows[columns], label=rows[f"{target}_rate"])
    sources, source_of = np.unique(rows["source_id"].to_numpy(str), return_inverse=True)
    weights = rows[f"{target}_weight"].to_numpy(np.float32)
    boosters = []
    for number in range(count):
        rng = seeding.generator(parameters["seed"], "member", target, number)
        matrix.set_weight(weights * rng.poisson(1.0, len(sources))[source_of])
        booster = xgboost.train(parameters | {"seed": number}, matrix, num_boost_round=rounds)
        boosters.append(bytes(booster.save_raw("ubj")))
    return boosters


def judge(calibration: Calibration, too_wide: float, held_out: HeldOut) -> Uncertainty:
    """What the members' disagreement, and what they cannot see, did on the held-out rows.

    held_out: what the classifier says comes first, then what each member says.
    """
    said, *others = calibration.apply(held_out.said)
    return intervals.fit(
        said,
        intervals.spread(np.stack(others)) / too_wide,
        held_out.successes,
        held_out.trials,
        held_out.source_ids,
    )
