"""Scoring a catalogue on the small cluster: it continues, survives its actors, and says no."""

import os
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from ray_processes import doing
from score_catalogue_request import QUESTION, request, write_bad_images, write_images

from emailimg import cli, config, pipeline, storage
from emailimg.errors import ConfigError, ResourceError
from emailimg.parquet import read_table
from emailimg.predict import Predictor
from emailimg.score_catalogue import run
from emailimg.score_catalogue.request import Request

pytestmark = pytest.mark.usefixtures("ray_cluster")

_SCORING = b"ray::MapWorker(MapBatches(_ShardScorer))"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    """40 good images and a few bad files."""
    folder = str(tmp_path_factory.mktemp("images"))
    write_images(folder, 40)
    write_bad_images(folder)
    return folder


def asked(bundle_location: str, images: str, out: Path, *more: str) -> Request:
    return request(bundle_location, "--images", images, "--out", str(out), *more)


def scores(out: Path) -> pd.DataFrame:
    return read_table(str(out / "scores")).sort_values("source_uri", ignore_index=True)


def test_the_command_scores_and_continues(
    images: str,
    bundle_location: str,
    predictor: Predictor,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["score-catalogue", "--bundle", bundle_location, *QUESTION, "--images", images]
    command += ["--out", str(tmp_path / "out"), "--set", "embed.num_actors=2"]
    assert cli.main([*command, "--shard-images", "6"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("44 images: 40 scored")
    whole = scores(tmp_path / "out")
    assert len(whole) == 40
    for row in whole.head(5).itertuples():
        alone = predictor.score(
            Path(row.source_uri).read_bytes(), row.target, row.campaign_type, row.industry
        )
        assert row.probability == pytest.approx(alone.probability, rel=1e-12)
        assert (row.low, row.high) == pytest.approx(alone.interval, rel=1e-12)
    files = sorted((tmp_path / "out" / "scores").iterdir())
    times = {file: file.stat().st_mtime_ns for file in files}
    files[2].unlink()
    files[4].write_bytes(files[4].read_bytes()[:-9])
    assert cli.main(command) == 0
    again = capsys.readouterr()
    assert f"{len(files) - 2} of {len(files)} shards were there, 2 are left" in again.err
    assert again.out == text
    pd.testing.assert_frame_equal(scores(tmp_path / "out"), whole)
    redone = {file for file in files if file.stat().st_mtime_ns != times[file]}
    assert redone == {files[2], files[4]}
    assert cli.main([*command, "--industry", "Energy"]) == 1
    assert "holds the scores of another request" in capsys.readouterr().err


def test_a_killed_actor_loses_nothing(images: str, bundle_location: str, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    run.score(asked(bundle_location, images, undisturbed))
    out, killed = tmp_path / "disturbed", list[int]()

    def kill() -> None:
        """As soon as a part is done, so that there is something to lose."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not storage.list_files(str(out / "scores")):
            time.sleep(0.01)
        for pid in doing(_SCORING)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    found = run.score(asked(bundle_location, images, out, "--shard-images", "1"))
    killer.join()
    assert len(killed) == 1
    assert found["scored"] == 40
    pd.testing.assert_frame_equal(scores(out), scores(undisturbed), rtol=1e-5)


def test_a_catalogue_is_scored_from_its_pictures(
    images: str, bundle_location: str, tmp_path: Path
) -> None:
    """As its files are: the rows differ in nothing but the bad files that a catalogue left out."""
    settings = config.load("tiny", assignments=[f"source.images={images}"])
    workspace = pipeline.run(settings, str(tmp_path / "run"), until="catalogue")
    folder = workspace.folder("catalogue")
    whole = request(bundle_location, "--catalogue", folder, "--out", str(tmp_path / "catalogue"))
    found = run.score(whole)
    assert (found["scored"], found["rejected"]) == (40, {})
    run.score(asked(bundle_location, images, tmp_path / "files"))
    pd.testing.assert_frame_equal(
        scores(tmp_path / "catalogue"), scores(tmp_path / "files"), rtol=1e-5
    )
    smaller = config.load(
        "tiny", assignments=[f"source.images={images}", "images.working_size_px=64"]
    )
    workspace = pipeline.run(smaller, str(tmp_path / "smaller"), until="catalogue")
    other = ("--catalogue", workspace.folder("catalogue"), "--out", str(tmp_path / "other"))
    with pytest.raises(ConfigError, match=r"^the catalogue's pictures are not at the working size"):
        run.score(request(bundle_location, *other))


def test_actors_that_do_not_fit_are_refused_before_anything_is_written(
    images: str, bundle_location: str, tmp_path: Path
) -> None:
    many = asked(bundle_location, images, tmp_path / "out", "--set", "embed.num_actors=64")
    with pytest.raises(ResourceError, match="'score-catalogue' needs 64 CPU"):
        run.score(many)
    assert not (tmp_path / "out").exists()
