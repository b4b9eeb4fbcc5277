"""The benchmark of boosting: both train the same rows to the same model, and differences show."""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import __main__ as command
from benchmarks import boosting, boosting_data, plain_boosting
from benchmarks.boosting import Contender, Run
from benchmarks.contenders import ray_config
from benchmarks.job import Job
from benchmarks.measure import Phase

from emailimg import edit_slope, training_rows
from emailimg.calibration import Calibration

PLAIN, ONE, TWO = boosting.contenders(threads=2)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("boosting")
    [job] = boosting.jobs(folder, [3000], rounds=5, threads=2)
    boosting_data.make(Path(str(job.data)), job.count)
    return job


def run(seconds: float, log_loss: str = "0.5000", rounds: str = "5") -> Run:
    rates = {"batch_per_s": "200000", "one_by_one_per_s": "500"}
    told = {"log_loss": log_loss, "rounds": rounds}
    return Run(Phase(seconds, 2 * seconds, 2**30), told | rates)


def test_actors_share_the_threads(job: Job) -> None:
    shares = [ray_config(contender.job(job)).classifiers for contender in (ONE, TWO)]
    assert [(own.num_actors, own.cpus_per_actor) for own in shares] == [(1, 2), (2, 1)]
    assert [contender.actors for contender in boosting.contenders(threads=3)] == [0, 1]


def test_its_rows_are_what_the_stage_reads(job: Job) -> None:
    folder = str(job.data)
    training_rows.require_observed(folder, boosting_data.TARGET, parts=2)
    rows = training_rows.read_part(folder, "train", boosting_data.TARGET, boosting_data.WIDTH, 0, 1)
    assert rows.features.shape[1] == 64
    assert 0.9 * job.count < len(rows.features) < job.count, "a few are not observed"
    slope = edit_slope.measure([], Calibration(), folder, boosting_data.TARGET)
    assert slope == 1, "there are no versions"


def test_the_plain_training_learns(job: Job) -> None:
    few, more = (
        plain_boosting.train(job, ray_config(with_rounds).classifiers)
        for with_rounds in (job, replace(job, settings=(*job.settings, "classifiers.rounds=30")))
    )
    assert few["rounds"] == "5"
    assert float(more["log_loss"]) < float(few["log_loss"]) - 0.01


def test_overhead_is_the_difference_of_each_round(job: Job) -> None:
    table = boosting.lines(job, {PLAIN: [run(2.0), run(4.0)], TWO: [run(7.0), run(8.0)]})
    assert table[0][:5] == ["XGBoost", "3,000", "3.0 (2.0 to 4.0)", "1,125 (750 to 1,500)", ""]
    assert table[1][4] == "+4.5 (+4.0 to +5.0)"
    assert boosting.lines(job, {TWO: [run(7.0)]})[0][4] == "", "alone there is none"


def test_rates_of_prediction_are_told(job: Job) -> None:
    text = boosting.predictions({3000: {"xgboost-ray, 1 actor": [run(1.0)]}})
    assert "200,000 rows/s of 100,000 at once, 500 one by one (2.00 ms each)" in text


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (run(1.0, rounds="4"), "boosted 4 rounds, not 5"),
        (run(1.0, log_loss="0.51"), r"reached 0\.5100, not 0\.5000"),
    ],
)
def test_other_work_is_no_comparison(other: Run, words: str) -> None:
    done: dict[Contender, list[Run]] = {PLAIN: [run(1.0)], ONE: [run(1.0)]}
    boosting.check_same_work(done)
    with pytest.raises(SystemExit, match=words):
        boosting.check_same_work(done | {ONE: [other]})


def test_its_options_are_refused_in_other_modes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command._parse(["--rows", "100"])
    assert "--rows is for --classifiers" in capsys.readouterr().err
    assert command._parse(["--classifiers"]).rows == [100_000, 1_000_000]
