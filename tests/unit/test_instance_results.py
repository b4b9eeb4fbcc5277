"""The files of the benchmark: the table, the picture, and measurements that are added to."""

import json
from pathlib import Path

import pytest
from command_lines import error_line, refusal
from instance_rows import measured_row
from PIL import Image

from emailimg import config, storage
from emailimg.config import Config
from emailimg.errors import ConfigError
from tune_jobs import benchmark_instances
from tune_jobs.instances import measurement, measuring, options, prices, results
from tune_jobs.instances.costs import Job
from tune_jobs.instances.measurement import Measurements

TABLE = prices.load(prices.DEFAULT_FILE)
ALONE = measured_row(images_per_s=100.0)
TWO = measured_row(workers=2, images_per_s=150.0)
GPU = measured_row(
    instance="p3.2xlarge", cpus=8, memory_gib=60, gpus=1, gpu="V100", use_gpu=True, threads=2,
    images_per_s=900.0,
)  # fmt: skip
BROKEN = measured_row(workers=4, images_per_s=None, epoch_s=None, failure="out of memory")
UNKNOWN = measured_row(instance="4 CPUs, 8 GiB", priced_as=None, candidates=("a.b", "c.d"))


def settings(*assignments: str) -> Config:
    return config.load("tiny", assignments=assignments)


def measured(*rows: measurement.Measurement) -> Measurements:
    found = Measurements(training=measurement.training_of(settings()))
    for row in rows:
        found = found.with_row(row)
    return found


def write(found: Measurements, folder: str, under_hours: float = 1.0) -> str:
    return results.write(folder, found, Job(32_370, 10), TABLE, under_hours)


def test_the_four_files_are_written(base: str, tmp_path: Path) -> None:
    text = write(measured(ALONE, TWO, GPU, BROKEN, UNKNOWN), base)
    assert ALONE in measurement.read(base).rows
    assert storage.read_bytes(f"{base}/instances.md").decode() == text
    assert b"<svg" in storage.read_bytes(f"{base}/instances.svg")
    picture = tmp_path / "instances.png"
    picture.write_bytes(storage.read_bytes(f"{base}/instances.png"))
    assert Image.open(picture).size == (1440, 960)


def test_the_table_holds_what_was_measured_and_the_reports_rows(tmp_path: Path) -> None:
    text = write(measured(ALONE, TWO, GPU, BROKEN), str(tmp_path))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "| c5.large | 2 | 4 | 0 | 2 | 1 | 64 | 150 | 75% | 0.60 | $0.051 | ≈$0.020 |" in lines
    gpu = "| p3.2xlarge | 8 | 60 | 1 V100 | 1 | 2 | 64 | 900 | 100% | 0.10 | $0.31 | ≈$0.12 |"
    assert gpu in lines
    assert "- c5.large, 4 workers x 1 thread: out of memory" in lines
    assert "| c5.18xlarge | 72 | 144 | 0 | 3.95 | $12.09 | ≈$4.83 |" in lines
    assert sum("(printed " in line for line in lines) == 4
    assert lines[2].startswith("Cheapest under 1 hour: c5.large, 2 workers x 1 thread: 0.60 h")


def test_a_machine_that_could_be_several_says_so(tmp_path: Path) -> None:
    text = write(measured(UNKNOWN), str(tmp_path))
    assert "- 4 CPUs, 8 GiB could be a.b or c.d; say which with --instance." in text
    assert "| 4 CPUs, 8 GiB |" in text


@pytest.mark.parametrize("rows", [(BROKEN,), (UNKNOWN,), (ALONE, UNKNOWN), (GPU,)])
def test_every_mixture_can_be_drawn(
    rows: tuple[measurement.Measurement, ...], tmp_path: Path
) -> None:
    write(measured(*rows), str(tmp_path), under_hours=0.001)
    assert json.loads((tmp_path / "instances.json").read_text())["under_hours"] == 0.001


def test_the_same_measurements_are_the_same_drawing(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(measured(ALONE, GPU), str(tmp_path / name))
    drawings = [(tmp_path / name / "instances.svg").read_bytes() for name in ("a", "b")]
    assert drawings[0] == drawings[1]


def test_measuring_again_replaces_a_row_and_another_machine_adds_one(tmp_path: Path) -> None:
    write(measured(ALONE, BROKEN), str(tmp_path))
    there = measurement.open_for(str(tmp_path), settings())
    again = ALONE.model_copy(update={"images_per_s": 120.0})
    rows = there.with_row(again).with_row(GPU).rows
    assert [row.images_per_s for row in rows] == [120.0, None, 900.0]


def test_placement_is_no_other_training(tmp_path: Path) -> None:
    write(measured(ALONE), str(tmp_path))
    placed = settings("encoder.num_workers=1", "encoder.cpus_per_worker=1", "serve.port=1")
    assert measurement.open_for(str(tmp_path), placed).rows == (ALONE,)


def test_rates_of_another_training_are_not_mixed_in(tmp_path: Path) -> None:
    write(measured(ALONE), str(tmp_path))
    with pytest.raises(ConfigError, match=r"encoder\.arch: resnet18 there, resnet34 now.*--out"):
        measurement.open_for(str(tmp_path), settings("encoder.arch=resnet34"))


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"training": {}, "rows": [{"cpus": 1}]}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "instances.json").write_text(content)
    with pytest.raises(ConfigError, match=r"instances\.json' is not this benchmark's"):
        measurement.read(str(tmp_path))


def test_new_prices_need_no_new_measurements(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(measured(ALONE), str(tmp_path))
    edited = tmp_path / "mine.yaml"
    text = Path(prices.DEFAULT_FILE).read_text()
    edited.write_text(text.replace("on_demand: 0.085, spot: null", "on_demand: 2, spot: 1"))
    again = ["--table-only", "--out", str(tmp_path), "--prices", str(edited)]
    assert benchmark_instances.main(again) == 0
    assert "0.90 h, $1.80 on demand, $0.90 on spot" in capsys.readouterr().out
    assert benchmark_instances.main([*again, "--dataset-epochs", "1"]) == 0
    assert "0.090 h, $0.18 on demand" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table-only"], "nothing has been measured"),
        (["--prices", "nowhere.yaml"], "'nowhere.yaml' does not exist"),
        (["--set", "encoder.epoch=1"], "'encoder.epoch'"),
    ],
)
def test_a_users_mistake_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*arguments, "--out", str(tmp_path)]
    assert said in error_line(benchmark_instances.main, given, capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epochs", "1"], "1 is less than 2"),
        (["--images", "few"], "invalid whole number"),
        (["--under-hours", "0"], "is not more than 0"),
        (["--under-hours", "nan"], "is not more than 0"),
    ],
)
def test_a_wrong_option_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refusal(options.parse, arguments, capsys)


def test_the_short_training_needs_no_download_and_is_not_restarted() -> None:
    short = options.training(options.parse(["--images", "100", "--set", "encoder.seed=3"], None))
    assert (short.encoder.arch, short.encoder.weights) == ("resnet34", "scratch")
    assert (short.encoder.max_failures, short.encoder.epochs, short.encoder.seed) == (0, 3, 3)
    assert short.source.showroom_images == 100


class WorkersFailedError(Exception):
    def __init__(self) -> None:
        super().__init__("Training failed:\nmany lines")
        self.worker_failures = {0: RuntimeError("Traceback\n  File\nCUDA out of memory. ")}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConfigError("a setting is wrong"), "a setting is wrong"),
        (WorkersFailedError(), "CUDA out of memory."),
        (RuntimeError("one\n\ntwo  words\n"), "two words"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("x" * 500), "x" * 199 + "…"),
    ],
)
def test_the_reason_of_a_failure_is_one_line(error: Exception, expected: str) -> None:
    assert measuring.reason(error) == expected


def test_the_users_error_inside_is_the_reason() -> None:
    outer = RuntimeError("wrapped")
    outer.__cause__ = ConfigError("batch_size is too large")
    assert measuring.reason(outer) == "batch_size is too large"
