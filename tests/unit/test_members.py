"""Members: boosters that differ as another sample of source images would make them differ."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost

from emailimg import intervals, members
from emailimg.calibration import Calibration
from emailimg.held_out import HeldOut
from emailimg.parquet import write_table

COLUMNS = ["e0000", "e0001"]
PARAMETERS = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "seed": 3}


def rows(sources: int, versions: int = 2, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = sources * versions
    x = rng.normal(size=(count, 2)).astype(np.float32)
    successes = rng.binomial(10, np.where(x[:, 0] > 0, 0.7, 0.3))
    return pd.DataFrame(x, columns=COLUMNS).assign(
        source_id=np.arange(sources).astype(str).repeat(versions),
        open_rate_k=successes,
        open_rate_n=10,
        open_rate_rate=(successes / 10).astype(np.float32),
        open_rate_weight=np.float32(10),
    )


def disagreement(table: pd.DataFrame, count: int = 8) -> float:
    files = members.train(PARAMETERS, table, COLUMNS, "open_rate", 20, count)
    fresh = rows(200, seed=1)[COLUMNS].to_numpy()
    said = [xgboost.Booster(model_file=bytearray(f)).inplace_predict(fresh) for f in files]
    return float(intervals.spread(np.stack(said)).mean())


def test_members_differ_and_are_the_same_again() -> None:
    first = members.train(PARAMETERS, rows(60), COLUMNS, "open_rate", 10, 3)
    assert len(set(first)) == 3
    assert members.train(PARAMETERS, rows(60), COLUMNS, "open_rate", 10, 3) == first
    assert members.train(PARAMETERS | {"seed": 4}, rows(60), COLUMNS, "open_rate", 10, 3) != first


def test_disagreement_falls_with_the_square_root_of_the_images() -> None:
    few, many = disagreement(rows(300)), disagreement(rows(2700))
    assert few / many == pytest.approx(3, rel=0.35)


def test_copies_of_an_image_say_nothing_new() -> None:
    """Ten versions with the labels of one are one image's worth of evidence."""
    once = rows(300, versions=1)
    copied = once.loc[once.index.repeat(10)].reset_index(drop=True)
    assert disagreement(copied) == pytest.approx(disagreement(once), rel=0.3)


def test_a_sample_is_whole_shards_and_says_how_much_too_wide_it_is(tmp_path: Path) -> None:
    for shard in range(8):
        write_table(str(tmp_path / f"{shard}.parquet"), rows(50, seed=shard))
    some, too_wide = members.sample(str(tmp_path), COLUMNS, most=150)
    assert len(some) == 200
    assert list(some.columns) == COLUMNS
    assert too_wide == pytest.approx(2)
    everything, exact = members.sample(str(tmp_path), COLUMNS)
    assert (len(everything), exact) == (800, 1.0)


def test_held_out_rows_judge_the_members() -> None:
    files = members.train(PARAMETERS, rows(300), COLUMNS, "open_rate", 20, 9)
    boosters = [xgboost.Booster(model_file=bytearray(file)) for file in files]
    fresh = rows(300, seed=2)
    said = np.stack([each.inplace_predict(fresh[COLUMNS].to_numpy()) for each in boosters])

    def judged(successes: np.ndarray) -> float:
        trials, sources = fresh["open_rate_n"].to_numpy(), fresh["source_id"].to_numpy()
        held_out = HeldOut(said, successes, trials, sources)
        return members.judge(Calibration(), 1.0, held_out).unseen

    assert judged(fresh["open_rate_k"].to_numpy()) < 0.02
    assert judged(np.tile([0, 10], 300)) > 0.5, "nothing that the features say"
