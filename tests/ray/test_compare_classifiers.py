"""The comparison on the small cluster: xgboost-ray is XGBoost, and nothing is measured twice."""

from pathlib import Path

import pytest

from tune_jobs import compare_classifiers
from tune_jobs.comparison import data, measurement, models


def run(folder: Path, *arguments: str) -> int:
    small = ["--rows", "300", "--folds", "2", "--trees", "5", "--threads", "2", "--actors", "2"]
    names = "xgboost,xgboost_ray,logistic_regression"
    return compare_classifiers.main([*small, "--models", names, "--out", str(folder), *arguments])


def test_it_measures_once_and_draws_again(
    ray_cluster: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(data, "MOST_ROWS", 1000)
    assert run(tmp_path) == 0
    found = measurement.read(str(tmp_path))
    accuracies = [
        [row.accuracy for row in found.folds(name, 300)] for name in ("xgboost", "xgboost_ray")
    ]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.03)
    text = (tmp_path / "comparison.md").read_text()
    assert text in capsys.readouterr().out
    monkeypatch.setattr(models, "fit", lambda *_: pytest.fail("measured again"))
    assert run(tmp_path) == 0
    (tmp_path / "comparison.png").unlink()
    assert run(tmp_path, "--table-only") == 0
    assert (tmp_path / "comparison.png").exists()
    assert measurement.read(str(tmp_path)) == found


def test_actors_that_do_not_fit_are_refused(
    ray_cluster: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--threads", "64") == 1
    assert "stage 'comparison' needs 64 CPU" in capsys.readouterr().err
