"""Trained classifiers: what is saved is what is loaded, and a missing part is named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost

from emailimg import boosters, features, taxonomy
from emailimg.boosters import Members, Trained
from emailimg.calibration import Isotonic, Platt
from emailimg.errors import BundleError
from emailimg.intervals import Uncertainty

WIDTH = 3
FEATURES = WIDTH + len(features.CONTEXT_COLUMNS)


def booster(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    matrix = xgboost.DMatrix(rng.normal(size=(80, FEATURES)), rng.integers(0, 2, 80))
    settings = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    return bytes(xgboost.train(settings, matrix, num_boost_round=5).save_raw("ubj"))


def trained(members: int, seeds: int = 1) -> Trained:
    disagreement = Members(
        tuple(booster(seed) for seed in range(1, members + 1)), 2.0, Uncertainty(1.5, 0.02)
    )
    return Trained(
        (booster(0), *(booster(20 + seed) for seed in range(1, seeds))),
        Platt(0.8, 0.1),
        log_loss=0.5,
        rounds=5,
        calibration_log_losses={"platt": 0.5},
        members=disagreement if members else None,
        edit_slope=0.3,
    )


def question(count: int) -> tuple[np.ndarray, list[str], list[str]]:
    embeddings = np.random.default_rng(9).normal(size=(count, WIDTH)).astype(np.float32)
    return embeddings, [taxonomy.CAMPAIGN_TYPES[0]] * count, [taxonomy.INDUSTRIES[0]] * count


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    models = {
        "open_rate": trained(3),
        "bounce_rate": replace(trained(0, seeds=3), calibration=Isotonic((-1.0, 1.0), (-0.5, 0.7))),
    }
    boosters.save(models, WIDTH, str(tmp_path))
    assert boosters.load_trained(str(tmp_path)) == models
    assert boosters.load(str(tmp_path)).targets == ("open_rate", "bounce_rate")


def test_what_was_saved_before_slopes_were_measured_has_them_whole(tmp_path: Path) -> None:
    boosters.save({"open_rate": trained(2)}, WIDTH, str(tmp_path))
    index = tmp_path / "classifiers.json"
    entries = json.loads(index.read_text())
    assert entries["targets"]["open_rate"].pop("edit_slope") == 0.3
    index.write_text(json.dumps(entries))
    loaded = boosters.load(str(tmp_path))
    assert loaded["open_rate"].predict(loaded.matrix(*question(2))).edit_slope == 1


def test_the_interval_is_around_the_probability(tmp_path: Path) -> None:
    boosters.save({"open_rate": trained(4)}, WIDTH, str(tmp_path))
    loaded = boosters.load(str(tmp_path))
    matrix = loaded.matrix(*question(30))
    prediction = loaded["open_rate"].predict(matrix)
    np.testing.assert_array_equal(prediction.probability, loaded["open_rate"].probability(matrix))
    assert (prediction.low < prediction.probability).all()
    assert (prediction.probability < prediction.high).all()
    assert prediction.members.shape == (4, 30)


def test_members_of_a_sample_are_scaled_to_all_rows(tmp_path: Path) -> None:
    model = trained(4)
    assert model.members is not None
    widths = []
    for too_wide in (1.0, 10.0):
        wide = replace(model, members=replace(model.members, too_wide=too_wide))
        boosters.save({"open_rate": wide}, WIDTH, str(tmp_path))
        loaded = boosters.load(str(tmp_path))
        found = loaded["open_rate"].predict(loaded.matrix(*question(30)))
        widths.append((found.high - found.low).mean())
    assert widths[1] < widths[0]


def test_without_members_the_interval_is_empty(tmp_path: Path) -> None:
    boosters.save({"open_rate": trained(0)}, WIDTH, str(tmp_path))
    loaded = boosters.load(str(tmp_path))
    found = loaded["open_rate"].predict(loaded.matrix(*question(2)))
    np.testing.assert_array_equal(found.low, found.high)
    assert found.members.shape == (0, 2)


@pytest.mark.parametrize(
    "missing",
    ["classifiers.json", "open_rate.ubj", "open_rate.seed-01.ubj", "open_rate.member-01.ubj"],
)
def test_a_missing_part_is_named(tmp_path: Path, missing: str) -> None:
    boosters.save({"open_rate": trained(2, seeds=2)}, WIDTH, str(tmp_path))
    (tmp_path / missing).unlink()
    with pytest.raises(BundleError, match=missing):
        boosters.load(str(tmp_path))


def test_another_width_is_refused_in_numbers(tmp_path: Path) -> None:
    boosters.save({"open_rate": trained(0)}, WIDTH + 1, str(tmp_path))
    with pytest.raises(BundleError, match=f"expects {FEATURES} features, got {FEATURES + 1}"):
        boosters.load(str(tmp_path))
