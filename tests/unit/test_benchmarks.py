"""The benchmark's own parts, at tiny size and without Ray: its figures are worth what they are."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.dataset as pads
import pytest
from benchmarks import compare, machine, measure, photographs, plain_pool, step_times, tables
from benchmarks.job import Job
from benchmarks.measure import Phase, Recording
from PIL import Image

from emailimg import augment, config, images, near_duplicates, taxonomy

LIMITS = config.ImageConfig(working_size_px=96)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Twelve small pictures, and an empty folder for what is made of them."""
    folder = tmp_path_factory.mktemp("bench")
    photographs.make(folder / "images", 12, 128, workers=1)
    (folder / "output").mkdir()
    return Job(str(folder / "images"), 12, str(folder / "output"), "quickstart", 96, 32, workers=1)


def rows_of_pool(job: Job) -> Iterator[plain_pool.Row]:
    techniques = plain_pool.transforms(job.working_size_px)
    square = plain_pool.squarer(job.model_size_px)
    for file in sorted(Path(str(job.images)).iterdir()):
        yield from plain_pool.rows_of(file, job, techniques, square)


def test_the_same_seed_makes_the_same_picture() -> None:
    assert photographs.jpeg(5, 128) == photographs.jpeg(5, 128)
    assert photographs.jpeg(5, 128) != photographs.jpeg(6, 128)


def test_its_pictures_cost_what_photographs_cost() -> None:
    sizes = [len(photographs.jpeg(seed, 640)) for seed in range(8)]
    assert all(50_000 < size < 100_000 for size in sizes), sizes


def test_every_fourth_picture_lies_on_its_side() -> None:
    turned = [
        Image.open(io.BytesIO(photographs.jpeg(seed, 128))).getexif().get(0x0112)
        for seed in range(8)
    ]
    assert turned == [None, None, None, 6] * 2


def test_no_two_pictures_are_near_duplicates() -> None:
    pictures = [photographs.picture(seed, 128) for seed in range(300)]
    hashes = [near_duplicates.perceptual_hash(pixels) for pixels in pictures]
    ids = [f"{number:04d}" for number in range(len(hashes))]
    assert near_duplicates.leaders(ids, hashes, near_duplicates.MOST_BITS) == {}


def test_the_pool_decodes_as_we_do() -> None:
    for seed in range(4):
        data = photographs.jpeg(seed, 128)
        theirs, own = plain_pool.decode(data, 96), images.decode(data, LIMITS)
        assert theirs.shape == own.shape
        assert np.abs(theirs.astype(int) - own).mean() < 2


def test_the_pool_knows_our_techniques() -> None:
    assert set(plain_pool.transforms(96)) == set(augment._TRANSFORMS)


def test_rows_of_the_pool_carry_an_original_and_a_version(job: Job) -> None:
    rows = list(rows_of_pool(job))
    assert len(rows) == 2 * job.count
    for row in rows:
        original = row["augmentation_class"] == taxonomy.ORIGINAL
        assert original == (row["version"] == 0)
        assert row["example_id"] == f"{row['source_id']}-{row['version']}"
        assert len(row["pixels"]) == job.model_size_px**2 * 3
    assert len({row["source_id"] for row in rows}) == job.count
    assert rows == list(rows_of_pool(job)), "they do not depend on chance"


def test_pixels_of_the_pool_are_those_of_the_file(job: Job) -> None:
    files = sorted(Path(str(job.images)).iterdir())
    rows = {row["source_id"]: row for row in rows_of_pool(job) if row["version"] == 0}
    for file in files:
        data = file.read_bytes()
        pixels = plain_pool.decode(data, job.working_size_px)
        expected = images.to_model_pixels(pixels, job.model_size_px)
        drawn = rows[hashlib.sha256(data).hexdigest()]["pixels"]
        found = np.frombuffer(drawn, np.uint8).reshape(expected.shape)
        assert np.abs(found.astype(int) - expected).mean() < 3


def test_labels_of_the_pool_follow_the_rules() -> None:
    rng = np.random.default_rng(0)
    drawn = {
        name: [plain_pool.labels(name, 0, 0, rng) for _ in range(50)] for name in ("rotate", "blur")
    }
    for name, rows in drawn.items():
        for row in rows:
            assert all(0 <= row[f"{t}_k"] <= row[f"{t}_n"] for t in plain_pool.TARGETS)
            assert row["click_to_open_rate_n"] == row["open_rate_k"]
            assert (row["open_rate_p"] > 0.5) == (name == "rotate")
            assert row["conversion_rate_p"] < 0.5
    opens = {name: sum(row["open_rate_k"] for row in rows) for name, rows in drawn.items()}
    assert opens["rotate"] > 2 * opens["blur"]


def test_the_pool_runs_under_its_watcher(job: Job) -> None:
    phases, _ = measure.run("pool", job)
    assert set(phases) == {"whole", "work"}
    assert 0 < phases["work"].seconds < phases["whole"].seconds
    assert 0 < phases["work"].cpu_s < phases["whole"].cpu_s
    assert 2**24 < phases["whole"].peak_bytes < 2**33
    written = pads.dataset(job.output, format="parquet", partitioning="hive").to_table()
    assert written.num_rows == 2 * job.count
    assert set(written["split"].to_pylist()) <= {"train", "validation", "test"}


def test_a_contender_that_fails_stops_the_benchmark(job: Job) -> None:
    nowhere = Job("/nowhere", 1, job.output, "quickstart", 96, 32, workers=1)
    with pytest.raises(measure.subprocess.CalledProcessError):
        measure.run("floor", nowhere)


def test_processor_time_between_samples_is_interpolated() -> None:
    recording = Recording(cpu=[(0.0, 0.0), (2.0, 4.0)], memory=[(0.0, 5), (2.0, 9), (9.0, 90)])
    assert recording.cpu_at(1.0) == 2.0
    assert recording.peak(0.0, 3.0) == 9


def test_the_profile_names_every_step(job: Job) -> None:
    result = step_times.profile(job)
    per_image = result["ms_per_image"]
    for stage in ("catalogue", "examples"):
        named = {name for name in per_image if name.startswith(stage)}
        assert f"{stage}: write Parquet" in named
        assert all(per_image[name] >= 0 for name in named)
    assert per_image["catalogue: decode"] > 0
    assert per_image["examples: labels"] > 0
    assert "catalogue: in all" in result["text"]


def test_a_table_has_medians_and_spreads() -> None:
    phases = [Phase(seconds, 2 * seconds, 2**20) for seconds in (1.0, 2.0, 4.0)]
    ours = tables.Line("OURS", 100, phases, written=3 * 2**20)
    pool = tables.Line("POOL", 100, [Phase(1.0, 1.0, 2**21)])
    lines = tables.comparison([ours, pool], {"POOL": pool}).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == [
        "OURS",
        "2.0 (1.0 to 4.0)",
        "50 (25 to 100)",
        "40.00 (20.00 to 80.00)",
        "1 (1 to 1)",
        "3",
        "0.50",
    ]
    assert len({len(line) for line in lines}) == 1
    assert len({line.count("|") for line in lines}) == 1


def test_contenders_that_did_less_are_found_out(job: Job) -> None:
    less = compare.Run({}, {}, {}, rows=2 * job.count - 1)
    with pytest.raises(SystemExit, match="pool wrote 23 examples of 12 images"):
        compare._check_rows("pool", job, [less])


def test_the_machine_is_described() -> None:
    facts = machine.describe()
    assert int(facts["cores"]) >= 1
    assert json.dumps(facts)
    assert facts["processor"]
