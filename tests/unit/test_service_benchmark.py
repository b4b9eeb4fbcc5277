"""The tables of the service's benchmark, and its large catalogue; no server is started."""

from pathlib import Path

from benchmarks.serving import large_catalogue, memory, recovery, side_by_side
from benchmarks.serving.memory import Held
from benchmarks.serving.recovery import Recovery
from benchmarks.serving.side_by_side import Measured

from emailimg import bundle


def test_a_line_per_server_and_percentiles_of_its_own() -> None:
    quick = Measured([float(value) for value in range(1, 102)], 50.0, {"200": 101})
    failing = Measured([10.0] * 10, 70.0, {"200": 9, "503": 1})
    loads = {"1": quick, "8": quick, "32": failing, "70%": quick}
    table = side_by_side.table({"bare model": {"1": quick}, "ours": loads})
    bare, ours = (line.split("|")[1:-1] for line in table.splitlines()[2:])
    assert [cell.strip() for cell in bare[:4]] == ["bare model", "51.0", "96.0", "100.0"]
    assert ours[-1].strip() == "1", "of all loads, what was not answered with 200"
    assert ours[-2].strip() == "2.0"


def test_a_line_per_killed_part() -> None:
    table = recovery.table([Recovery("Embedder", 3.24, 4.0, {200: 90, 503: 2})])
    assert "3.2" in table
    assert "90 x 200, 2 x 503" in table


def test_lines_of_memory_end_with_the_last_requests() -> None:
    held = [Held(100 * round, dict.fromkeys(memory.PARTS, 300.0 + round)) for round in range(20)]
    lines = [line.split("|") for line in memory.table(held).splitlines()[2:]]
    assert len(lines) <= 8
    assert [cell.strip() for cell in lines[-1][1:3]] == ["1,900", "319"]


def test_a_large_catalogue_is_a_bundle_of_different_images(
    bundle_location: str, tmp_path: Path
) -> None:
    found = bundle.load(large_catalogue.write(bundle_location, tmp_path / "large", 150))
    index = found.catalogue()
    assert len(index.rows) == 150
    assert index.rows["image_id"].is_unique
    assert len({row.tobytes() for row in index.embeddings}) == 150
    assert found.version != bundle.load(bundle_location).version
