"""The `emailimg` command: parse, run, print. The work is in the modules of the same names."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Heavy modules (torch, Ray) are imported by the commands that need them, so that `--help` and a
# mistyped option answer at once.
from emailimg import __version__, config, wish_options
from emailimg.argument_types import whole_number
from emailimg.errors import ConfigError, EmailimgError
from emailimg.score_catalogue import options as score_catalogue_options

_DEFAULT_WORKSPACE = "workspace"
_DEFAULT_PRESET = "quickstart"
# A blue pickup by a house: colours, edges, sky and shade for every technique to work on.
_GALLERY_SCENE, _GALLERY_SCENE_PX = 26, 640
_STAGES = (
    "catalogue",
    "examples",
    "encoder",
    "embeddings",
    "classifiers",
    "search",
    "scorecard",
    "bundle",
    "report",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it succeeded, 1 on an error of the user's, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (EmailimgError, OSError) as error:  # OSError: a file or folder of the user's
        print(f"emailimg: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("emailimg: interrupted; the same command continues where it was", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emailimg",
        description="Which image makes a marketing email succeed? Predict, and recommend better.",
    )
    parser.add_argument("--version", action="version", version=f"emailimg {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_pipeline_commands(commands)
    _add_serving_commands(commands)
    sheet = commands.add_parser("showroom", help="draw a contact sheet of the rendered showroom")
    sheet.add_argument("--out", type=Path, default=Path("showroom.png"))
    sheet.add_argument("--seed", type=whole_number(0, 2**31), default=0)
    sheet.add_argument("--rows", type=whole_number(1, 100), default=4)
    sheet.add_argument("--columns", type=whole_number(1, 100), default=6)
    sheet.set_defaults(command=_showroom)
    gallery = commands.add_parser("gallery", help="draw what every augmentation class does")
    gallery.add_argument("--out", type=Path, default=Path("gallery.png"))
    gallery.add_argument("--image", metavar="FILE", help="your own, instead of a showroom picture")
    _add_settings(gallery)
    gallery.set_defaults(command=_gallery)
    return parser


def _add_pipeline_commands(commands: Any) -> None:
    quickstart = commands.add_parser(
        "quickstart", help="the whole path on rendered images, and one recommendation over HTTP"
    )
    add_run_options(quickstart)
    quickstart.set_defaults(command=_quickstart)
    run = commands.add_parser("run", help="every stage, from images to bundle and report")
    add_run_options(run)
    run.set_defaults(command=_run, until=_STAGES[-1])
    for name in _STAGES:
        stage = commands.add_parser(name, help=f"run up to the {name} stage")
        add_run_options(stage)
        stage.set_defaults(command=_run, until=name)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that runs stages; `load_config` reads it."""
    _add_settings(parser)
    parser.add_argument(
        "--workspace", default=_DEFAULT_WORKSPACE, metavar="DIR", help="local folder or s3:// URI"
    )
    parser.add_argument("--images", metavar="DIR", help="folder of your own images, or s3:// URI")
    parser.add_argument("--stanford-cars", metavar="DIR", help="the Stanford Cars data set")
    parser.add_argument("--table", metavar="FILE", help="CSV or Parquet about the images")
    _add_address(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    presets = " | ".join(config.PRESETS)
    parser.add_argument(
        "--preset", default=_DEFAULT_PRESET, help=f"{presets} (default: {_DEFAULT_PRESET})"
    )
    parser.add_argument("--config", metavar="FILE", help="YAML laid over the preset")
    _add_assignments(parser, "encoder.epochs=3")


def _add_assignments(parser: argparse.ArgumentParser, example: str) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=C",
        dest="assignments",
        help=f"one setting, e.g. {example}; may be repeated",
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        help="Ray cluster: `auto` for the one `ray start` began here, or HOST:PORT "
        "(default: RAY_ADDRESS, else a local cluster for this command)",
    )


def _add_serving_commands(commands: Any) -> None:
    serve = commands.add_parser("serve", help="start the recommendation service")
    serve.add_argument("--bundle", required=True, metavar="DIR")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=whole_number(0, 65535), default=8000)
    serve.add_argument(
        "--haproxy",
        action="store_true",
        help="HAProxy in place of Serve's own proxy; its ports 8404 and 9101 listen on any address",
    )
    _add_assignments(serve, "serve.fused=true")
    _add_address(serve)
    serve.set_defaults(command=_serve)
    for name, command, text in (
        ("score", _score, "probability of success of one image"),
        ("recommend", _recommend, "better edits and alternates for one image"),
    ):
        parser = commands.add_parser(name, help=text)
        parser.add_argument("image", metavar="IMAGE", help="JPEG, PNG, WebP or GIF file")
        parser.add_argument("--bundle", required=True, metavar="DIR")
        parser.add_argument("--target", required=True)
        parser.add_argument("--campaign", required=True, help="campaign type")
        parser.add_argument("--industry", required=True)
        parser.add_argument("--vehicle-type", metavar="TYPE", help="of the image, if you know it")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(command=command)
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the pictures there")
        if name == "recommend":
            wish_options.add(parser)
        else:
            parser.add_argument(
                "--explain", action="store_true", help="say why; with --out, draw where"
            )

    many = commands.add_parser(
        "score-catalogue", help="probabilities of a whole catalogue's images"
    )
    score_catalogue_options.add(many)
    _add_address(many)
    many.set_defaults(command=_score_catalogue)


def load_config(options: argparse.Namespace) -> config.Config:
    """The config that the options of a command ask for; raises ConfigError."""
    assignments = list(options.assignments)
    for name in ("images", "stanford_cars", "table"):
        location = getattr(options, name, None)
        if location is not None:
            assignments.append(f"source.{name}={json.dumps(location)}")
    return config.load(options.preset, options.config, assignments)


def _run(options: argparse.Namespace) -> None:
    settings = load_config(options)
    from emailimg import pipeline, ray_session

    with ray_session.session(options.address):
        pipeline.run(settings, options.workspace, until=options.until, on_stage=print_stage)


def _quickstart(options: argparse.Namespace) -> None:
    settings = load_config(options)
    started = time.monotonic()
    from emailimg import pipeline, quickstart, ray_session

    with ray_session.session(options.address):
        workspace = pipeline.run(settings, options.workspace, on_stage=print_stage)
        quickstart.ask_service(settings, workspace)
    bundle, report = workspace.folder("bundle"), workspace.path("report", "index.html")
    print(f"\nDone in {time.monotonic() - started:.0f} s.")
    print(f"  report   {_shown(report)}")
    print(f"  serve    emailimg serve --bundle {_shown(bundle)}")


def _shown(location: str) -> str:
    """A location as a person would type it here."""
    return location if "://" in location else os.path.relpath(location)


def print_stage(result: Any) -> None:
    """A line for a stage that has finished, or was there."""
    took = "there" if result.skipped else f"{result.seconds:.1f} s"
    print(f"{result.name:<12} {took:>8}  {result.summary}", flush=True)


def _serve(options: argparse.Namespace) -> None:
    _refuse_settings_of_options(options.assignments)
    if options.haproxy:
        _choose_haproxy(options.address or os.environ.get("RAY_ADDRESS"))
    from emailimg import ray_session

    ray_session.set_local_environment(options.address)  # before Serve is imported
    from emailimg import bundle, service

    loaded = bundle.load(options.bundle)
    chosen = config.changed(loaded.config, options.assignments)
    settings = chosen.serve.model_copy(update={"host": options.host, "port": options.port})
    if options.haproxy and settings.requests_per_minute and not settings.api_keys_file:
        raise ConfigError(
            "--haproxy hides the callers' addresses, which serve.requests_per_minute needs; "
            "add serve.api_keys_file, so that the limit is for each key"
        )
    with ray_session.session(options.address):
        service.serve_forever(loaded.location, settings, chosen.cluster)


def _refuse_settings_of_options(assignments: Sequence[str]) -> None:
    """Where to listen is not taken from a bundle's config, so only the options say it."""
    for name in ("host", "port"):
        if any(
            assignment.partition("=")[0].strip() == f"serve.{name}" for assignment in assignments
        ):
            raise ConfigError(f"serve.{name} has no effect here; give --{name} instead")


def _choose_haproxy(address: str | None) -> None:
    """Ray Serve reads this when it is imported, here and in every process of a new cluster."""
    if address not in (None, "local"):
        raise ConfigError(
            "--haproxy is for a cluster that this command starts; for another one, set "
            "RAY_SERVE_ENABLE_HA_PROXY=1 where `ray start` is run"
        )
    os.environ["RAY_SERVE_ENABLE_HA_PROXY"] = "1"


def _score(options: argparse.Namespace) -> None:
    from emailimg import presentation
    from emailimg.predict import Predictor

    if options.out is not None and not options.explain:
        raise ConfigError("--out is for the heat map, which --explain makes; add --explain")
    predictor = Predictor(_open_bundle(options))
    question = (options.target, options.campaign, options.industry, options.vehicle_type)
    data = _read_image(options.image)
    if options.explain:
        explanation = predictor.explain(data, *question)
        if options.out is not None:
            presentation.write_heat_map(explanation, options.out)
        _print_answer(options, explanation, presentation.explanation_text(explanation))
    else:
        answer = predictor.score(data, *question)
        _print_answer(options, answer, presentation.score_text(answer))


def _score_catalogue(options: argparse.Namespace) -> None:
    request = score_catalogue_options.request(options, _open_bundle(options))
    from emailimg import ray_session
    from emailimg.score_catalogue import run, summary

    with ray_session.session(options.address):
        found = run.score(request)
    print(f"{summary.text(found)}\n\nscores in {_shown(request.path('scores'))}")


def _recommend(options: argparse.Namespace) -> None:
    from emailimg import presentation
    from emailimg.predict import Predictor

    wishes = wish_options.wishes(options)
    predictor = Predictor(_open_bundle(options))
    answer = predictor.recommend(
        _read_image(options.image),
        options.target,
        options.campaign,
        options.industry,
        vehicle_type=options.vehicle_type,
        wishes=wishes,
    )
    if options.out is not None:
        presentation.write_pictures(answer, options.out)
    _print_answer(options, answer, presentation.recommendation_text(answer, wishes))


def _print_answer(options: argparse.Namespace, answer: Any, text: str) -> None:
    print(json.dumps(answer.as_json(), indent=2) if options.json else text)


def _open_bundle(options: argparse.Namespace) -> Any:
    from emailimg import bundle

    return bundle.load(options.bundle)


def _read_image(path: str) -> bytes:
    from emailimg import storage

    if not storage.exists(path):
        raise ConfigError(f"image {path!r} does not exist")
    return storage.read_bytes(path)


def _showroom(options: argparse.Namespace) -> None:
    from emailimg import images, showroom

    sheet = showroom.contact_sheet(options.seed, options.rows, options.columns)
    options.out.write_bytes(images.encode_png(sheet))
    print(options.out)


def _gallery(options: argparse.Namespace) -> None:
    from emailimg import gallery, images, showroom

    settings = load_config(options)
    if options.image is None:
        data = showroom.render_jpeg(showroom.describe(0, _GALLERY_SCENE), _GALLERY_SCENE_PX)
    else:
        data = _read_image(options.image)
    sheet = gallery.draw(settings.augment, images.decode(data, settings.images))
    options.out.write_bytes(images.encode_png(sheet))
    print(options.out)
