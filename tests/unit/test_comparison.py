"""The comparison without a cluster: who is fitted how, what is kept, what is drawn."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from command_lines import error_line, refusal
from PIL import Image

from emailimg import storage
from emailimg.errors import ConfigError
from tune_jobs import compare_classifiers
from tune_jobs.comparison import data, measurement, measuring, models, options, results, table
from tune_jobs.comparison.measurement import Measurement, Measurements, Skipped
from tune_jobs.comparison.models import MODELS, Recipe

RECIPE = Recipe(trees=20, depth=3, learning_rate=0.3, threads=1, actors=1, seed=0)
MACHINE = {"processor": "abacus", "cores": "2", "xgboost": "2.0.3", "scikit-learn": "1.9.1"}
WITHOUT_RAY = [name for name, model in MODELS.items() if not model.needs_ray]


@pytest.fixture(autouse=True)
def _fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MOST_ROWS", 2000)


def setup(*arguments: str) -> dict[str, object]:
    return options.setup(options.parse(arguments, None), MACHINE)


def row(model: str, rows: int, fold: int, accuracy: float, seconds: float) -> Measurement:
    return Measurement(model=model, rows=rows, fold=fold, accuracy=accuracy, seconds=seconds)


@pytest.fixture
def found() -> Measurements:
    """Two folds of three models; gradient boosting took ten times as long and is as accurate."""
    rows = [
        row(model, count, fold, accuracy + fold / 100, seconds * count / 1000)
        for model, accuracy, seconds in (
            ("xgboost", 0.90, 0.1),
            ("xgboost_ray", 0.90, 4.0),
            ("gradient_boosting", 0.90, 1.0),
        )
        for count in (1000, 10_000)
        for fold in (1, 2)
    ]
    skip = Skipped(model="random_forest", rows=10_000, expected_s=75, limit_s=60)
    return Measurements(setup=setup("--folds", "2"), rows=tuple(rows), skipped=(skip,))


@pytest.mark.parametrize("name", WITHOUT_RAY)
def test_every_model_learns(name: str) -> None:
    matrix, labels = data.draw(8, seed=0)
    predict = models.fit(MODELS[name], RECIPE, matrix[:1500], labels[:1500])
    right = predict(matrix[1500:]) == labels[1500:]
    assert right.mean() > (0.6 if name == "logistic_regression" else 0.8)


def test_boosters_have_the_same_settings() -> None:
    matrix, labels = data.draw(8, seed=0)
    ours, theirs = (
        models.fit(MODELS[name], RECIPE, matrix, labels)
        for name in ("gradient_boosting", "histogram_boosting")
    )
    exact, binned = ours.__self__, theirs.__self__  # type: ignore[attr-defined]
    assert (exact.n_estimators, exact.max_depth, exact.learning_rate) == (20, 3, 0.3)
    assert (binned.n_iter_, binned.max_depth, binned.learning_rate) == (20, 3, 0.3)
    settings = RECIPE.booster(actors=1)
    assert (settings.rounds, settings.max_depth, settings.learning_rate) == (20, 3, 0.3)


def test_a_row_count_is_the_beginning_of_the_same_problem() -> None:
    matrix, labels = data.draw(8, seed=0)
    again, _ = data.draw(8, seed=0)
    np.testing.assert_array_equal(matrix, again)
    assert matrix.dtype == np.float32
    assert abs(labels[:500].mean() - 0.5) < 0.1, "its rows are in random order"


def test_every_row_is_tested_on_once() -> None:
    matrix = np.arange(100, dtype=np.float32)[:, None]
    labels = np.arange(100) % 2
    sides = list(data.folds(matrix, labels, 5, seed=0))
    tested = np.concatenate([fold.test[0][:, 0] for fold in sides])
    assert sorted(tested) == list(range(100))
    for fold in sides:
        assert set(fold.train[0][:, 0]) | set(fold.test[0][:, 0]) == set(range(100))
        assert fold.test[1].mean() == 0.5


def measure(known: Measurements, **changes: object) -> tuple[Measurements, list[Measurements]]:
    arguments = {
        "names": ["xgboost", "logistic_regression"],
        "row_counts": [200, 400],
        "folds": 2,
        "limit_s": 60.0,
    } | changes
    kept: list[Measurements] = []
    return measuring.measure(known, RECIPE, keep=kept.append, **arguments), kept  # type: ignore[arg-type]


def test_what_was_measured_is_not_measured_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, kept = measure(Measurements(setup=setup()))
    assert [len(first.folds("xgboost", count)) for count in (200, 400)] == [2, 2]
    assert len(kept[2].rows) == 3, "kept after every fold"
    assert "400 rows, logistic regression, fold 2/2: accuracy 0." in capsys.readouterr().out
    fitted: list[int] = []
    real = models.fit

    def counting(*arguments: object) -> object:
        fitted.append(len(arguments[2]))  # type: ignore[arg-type]
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(models, "fit", counting)
    without = first.model_copy(update={"rows": first.rows[:-1]})
    second, _ = measure(without)
    assert fitted == [200], "the one fold that was missing"
    assert second.rows[:-1] == first.rows[:-1]
    assert second.rows[-1].accuracy == first.rows[-1].accuracy


def test_more_rows_than_the_limit_allows_are_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    slow = Measurements(
        setup=setup(),
        rows=tuple(
            row("xgboost", count, fold, 0.9, seconds)
            for count, seconds in ((100, 5.0), (200, 10.0))
            for fold in (1, 2)
        ),
    )
    assert slow.expected_s("xgboost", 400) == pytest.approx(20)
    assert slow.expected_s("logistic_regression", 400) is None
    found, _ = measure(slow, limit_s=15.0)
    assert found.folds("xgboost", 200) == slow.folds("xgboost", 200)
    assert not found.folds("xgboost", 400)
    assert len(found.folds("logistic_regression", 400)) == 2
    [skip] = found.skipped
    assert (skip.model, skip.rows, skip.limit_s) == ("xgboost", 400, 15)
    assert "XGBoost, skipped: a fold would take about 20.0 s" in capsys.readouterr().out


def test_what_is_constant_is_not_expected_to_grow() -> None:
    constant = Measurements(
        setup={},
        rows=tuple(row("xgboost_ray", count, 1, 0.9, 5 + count / 1000) for count in (1000, 10_000)),
    )
    assert constant.expected_s("xgboost_ray", 100_000) == pytest.approx(105)


def test_the_table_says_what_was_found(found: Measurements) -> None:
    text = table.page(found)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "| 1,000 | XGBoost | 2 | 91.50% | 91.00% to 92.00% | 0.10 | 1.0 |" in lines
    assert "| 10,000 | XGBoost by xgboost-ray | 2 | 91.50% | 91.00% to 92.00% | 40 | 40 |" in lines
    assert "| 10,000 | random forest | 0 | skipped | – | – | – |" in lines
    found_out = "With 10,000 rows gradient boosting trained 10 times as long as XGBoost"
    assert f"{found_out}, for an accuracy of 91.50% against 91.50%." in text
    assert "2-fold cross-validation" in text
    assert "requiring a factor less in training time" in text, "the report's words"
    assert "random forest, 10,000 rows: skipped: a fold would take about 1 min 15 s" in text


def test_the_files_hold_every_fold(found: Measurements, tmp_path: Path) -> None:
    results.write(str(tmp_path), found)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "comparison.csv").read_text())))
    assert len(rows) == len(found.rows)
    first = {"model": "xgboost", "rows": "1000", "fold": "1", "accuracy": "0.910000"}
    assert rows[0] == first | {"seconds": "0.1000"}
    assert measurement.read(str(tmp_path)) == found
    assert Image.open(tmp_path / "comparison.png").size == (1560, 780)
    svg = (tmp_path / "comparison.svg").read_bytes()
    results.write(str(tmp_path), found)
    assert (tmp_path / "comparison.svg").read_bytes() == svg


def test_another_set_up_is_refused(found: Measurements, tmp_path: Path) -> None:
    measurement.write(str(tmp_path), found)
    again = measurement.open_for(str(tmp_path), dict(found.setup))
    assert again.rows == found.rows
    assert again.skipped == (), "with another limit it may be measured"
    with pytest.raises(ConfigError, match=r"depth: 3 there, 6 now.*another --out"):
        measurement.open_for(str(tmp_path), found.setup | {"depth": 6})
    with pytest.raises(ConfigError, match="processor: abacus there, other now"):
        measurement.open_for(str(tmp_path), found.setup | {"processor": "other"})


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    return str(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table-only"], "nothing has been measured"),
        (["--threads", "2", "--actors", "3"], "--threads 2 is no multiple of --actors 3"),
    ],
)
def test_a_users_mistake_is_one_line(
    arguments: list[str], said: str, nowhere: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in error_line(compare_classifiers.main, [*arguments, "--out", nowhere], capsys)
    assert not storage.exists(nowhere)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "50"], "50 is not from 100 to 2000 rows"),
        (["--rows", "1e6"], "invalid"),
        (["--models", "xgboost,svm"], "'svm' is none of xgboost, xgboost_ray"),
        (["--folds", "1"], "1 is less than 2"),
    ],
)
def test_a_wrong_option_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refusal(options.parse, arguments, capsys)
