"""The scorecard: honest models pass, leaking ones raise the alarm, figures agree with counting."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emailimg import config, features, scorecard, splits, storage, taxonomy
from emailimg.boosters import Prediction
from emailimg.errors import EmailimgError
from emailimg.parquet import write_table
from emailimg.scorecard import attributes, engagement

CONFIG = config.load("tiny")
TARGET = "open_rate"


class Model:
    """Classifiers that predict what they are told to, in the rows' own order."""

    embedding_width = 1

    def __init__(self, predictions: np.ndarray) -> None:
        self.predictions = predictions

    def __getitem__(self, target: str) -> "Model":
        assert target == TARGET
        return self

    def matrix(self, *inputs: Any) -> np.ndarray:
        return features.assemble(*inputs)

    def predict(self, matrix: np.ndarray) -> Prediction:
        """Five percentage points to both sides, by two members."""
        said = self.predictions[matrix[:, 0].astype(int)]
        return Prediction(said, said - 0.05, said + 0.05, np.stack([said, said]))

    def probability(self, matrix: np.ndarray) -> np.ndarray:
        """Whoever is told the type knows the truth: 0.8 of an SUV, else 0.2."""
        suv = features.feature_columns(1).index("vehicle type: SUV")
        return np.where(matrix[:, suv] > 0, 0.8, 0.2)


def rows_of(count: int = 1500, sends: int = 20, seed: int = 0) -> pd.DataFrame:
    """Test rows; the one embedding column is the row number, so that `Model` finds its answer."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([0.2, 0.8, 0.35], count)
    return pd.DataFrame(
        {
            features.embedding_columns(1)[0]: np.arange(count, dtype=np.float32),
            "campaign_type": "Survey",
            "industry": "Retail",
            f"{TARGET}_k": rng.binomial(sends, truth),
            f"{TARGET}_n": sends,
            f"{TARGET}_p": truth,
        }
    )


def score(rows: pd.DataFrame, predictions: np.ndarray) -> dict[str, Any]:
    model: Any = Model(predictions)
    return engagement.score(CONFIG, model, rows, TARGET)


def truth_of(rows: pd.DataFrame) -> np.ndarray:
    return rows[f"{TARGET}_p"].to_numpy()


@pytest.mark.parametrize("sends", [1, 20])
@pytest.mark.parametrize("seed", range(5))
def test_a_model_that_knows_the_truth_reaches_one_without_alarm(sends: int, seed: int) -> None:
    rows = rows_of(sends=sends, seed=seed)
    found = score(rows, truth_of(rows))
    assert found["reach"] == pytest.approx(1)
    assert engagement.alarms(TARGET, found) == []
    assert found["accuracy"]["ours"] == found["accuracy"]["oracle"]


@pytest.mark.parametrize("sends", [1, 20])
@pytest.mark.parametrize("seed", range(5))
def test_an_honest_model_near_the_truth_raises_no_alarm(sends: int, seed: int) -> None:
    rows = rows_of(sends=sends, seed=seed)
    noise = np.random.default_rng(seed).normal(0, 0.02, len(rows))
    found = score(rows, np.clip(truth_of(rows) + noise, 0.01, 0.99))
    assert 0.9 < found["reach"] < 1.03
    assert engagement.alarms(TARGET, found) == []


@pytest.mark.parametrize("sends", [1, 20])
def test_a_model_that_has_seen_the_outcomes_raises_both_alarms(sends: int) -> None:
    rows = rows_of(sends=sends)
    seen = (rows[f"{TARGET}_k"].to_numpy() + 0.05) / (sends + 0.1)
    found = score(rows, seen)
    assert found["reach"] > 1
    reach_alarm, accuracy_alarm = (
        engagement.alarms(TARGET, found) if sends == 1 else [*engagement.alarms(TARGET, found), ""]
    )
    assert reach_alarm.startswith(f"{TARGET}: reach is above 1")
    # With many sends per row, one side of a half is as good as the truth; accuracy cannot tell.
    assert sends == 20 or f"{TARGET}: accuracy" in accuracy_alarm


def test_a_slight_leak_raises_the_alarm() -> None:
    rows = rows_of(count=3000)
    seen = (rows[f"{TARGET}_k"] / rows[f"{TARGET}_n"]).to_numpy()
    found = score(rows, np.clip(0.8 * truth_of(rows) + 0.2 * seen, 0.01, 0.99))
    assert found["reach"] > 1
    assert len(engagement.alarms(TARGET, found)) >= 1


def test_the_base_rate_reaches_nothing() -> None:
    rows = rows_of()
    rate = rows[f"{TARGET}_k"].sum() / rows[f"{TARGET}_n"].sum()
    found = score(rows, np.full(len(rows), rate))
    assert found["reach"] == pytest.approx(0, abs=1e-9)
    assert found["base_rate"] == pytest.approx(rate)
    assert found["log_loss"]["ours"] == pytest.approx(found["log_loss"]["base"])
    assert found["auc"]["ours"] == 0.5


def test_intervals_are_judged_by_the_truth_inside() -> None:
    rows = rows_of()
    truth = truth_of(rows)
    off = np.where(np.arange(len(rows)) % 5 == 0, 0.1, 0.01)  # one in five misses by ten points
    assert score(rows, truth + off)["interval"] == {
        "level": 0.9,
        "mean_width": pytest.approx(0.1),
        "coverage": pytest.approx(0.8),
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_oracles_calibration_error_is_within_its_own_band(seed: int) -> None:
    rows = rows_of(seed=seed)
    found = score(rows, truth_of(rows))["calibration"]
    low, high = found["oracle_band"]
    assert low * 0.8 < found["oracle_error"] < high * 1.2
    off = score(rows, np.clip(truth_of(rows) + 0.05, 0, 1))["calibration"]
    assert off["oracle_band"] == [low, high]
    assert off["error"] > high


def test_what_a_known_vehicle_type_adds_is_told_apart() -> None:
    rows = rows_of()
    truth = np.where(np.arange(len(rows)) % 3 == 0, 0.8, 0.2)
    rows[f"{TARGET}_k"] = np.random.default_rng(0).binomial(20, truth)
    rows[f"{TARGET}_p"] = truth
    assert score(rows, np.full(len(rows), 0.4))["type_known"] is None
    rows["vehicle_type"] = np.where(truth > 0.5, "SUV", "Sedan")
    found = score(rows, np.full(len(rows), 0.4))
    assert found["reach"] < 0.1
    assert found["type_known"] == pytest.approx(1)


def test_campaigns_and_industries_are_scored_apart() -> None:
    rows = rows_of()
    rows["campaign_type"] = np.where(np.arange(len(rows)) % 3 == 0, "Newsletter", "Survey")
    said = truth_of(rows).copy()
    survey = (rows["campaign_type"] == "Survey").to_numpy()
    said[survey] = truth_of(rows)[survey].mean()  # knows nothing of surveys' images
    groups = score(rows, said)["contexts"]
    newsletter, blind = groups["campaign_type"]
    assert (newsletter["name"], blind["name"]) == ("Newsletter", "Survey")
    assert newsletter["reach"] == pytest.approx(1)
    assert blind["reach"] == pytest.approx(0, abs=0.02)
    assert newsletter["rows"] + blind["rows"] == len(rows)
    assert blind["predicted"] == pytest.approx(blind["observed"], abs=3 * blind["standard_error"])
    [retail] = groups["industry"]
    assert (retail["name"], retail["trials"]) == ("Retail", 20 * len(rows))


def test_the_interval_contains_the_reach() -> None:
    rows = rows_of(count=400)
    blurred = 0.5 * truth_of(rows) + 0.5 * truth_of(rows).mean()
    found = score(rows, blurred)
    low, high = found["reach_interval"]
    assert low < found["reach"] < high
    assert high - low < 0.5
    again = score(rows, blurred)
    assert again["reach_interval"] == [low, high], "the same every time"


def test_unobserved_rows_do_not_count() -> None:
    rows = rows_of(count=300)
    found = score(rows, truth_of(rows))
    unseen = rows.assign(**{f"{TARGET}_k": 0, f"{TARGET}_n": 0, f"{TARGET}_p": np.nan})
    model_answers = truth_of(rows)
    again = score(pd.concat([rows, unseen], ignore_index=True), model_answers)
    assert again == found
    assert found["rows"] == 300
    assert found["trials"] == 6000


def test_without_a_known_truth_there_is_no_oracle_and_no_alarm() -> None:
    rows = rows_of(count=300)
    observed = rows.assign(**{f"{TARGET}_p": np.nan})
    found = score(observed, truth_of(rows))
    assert found["rule"] == "observed"
    for name in ("reach", "reach_interval", "advantage_over_oracle"):
        assert found[name] is None
    assert found["accuracy"]["oracle"] is None
    assert found["calibration"]["oracle_error"] is None
    assert found["calibration"]["oracle_band"] is None
    assert found["interval"]["coverage"] is None
    assert engagement.alarms(TARGET, found) == []


def test_no_observed_test_row_is_refused_by_name() -> None:
    rows = rows_of(count=30).assign(**{f"{TARGET}_k": 0, f"{TARGET}_n": 0})
    with pytest.raises(EmailimgError, match=TARGET):
        score(rows, np.full(30, 0.5))


def test_calibration_points_are_the_rates_of_their_rows() -> None:
    rows = rows_of(count=1000)
    found = score(rows, truth_of(rows))["calibration"]
    points = found["bins"]
    assert len(points) == CONFIG.report.calibration_bins
    assert sum(point["trials"] for point in points) == 20_000
    predicted = [point["predicted"] for point in points]
    assert predicted == sorted(predicted)
    for point in points:
        assert point["low"] <= point["observed"] <= point["high"]
    assert found["error"] == pytest.approx(found["oracle_error"])
    assert found["error"] < 0.03
    shifted = score(rows, np.clip(truth_of(rows) + 0.1, 0, 1))["calibration"]
    assert shifted["error"] == pytest.approx(0.1, abs=0.02)


def test_the_worth_of_a_success_is_that_of_the_rows_with_amounts() -> None:
    rows = pd.DataFrame(
        {
            "revenue_per_email_k": [2, 1, 0, 7],
            "revenue_per_email_amount": [50.0, 10.0, 0.0, float("nan")],
            "open_rate_k": 1,
        }
    )
    assert engagement._mean_amount(rows, "revenue_per_email") == 20
    assert engagement._mean_amount(rows[2:], "revenue_per_email") is None
    assert engagement._mean_amount(rows, "open_rate") is None


def test_confusion_recall_and_precision_by_hand() -> None:
    truth = np.array(["rotate", "rotate", "blur", "blur", "blur", "original"])
    seen = np.array(["rotate", "blur", "blur", "blur", "rotate", "clahe"])
    found = attributes._attribute(truth, seen)
    assert found["classes"] == ["original", "blur", "rotate", "clahe"]
    assert found["confusion"] == [[0, 0, 0, 1], [0, 2, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert found["recall"] == [0, pytest.approx(2 / 3), 0.5, None]
    assert found["precision"] == [None, pytest.approx(2 / 3), 0.5, 0]
    assert found["accuracy"] == 0.5
    assert found["majority_accuracy"] == 0.5
    assert found["rows"] == 6
    assert found["standard_error"] == pytest.approx((0.25 / 6) ** 0.5)


def test_attributes_are_judged_where_they_are_known() -> None:
    test = pd.DataFrame(
        {
            "augmentation_class": ["blur", "rotate", "blur"],
            "seen_augmentation_class": ["blur", "blur", "blur"],
            "vehicle_type": ["SUV", None, "Van"],
            "seen_vehicle_type": ["SUV", "Van", "Van"],
        }
    )
    found = attributes.scores(test)
    assert found["augmentation_class"]["accuracy"] == pytest.approx(2 / 3)
    assert (found["vehicle_type"]["accuracy"], found["vehicle_type"]["rows"]) == (1, 2)


def test_yes_or_no_answers_by_hand() -> None:
    """Of composed versions: blur is found in one of two, and named once where it is not."""
    test = pd.DataFrame(
        {
            "techniques": [["blur", "rotate"], ["blur"], []],
            "seen_techniques": ["blur + rotate", "original", "blur + clahe"],
        }
    )
    found = attributes.scores(test)["techniques"]
    by_class = dict(
        zip(found["classes"], zip(found["recall"], found["precision"], strict=True), strict=True)
    )
    assert len(by_class) == len(taxonomy.AUGMENTATION_CLASSES) - 1
    assert by_class["blur"] == (0.5, 0.5)
    assert by_class["rotate"] == (1, 1)
    assert by_class["clahe"] == (None, 0)
    assert by_class["emboss"] == (None, None)
    assert found["accuracy"] == pytest.approx(1 - 3 / 45)
    assert found["all_right"] == pytest.approx(1 / 3)
    assert found["majority_accuracy"] == pytest.approx(1 - 2 / 45)
    assert found["rows"] == 3


def test_of_composed_versions_mistakes_are_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several techniques at once are right or wrong one by one; there is no pair to compare."""
    only = config.load("tiny", None, [f"labels.rules.{t}=null" for t in CONFIG.targets[1:]])
    rows = rows_of(count=50)
    rows["techniques"] = [["blur", "rotate"]] * 50
    rows["seen_techniques"] = "blur"
    write_table(storage.join(splits.folder(str(tmp_path), "test"), "0.parquet"), rows)
    monkeypatch.setattr(scorecard.learning, "curves", lambda *_: {})
    monkeypatch.setattr(scorecard.boosters, "load", lambda _: Model(truth_of(rows)))
    monkeypatch.setattr(scorecard, "_data", lambda _: {})
    found = scorecard.measure(only, "", str(tmp_path), "")
    assert set(found["attributes"]) == {"techniques"}
    assert "mistakes" not in found["attributes"]["techniques"]


def test_an_attribute_that_no_test_row_has_is_left_out() -> None:
    test = pd.DataFrame({"vehicle_type": [None, None], "seen_vehicle_type": ["SUV", "Van"]})
    assert attributes.scores(test) == {}


def test_the_whole_card_is_measured_from_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From test rows only, and in a form that JSON takes."""
    only = config.load("tiny", None, [f"labels.rules.{t}=null" for t in CONFIG.targets[1:]])
    rows = rows_of(count=200).assign(augmentation_class="blur", seen_augmentation_class="blur")
    rows["source_id"] = [f"{number:03}" for number in range(200)]
    rows["example_id"] = rows["source_id"] + "-1"
    leaked = rows.assign(**{f"{TARGET}_k": 0})
    for split in splits.SPLITS:
        location = storage.join(splits.folder(str(tmp_path / "embeddings"), split), "0.parquet")
        write_table(location, rows if split == "test" else leaked)
        examples = pd.DataFrame({"source_id": ["a", "a", split], "techniques": [["blur"]] * 3})
        write_table(
            storage.join(splits.folder(str(tmp_path / "examples"), split), "0.parquet"), examples
        )
    monkeypatch.setattr(scorecard.learning, "curves", lambda *_: {})
    monkeypatch.setattr(scorecard.boosters, "load", lambda _: Model(truth_of(rows)))
    found = scorecard.measure(only, str(tmp_path / "examples"), str(tmp_path / "embeddings"), "")
    assert found["targets"][TARGET]["reach"] == pytest.approx(1)
    assert found["alarms"] == []
    explained = found["attributes"]["augmentation_class"]["mistakes"]
    assert (explained["rows"], explained["mistakes"], explained["ceiling"]) == (200, 0, 1)
    assert found["data"] == {
        "source_images": 4,
        "examples": 9,
        "split": {"train": 3, "validation": 3, "test": 3},
        "class_counts": {"blur": 9},
    }
    storage.write_json(str(tmp_path / "metrics.json"), found)


def test_classes_are_ordered_as_in_the_taxonomy() -> None:
    shuffled = set(taxonomy.AUGMENTATION_CLASSES) | {"unheard of"}
    assert attributes.class_order(shuffled) == list(taxonomy.AUGMENTATION_CLASSES)
