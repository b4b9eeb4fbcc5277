"""Learning curves: more rows and more emails per row teach more, and parts are parts."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from emailimg import features, splits, taxonomy
from emailimg.config import ClassifierConfig
from emailimg.parquet import write_table
from emailimg.scorecard import learning

SETTINGS = ClassifierConfig(max_depth=3, learning_rate=0.2, rounds=200)
SENT = 20


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three dimensions that decide in a way that takes many rows to learn."""
    location = str(tmp_path_factory.mktemp("embeddings"))
    rng = np.random.default_rng(0)
    for split, count in {"train": 3200, "validation": 600, "test": 1500}.items():
        embedding = rng.normal(size=(count, 3)).astype(np.float32)
        truth = expit(np.sin(2 * embedding[:, 0]) * embedding[:, 1] + embedding[:, 2])
        contexts = [taxonomy.CAMPAIGN_TYPES[0]] * count, [taxonomy.INDUSTRIES[0]] * count
        table = pd.DataFrame(
            features.assemble(embedding, *contexts), columns=features.feature_columns(3)
        )
        trials = np.where(np.arange(count) % 9 == 0, 0, SENT)  # some were never sent
        table = table.assign(
            source_id=[f"{split}{row // 2}" for row in range(count)],
            open_rate_k=rng.binomial(trials, truth),
            open_rate_n=trials,
            open_rate_p=truth,
        )
        write_table(f"{splits.folder(location, split)}/0.parquet", table)  # type: ignore[arg-type]
    return location


def test_more_rows_and_more_emails_teach_more(embeddings: str) -> None:
    found = learning.of_target(SETTINGS, embeddings, "open_rate")
    rows, trials = found["rows"], found["trials"]
    assert [point["rows"] for point in rows] == sorted({point["rows"] for point in rows})
    assert rows[0]["rows"] < 300 < 2500 < rows[-1]["rows"] < 3200
    assert rows[0]["reach"] + 0.1 < rows[-1]["reach"] < 1
    assert [point["trials_per_row"] for point in trials] == [1, 2, 5, 10, 20]
    assert trials[0]["reach"] + 0.1 < trials[-1]["reach"] < 1
    assert trials[-1] == rows[-1], "everything is everything"
    for point in (*rows, *trials):
        assert (point["log_loss"] < rows[0]["log_loss"]) == (point["reach"] > rows[0]["reach"])


def test_a_part_holds_all_versions_of_its_images_and_is_in_the_next() -> None:
    rows = pd.DataFrame({"source_id": np.arange(400).astype(str).repeat(3)})
    quarter, half = (learning._share(rows, share) for share in (0.25, 0.5))
    assert (quarter.groupby("source_id").size() == 3).all()
    assert set(quarter.index) < set(half.index)
    assert len(half) / len(rows) == pytest.approx(0.5, abs=0.08)
    assert len(learning._share(rows, 1.0)) == len(rows)


def test_fewer_emails_are_drawn_from_those_that_were_sent() -> None:
    rows = pd.DataFrame({"open_rate_k": [0, 20, 3], "open_rate_n": [20, 20, 4]})
    fewer = learning._of_trials(rows, "open_rate", 5)
    assert fewer["open_rate_n"].tolist() == [5, 5, 4]
    assert fewer["open_rate_k"].tolist() == [0, 5, 3]
