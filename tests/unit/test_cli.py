"""The command line: what it accepts, and clear refusals with the accepted values."""

import argparse
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from bundle_factory import showroom_jpeg
from pictures import encode, picture

from emailimg import __version__, cli, config, images, pipeline
from emailimg.recommender import Wishes

COMMANDS = {"quickstart", "run", "serve", "score", "recommend", "showroom"}
COMMANDS |= {"gallery", "score-catalogue"}
HEAVY = {"ray", "torch", "torchvision", "xgboost", "matplotlib", "scipy", "albumentations"}
QUESTION = ["--target", "open_rate", "--campaign", "Newsletter", "--industry", "Retail"]


def subcommands() -> dict[str, argparse.ArgumentParser]:
    [action] = [
        action
        for action in cli._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(action.choices)


@pytest.fixture
def upload(tmp_path: Path) -> str:
    (tmp_path / "upload.jpg").write_bytes(showroom_jpeg(1000))
    return str(tmp_path / "upload.jpg")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is printed to stderr for a mistake of the user's."""
    assert cli.main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("emailimg: ")
    assert "Traceback" not in printed.err
    assert printed.out == ""
    return printed.err


def test_the_stages_are_those_of_the_pipeline() -> None:
    assert cli._STAGES == pipeline.STAGE_NAMES


def test_every_stage_is_a_command() -> None:
    assert set(subcommands()) >= {*COMMANDS, *pipeline.STAGE_NAMES}
    for stage in pipeline.STAGE_NAMES:
        assert cli._parser().parse_args([stage]).until == stage
    assert cli._parser().parse_args(["run"]).until == pipeline.STAGE_NAMES[-1]


def test_presets_named_by_commands_exist() -> None:
    for command in ("quickstart", "run", *pipeline.STAGE_NAMES):
        assert cli._parser().parse_args([command]).preset in config.PRESETS


@pytest.mark.parametrize("arguments", [[], ["paint"], ["run", "--speed", "9"], ["score", "a.jpg"]])
def test_a_wrong_command_line_shows_the_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: emailimg" in capsys.readouterr().err


def test_an_unknown_command_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["paint"])
    printed = capsys.readouterr().err
    assert "'paint'" in printed
    assert all(command in printed for command in (*COMMANDS, *pipeline.STAGE_NAMES))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "--preset", "huge"], ["'huge'", *config.PRESETS]),
        (["encoder", "--set", "encoder.epoch=3"], ["'encoder.epoch'", "epochs", "batch_size"]),
        (["run", "--set", "encoders.epochs=3"], ["'encoders'", "encoder", "classifiers"]),
        (["run", "--set", "encoder.arch=vgg"], ["encoder.arch", "resnet18", "resnet50"]),
        (["run", "--set", "encoder.epochs"], ["SECTION.KEY=VALUE"]),
        (["run", "--config", "nothing.yaml"], ["'nothing.yaml' does not exist"]),
        (["quickstart", "--preset", "huge"], ["'huge'", *config.PRESETS]),
    ],
)
def test_wrong_settings_are_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: list[str]
) -> None:
    printed = refusal(capsys, *arguments)
    for text in named:
        assert text in printed


def test_settings_come_from_preset_file_flags_and_assignments(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("encoder: {epochs: 4}\nsource: {table: other.csv}\n")
    arguments = ["run", "--preset", "tiny", "--config", str(file), "--images", "a: b'\"c"]
    arguments += ["--table", "mine.csv", "--set", "split.test=0.3", "--set", "split.seed=5"]
    settings = cli.load_config(cli._parser().parse_args(arguments))
    assert settings.encoder.epochs == 4
    assert settings.source.images == "a: b'\"c", "taken literally, not as YAML"
    assert settings.source.table == "mine.csv"
    assert (settings.split.test, settings.split.seed) == (0.3, 5)
    assert settings.source.showroom_images == config.load("tiny").source.showroom_images


@pytest.mark.parametrize("command", ["score", "recommend"])
def test_answers_are_refused_without_a_bundle_or_an_image(
    capsys: pytest.CaptureFixture[str],
    bundle_location: str,
    upload: str,
    tmp_path: Path,
    command: str,
) -> None:
    gone = str(tmp_path / "gone")
    assert "is no bundle" in refusal(capsys, command, upload, "--bundle", gone, *QUESTION)
    printed = refusal(capsys, command, f"{gone}.jpg", "--bundle", bundle_location, *QUESTION)
    assert f"{gone}.jpg' does not exist" in printed
    text = tmp_path / "notes.jpg"
    text.write_text("no picture")
    printed = refusal(capsys, command, str(text), "--bundle", bundle_location, *QUESTION)
    assert "accepted: JPEG, PNG, WebP, GIF" in printed


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("--target", "applause", "open_rate"),
        ("--campaign", "Carrier Pigeon", "Abandoned Cart"),
        ("--industry", "Piracy", "Automotive"),
    ],
)
@pytest.mark.parametrize("command", ["score", "recommend"])
def test_an_unknown_question_is_refused_with_what_is_known(
    capsys: pytest.CaptureFixture[str],
    bundle_location: str,
    upload: str,
    command: str,
    option: str,
    value: str,
    accepted: str,
) -> None:
    question = [*QUESTION, option, value]
    printed = refusal(capsys, command, upload, "--bundle", bundle_location, *question)
    assert repr(value) in printed
    assert accepted in printed


def test_a_score_is_printed_as_text_and_as_json(
    capsys: pytest.CaptureFixture[str], bundle_location: str, upload: str
) -> None:
    arguments = ["score", upload, "--bundle", bundle_location, *QUESTION]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert cli.main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["probabilities"]) == ["open_rate"]
    assert f"{answer['probability']:.1%}" in text


def test_a_score_is_explained_with_a_heat_map(
    capsys: pytest.CaptureFixture[str], bundle_location: str, upload: str, tmp_path: Path
) -> None:
    out = tmp_path / "why"
    arguments = ["score", upload, "--bundle", bundle_location, *QUESTION, "--explain"]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "campaign type: Newsletter" in text
    assert (out / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert f"{answer['probability']:.1%}" in text
    log_odds = answer["base_log_odds"] + sum(c["log_odds"] for c in answer["contributions"])
    assert math.log(answer["probability"] / (1 - answer["probability"])) == pytest.approx(log_odds)


def test_a_folder_for_pictures_that_nothing_draws_is_refused(
    capsys: pytest.CaptureFixture[str], bundle_location: str, upload: str
) -> None:
    arguments = ["score", upload, "--bundle", bundle_location, *QUESTION, "--out", "somewhere"]
    assert "add --explain" in refusal(capsys, *arguments)


def test_a_recommendation_is_printed_with_its_pictures(
    capsys: pytest.CaptureFixture[str], bundle_location: str, upload: str, tmp_path: Path
) -> None:
    out = tmp_path / "pictures"
    arguments = ["recommend", upload, "--bundle", bundle_location, *QUESTION, "-k", "2"]
    assert cli.main([*arguments, "--json", "--out", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["edits"]) <= 2
    assert len(answer["alternates"]) <= 2
    assert len(list(out.iterdir())) == len(answer["edits"]) + len(answer["alternates"]) > 0


def test_a_recommendation_may_be_wished_for(
    capsys: pytest.CaptureFixture[str], bundle_location: str, upload: str
) -> None:
    arguments = ["recommend", upload, "--bundle", bundle_location, *QUESTION, "--json"]
    arguments += ["--min-better", "0", "--suggest", "alternates", "-k", "50"]
    wishes = ["--only-vehicle-type", "suv", "--only-vehicle-type", "Coupe", "--year-from", "2005"]

    def alternates(*wished: str) -> list[dict[str, Any]]:
        assert cli.main([*arguments, *wished]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["edits"] == []
        return answer["alternates"]

    kept = [
        other["image_id"]
        for other in alternates()
        if other["vehicle_type"] in ("SUV", "Coupe") and (other["year"] or 0) >= 2005
    ]
    assert kept
    assert [other["image_id"] for other in alternates(*wishes)] == kept
    assert [other["image_id"] for other in alternates(*wishes, "--similarity", "1")] != kept


def test_the_help_has_the_defaults_of_the_library() -> None:
    """It names them itself, because the library takes a second to import."""
    text = " ".join(subcommands()["recommend"].format_help().split())
    for name, default in asdict(Wishes()).items():
        if isinstance(default, int | float):
            option = "-k" if name == "k" else f"--{name.replace('_', '-')}"
            [said] = re.findall(rf" {option} .*?\(default: ([\d.]+)\)", text)
            assert said == f"{default:g}", name


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (["--min-better", "1.5"], "1.5 is not between 0 and 1"),
        (["--diversity", "nan"], "nan is not between 0 and 1"),
        (["--similarity", "much"], "invalid number value: 'much'"),
        (["--suggest", "nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_impossible_wishes_are_refused(
    capsys: pytest.CaptureFixture[str], wish: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["recommend", "a.jpg", "--bundle", "b", *QUESTION, *wish])
    assert message in capsys.readouterr().err


def test_the_showroom_is_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sheet.png"
    assert cli.main(["showroom", "--out", str(file), "--rows", "1", "--columns", "2"]) == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.strip() == str(file)


def test_an_interruption_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_config", interrupt)
    assert cli.main(["run"]) == 130
    assert "continues where it was" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["--version"], ["run", "--preset", "huge"]]
)
def test_a_quick_question_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from emailimg import cli\n"
        f"try: cli.main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"print('LOADED', *sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emailimg", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"emailimg {__version__}"


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "recommend",
            "a.jpg",
            "--bundle",
            "b",
            "--target",
            "t",
            "--campaign",
            "c",
            "--industry",
            "i",
            "-k",
            "0",
        ],
        ["serve", "--bundle", "b", "--port", "99999"],
        ["showroom", "--rows", "0"],
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert "is not between" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["host", "port"])
def test_where_to_listen_is_said_by_options_alone(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", "--bundle", "b", "--set", f"serve.{name}=1"]) == 1
    assert f"give --{name} instead" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "sheet.png"
    assert cli.main(["showroom", "--rows", "1", "--columns", "1", "--out", str(target)]) == 1
    assert str(target) in capsys.readouterr().err


def test_the_gallery_is_drawn_of_ones_own_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload, target = tmp_path / "mine.png", tmp_path / "gallery.png"
    upload.write_bytes(encode(picture(60, 80), "PNG"))
    assert cli.main(["gallery", "--image", str(upload), "--out", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert images.probe(target.read_bytes(), config.ImageConfig())[0] == "PNG"
    assert cli.main(["gallery", "--set", "augment.mode=both", "--out", str(target)]) == 1
    assert "composed" in capsys.readouterr().err


def test_haproxy_with_a_limit_for_each_address_is_refused(
    bundle_location: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_SERVE_ENABLE_HA_PROXY", "0")  # put back afterwards
    limit = ["--set", "serve.requests_per_minute=6"]
    assert cli.main(["serve", "--bundle", bundle_location, "--haproxy", *limit]) != 0
    assert "serve.api_keys_file" in capsys.readouterr().err


def test_haproxy_is_refused_on_a_cluster_that_is_there_already(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["serve", "--bundle", "b", "--haproxy", "--address", "auto"]) != 0
    assert "RAY_SERVE_ENABLE_HA_PROXY=1" in capsys.readouterr().err


_WHAT_SERVE_HAS_READ = """
import contextlib, sys
from emailimg import cli, ray_session

@contextlib.contextmanager
def session(address):
    from ray.serve._private import constants
    print(constants.RAY_SERVE_USE_GRPC_BY_DEFAULT, constants.RAY_SERVE_ENABLE_HA_PROXY)
    raise SystemExit
    yield

ray_session.session = session
cli.main(["serve", "--bundle", *sys.argv[1:]])
"""


@pytest.mark.parametrize(("options", "haproxy"), [([], "False"), (["--haproxy"], "True")])
def test_serve_is_told_before_it_is_imported(
    bundle_location: str, options: list[str], haproxy: str
) -> None:
    """Handles are made in this process, by what Serve has read when it was imported here."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_SERVE_")}
    command = [sys.executable, "-c", _WHAT_SERVE_HAS_READ, bundle_location, *options]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout.split() == ["True", haproxy], ended.stderr
