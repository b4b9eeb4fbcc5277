"""Scoring a catalogue, shard by shard and without Ray: on disk and on S3."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_factory import TARGETS
from s3_failures import failing_front
from score_catalogue_request import request, write_bad_images, write_images

from emailimg import storage, taxonomy
from emailimg.errors import BundleError, ConfigError, ResourceError, SourceError, TaxonomyError
from emailimg.parquet import read_table
from emailimg.predict import Predictor
from emailimg.score_catalogue import listing, run, shards, summary
from emailimg.score_catalogue.request import Request, is_begun, note

ALL_QUESTIONS = ("--campaign", "Newsletter,survey", "--industry", "Retail", "--industry", "energy")


class Counted:
    """Stands for the progress's reporter."""

    def __init__(self) -> None:
        self.images = 0

    def add(self, amount: int) -> None:
        self.images += amount


def score(asked: Request) -> dict[str, Any]:
    """What `run.score` does, in this process."""
    listing.write(asked)
    note(asked)
    counted = Counted()
    scorer = run._ShardScorer(asked, counted)  # type: ignore[arg-type]
    sizes = listing.shard_sizes(asked.list_location)
    scorer({"shard": np.arange(len(sizes))})
    found = shards.finished(asked.out)
    assert found == list(range(len(sizes)))
    assert counted.images == sum(sizes)
    return summary.add_up(shards.summaries(asked.out, found))


def test_scores_are_those_of_the_predictor(
    base: str, bundle_location: str, predictor: Predictor
) -> None:
    """Up to the rounding of the last digit; nothing depends on the distance."""
    folder, out = storage.join(base, "images"), storage.join(base, "out")
    places, bad = write_images(folder, 7), write_bad_images(folder)
    small = ("--images", folder, "--out", out, "--shard-images", "4", "--set", "embed.batch_size=3")
    told = (*small, "--vehicle-type", "suv")
    found = score(request(bundle_location, *told, question=ALL_QUESTIONS))
    rows = read_table(storage.join(out, "scores"))
    assert len(rows) == 7 * 2 * 2 * len(TARGETS)
    assert sorted(set(rows["source_uri"])) == places
    for row in rows.itertuples():
        alone = predictor.score(
            storage.read_bytes(row.source_uri), row.target, row.campaign_type, row.industry, "SUV"
        )
        assert (row.image_id, row.vehicle_type) == (alone.image_id, alone.vehicle_type)
        assert row.probability == pytest.approx(alone.probability, rel=1e-12)
        assert (row.low, row.high) == pytest.approx(alone.interval, rel=1e-12)
        assert row.domain_distance == pytest.approx(alone.domain_distance, rel=1e-5)
        assert row.out_of_domain == alone.out_of_domain
        seen = {"augmentation_class", "vehicle_type"}
        assert {name: getattr(row, f"seen_{name}") for name in seen} == alone.attributes_seen
    rejects = read_table(storage.join(out, "rejects")).set_index("source_uri")
    assert rejects["reason"].to_dict() == bad
    assert rejects["message"].str.len().min() > 0
    assert (found["images"], found["scored"]) == (7 + len(bad), 7)


def test_the_summary_is_that_of_all_rows(tmp_path: Path, bundle_location: str) -> None:
    folder, out = str(tmp_path / "images"), str(tmp_path / "out")
    write_images(folder, 25)
    arguments = ("--images", folder, "--out", out, "--shard-images", "4")
    found = score(request(bundle_location, *arguments, question=ALL_QUESTIONS))
    rows = read_table(storage.join(out, "scores"))
    assert found["out_of_domain"] == rows.groupby("source_uri")["out_of_domain"].first().sum()
    assert len(found["questions"]) == 4 * len(TARGETS)
    keys = ["target", "campaign_type", "industry"]
    for asked in found["questions"]:
        own = rows[(rows[keys] == [asked[key] for key in keys]).all(axis=1)]
        assert asked["mean"] == pytest.approx(own["probability"].mean())
        for name, value in asked["quantiles"].items():
            exact = own["probability"].quantile(float(name.rstrip("%")) / 100, "inverted_cdf")
            assert value == pytest.approx(exact, abs=0.011)
        lower_is_better = asked["target"] in taxonomy.LOWER_IS_BETTER
        inside = own[~own["out_of_domain"].astype(bool)]
        ranked = inside.sort_values("probability", ascending=lower_is_better)
        assert [i["probability"] for i in asked["best"]] == ranked["probability"][:10].tolist()
        assert [i["source_uri"] for i in asked["worst"][:1]] == ranked["source_uri"][-1:].tolist()
    text = summary.text(found)
    assert text.startswith("25 images: 25 scored")
    json.dumps(found, allow_nan=False)


def test_a_table_tells_the_vehicle_types(
    tmp_path: Path, bundle_location: str, predictor: Predictor
) -> None:
    [first, second] = write_images(str(tmp_path / "images"), 2)
    (tmp_path / "table.csv").write_text("file,vehicle_type\n000.jpg,convertible\n001.jpg,\n")
    asked = ("--images", str(tmp_path / "images"), "--table", str(tmp_path / "table.csv"))
    score(request(bundle_location, *asked, "--out", str(tmp_path / "out")))
    rows = read_table(str(tmp_path / "out" / "scores")).set_index("source_uri")
    for place, told in ((first, "Convertible"), (second, None)):
        data = Path(place).read_bytes()
        alone = predictor.score(data, "open_rate", "Newsletter", "Retail", told)
        assert rows.loc[place, "probability"] == pytest.approx(alone.probability, rel=1e-12)
    assert rows.loc[first, "vehicle_type"] == "Convertible"
    assert rows["vehicle_type"].isna().tolist() == [False, True]


def test_a_folder_of_bad_files_alone_has_a_summary_too(
    tmp_path: Path, bundle_location: str
) -> None:
    (tmp_path / "images").mkdir()
    bad = write_bad_images(str(tmp_path / "images"))
    arguments = ("--images", str(tmp_path / "images"), "--out", str(tmp_path / "out"))
    found = score(request(bundle_location, *arguments))
    assert (found["images"], found["scored"]) == (len(bad), 0)
    assert summary.text(found).startswith(f"{len(bad)} images: 0 scored")


@pytest.mark.parametrize("damage", ["cut", "empty", "no summary"])
def test_a_shard_that_is_not_whole_is_not_finished(
    base: str, bundle_location: str, damage: str
) -> None:
    write_images(storage.join(base, "images"), 5)
    arguments = ("--images", storage.join(base, "images"), "--out", storage.join(base, "out"))
    asked = request(bundle_location, *arguments, "--shard-images", "2")
    score(asked)
    files = storage.list_files(asked.path("scores"))
    assert len(files) == 3
    whole = storage.read_bytes(files[1])
    broken = {"cut": whole[:-20], "empty": b"", "no summary": whole}
    storage.write_bytes(files[1], broken[damage])
    if damage == "no summary":
        storage.delete_file(asked.path("summaries", "shard-00001.json"))
    storage.write_bytes(asked.path("scores", ".shard-00002.parquet.partial"), whole[:100])
    assert shards.finished(asked.out) == [0, 2]
    assert not shards.is_finished(asked.out, 1)
    scorer = run._ShardScorer(asked, Counted())  # type: ignore[arg-type]
    scorer({"shard": np.arange(3)})
    assert storage.read_bytes(files[1]) == whole
    assert len(read_table(asked.path("scores"))) == 5


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--campaign", "Survey"], "questions open_rate / Newsletter / Retail, now"),
        (["--vehicle-type", "van"], "vehicle type None, now 'Van'"),
        (["--images", "{other}"], "source '.*images', now '.*other'"),
    ],
)
def test_another_request_in_the_same_folder_is_refused(
    tmp_path: Path, bundle_location: str, changed: list[str], named: str
) -> None:
    write_images(str(tmp_path / "images"), 1)
    arguments = ["--images", str(tmp_path / "images"), "--out", str(tmp_path / "out")]
    asked = request(bundle_location, *arguments)
    assert not is_begun(asked)
    listing.write(asked)
    assert not is_begun(asked), "the list alone is not enough"
    note(asked)
    assert is_begun(asked)
    faster = ["--set", "embed.batch_size=1", "--shard-images", "9"]
    assert is_begun(request(bundle_location, *arguments, *faster))
    others = [part.format(other=tmp_path / "other") for part in changed]
    with pytest.raises(ConfigError, match=f"another request .*{named}.*--out"):
        is_begun(request(bundle_location, *arguments, *others))
    retrained = request(bundle_location, *arguments)
    object.__setattr__(retrained, "bundle_version", "another")
    with pytest.raises(ConfigError, match=r"bundle version '.*', now 'another'"):
        is_begun(retrained)


def test_a_folder_with_other_files_is_refused(tmp_path: Path, bundle_location: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    arguments = ["--images", str(tmp_path), "--out", str(tmp_path / "out")]
    with pytest.raises(ConfigError, match="no scoring wrote"):
        is_begun(request(bundle_location, *arguments))


def test_a_bundle_that_was_replaced_meanwhile_is_not_used(
    tmp_path: Path, bundle_location: str
) -> None:
    asked = request(bundle_location, "--images", str(tmp_path), "--out", str(tmp_path / "out"))
    object.__setattr__(asked, "bundle_version", "another")
    with pytest.raises(BundleError, match="was replaced"):
        run._ShardScorer(asked, Counted())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "one of --images, --stanford-cars and --catalogue"),
        (["--images", "a", "--catalogue", "b"], "one of --images"),
        (["--catalogue", "b", "--table", "t.csv"], "a table is for --images"),
        (["--images", "a", "--set", "embed.kind=pooled"], "accepted are embed.batch_size"),
        (["--images", "a", "--set", "images.working_size_px=64"], "accepted are"),
        (["--images", "a", "--set", "embed.actors=2"], "embed.actors"),
        (["--images", "a", "--shard-images", "0"], "--shard-images must be 1 or more"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    bundle_location: str, arguments: list[str], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        request(bundle_location, "--out", "o", *arguments)


def test_unknown_names_are_refused_with_the_known_ones(bundle_location: str) -> None:
    with pytest.raises(TaxonomyError, match="'Carrier Pigeon'; accepted: Abandoned Cart"):
        request(bundle_location, "--images", "a", "--out", "o", "--campaign", "Carrier Pigeon")


def test_all_and_repeated_names_ask_each_question_once(bundle_location: str) -> None:
    every = ("--campaign", "all", "--industry", "Energy,energy", "--target", "all,open_rate")
    asked = request(bundle_location, "--images", "a", "--out", "o", question=every)
    assert len(set(asked.questions)) == len(asked.questions)
    assert len(asked.questions) == len(TARGETS) * len(taxonomy.CAMPAIGN_TYPES)


def test_a_folder_that_is_no_catalogue_is_named(tmp_path: Path, bundle_location: str) -> None:
    asked = request(bundle_location, "--catalogue", str(tmp_path), "--out", str(tmp_path / "out"))
    with pytest.raises(SourceError, match="holds no finished catalogue"):
        listing.write(asked)


@pytest.mark.parametrize(
    ("images", "actors", "questions", "sizes"),
    [
        (10, 1, 1, [3, 3, 3, 1]),  # a few shards per actor
        (10, 5, 1, [1] * 10),
        (9, 1, 2, [2, 2, 2, 2, 1]),  # no more rows than an actor should hold
    ],
)
def test_shards_are_as_large_as_fits(
    tmp_path: Path,
    bundle_location: str,
    monkeypatch: pytest.MonkeyPatch,
    images: int,
    actors: int,
    questions: int,
    sizes: list[int],
) -> None:
    monkeypatch.setattr(listing, "_MOST_ROWS", 4)
    write_images(str(tmp_path / "images"), images)
    targets = ",".join(TARGETS[:questions])
    asked = request(
        bundle_location,
        *("--images", str(tmp_path / "images"), "--out", str(tmp_path / "out")),
        *("--target", targets, "--set", f"embed.num_actors={actors}"),
        question=("--campaign", "Survey", "--industry", "Energy"),
    )
    listing.write(asked)
    assert listing.shard_sizes(asked.list_location) == sizes
    listed = [listing.read_shard(asked.list_location, n) for n in range(len(sizes))]
    assert [len(shard) for shard in listed] == sizes
    assert len({uri for shard in listed for uri in shard["source_uri"]}) == images


def test_a_shard_that_kills_its_process_is_given_up(base: str) -> None:
    for _ in range(5):
        shards.begin(base, 3)
    shards.begin(base, 4)
    with pytest.raises(ResourceError, match=r"shard 3 has died 5 times.*embed.batch_size"):
        shards.begin(base, 3)
    shards.forget_attempts(base)
    shards.begin(base, 3)


def test_what_s3_refuses_to_all_stops_the_work_instead_of_rejecting_everything(
    bucket: str, tmp_path: Path, bundle_location: str
) -> None:
    write_images(f"{bucket}/outage", 3)
    arguments = ("--images", f"{bucket}/outage", "--out", str(tmp_path / "out"))
    asked = request(bundle_location, *arguments)
    listing.write(asked)
    storage.delete_file(f"{bucket}/outage/001.jpg")
    scorer = run._ShardScorer(asked, Counted())  # type: ignore[arg-type]
    scorer({"shard": np.array([0, 1])})
    assert [s["rejected"] for s in shards.summaries(asked.out, [0, 1])] == [{}, {"unreadable": 1}]
    with (
        failing_front(100, "400 Bad Request", "ExpiredToken"),
        pytest.raises(SourceError, match=r"cannot be read.*continues where it was"),
    ):
        scorer({"shard": np.array([2])})
    assert shards.finished(asked.out) == [0, 1]
