"""The options of `emailimg score-catalogue`, and the request that they make."""

import argparse
import json
from typing import TYPE_CHECKING

from emailimg import config, storage, taxonomy
from emailimg.config import Config, SourceConfig
from emailimg.errors import ConfigError

# What a run may set of its bundle's config: where and how the work is done, and the source.
_EMBED = ("batch_size", "num_actors", "cpus_per_actor", "use_gpu")

if TYPE_CHECKING:
    from emailimg.bundle import Bundle
    from emailimg.score_catalogue.request import Request


def add(parser: argparse.ArgumentParser) -> None:
    """All but `--address`."""
    option = parser.add_argument
    option("--bundle", required=True, metavar="DIR")
    option("--out", required=True, metavar="DIR", help="of the scores: local folder or s3:// URI")
    option("--images", metavar="DIR", help="folder of image files, or s3:// URI")
    option("--stanford-cars", metavar="DIR", help="the Stanford Cars data set")
    option("--table", metavar="FILE", help="CSV or Parquet about the images")
    option(
        "--catalogue", metavar="DIR", help="what `emailimg catalogue` wrote: WORKSPACE/catalogue"
    )
    for name, plural in (("target", "targets"), ("campaign", "campaign types")):
        _add_listed(parser, name, plural, required=name == "campaign")
    _add_listed(parser, "industry", "industries", required=True)
    option("--vehicle-type", metavar="TYPE", help="of images whose own is not known")
    option("--shard-images", type=int, default=2000, metavar="N", help="at most (default: 2000)")
    option(
        "--set",
        action="append",
        default=[],
        metavar="A.B=C",
        dest="assignments",
        help=f"one setting, e.g. embed.num_actors=4; of embed ({', '.join(_EMBED)}), cluster "
        "or source; may be repeated",
    )


def _add_listed(parser: argparse.ArgumentParser, name: str, plural: str, *, required: bool) -> None:
    usual = "" if required else " (default: all)"
    parser.add_argument(
        f"--{name}",
        action="append",
        required=required,
        metavar="NAME",
        help=f"may be repeated, or several with commas; `all`: all {plural}{usual}",
    )


def request(options: argparse.Namespace, bundle: "Bundle") -> "Request":
    """What the options ask of a bundle; raises ConfigError or TaxonomyError."""
    from emailimg.score_catalogue import request as requests

    settings = _settings(options, bundle.config)
    if options.shard_images < 1:
        raise ConfigError(f"--shard-images must be 1 or more, got {options.shard_images}")
    asked = requests.questions(
        bundle.targets,
        _names(options.target or ["all"]),
        _names(options.campaign),
        _names(options.industry),
    )
    told = options.vehicle_type
    return requests.Request(
        bundle=bundle.location,
        bundle_version=bundle.version,
        source=None if options.catalogue else settings.source,
        catalogue=options.catalogue and storage.absolute(options.catalogue),
        questions=asked,
        vehicle_type=taxonomy.parse_vehicle_type(told) if told else None,
        out=storage.absolute(options.out),
        config=settings,
        shard_images=options.shard_images,
    )


def _names(given: list[str]) -> list[str]:
    """Repeated and comma-separated names, one each; no name that is accepted has a comma."""
    return [name for text in given for name in text.split(",")]


def _settings(options: argparse.Namespace, trained: Config) -> Config:
    """The bundle's config with the source and the shares of this run."""
    places = {"images": options.images, "stanford_cars": options.stanford_cars}
    given = {name: place for name, place in places.items() if place is not None}
    if len(given) + (options.catalogue is not None) != 1:
        raise ConfigError("which images? Give one of --images, --stanford-cars and --catalogue")
    if options.catalogue is not None and options.table is not None:
        raise ConfigError("a table is for --images; a catalogue has its own columns")
    if options.table is not None:
        given["table"] = options.table
    # With the folder, so that a request means the same wherever it is given.
    located = [f"source.{n}={json.dumps(storage.absolute(p))}" for n, p in given.items()]
    base = trained.model_copy(update={"source": SourceConfig()})
    changed = config.changed(base, [*located, *options.assignments])
    _refuse_decisive(base, changed)
    return changed


def _refuse_decisive(base: Config, changed: Config) -> None:
    shares = {name: getattr(changed.embed, name) for name in _EMBED}
    allowed = base.model_copy(
        update={
            "source": changed.source,
            "cluster": changed.cluster,
            "embed": base.embed.model_copy(update=shares),
        }
    )
    if changed != allowed:
        raise ConfigError(
            "--set changes how the work is done, not the model: accepted are "
            f"{', '.join(f'embed.{name}' for name in _EMBED)}, and those of cluster and source"
        )
