"""The whole path in order: from images to a bundle and its report.

Each stage is one function of the config and the folders of the stages before it. A stage runs
when its output for the same settings and inputs is not there yet, so an interrupted run continues
where it was, and a changed setting redoes only what depends on it.
"""

import datetime
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray

import emailimg
from emailimg import (
    bundle,
    catalogue,
    classifiers,
    dataset,
    demonstrate,
    embed,
    resources,
    scorecard,
    search,
    sources,
    stages,
    storage,
    train_encoder,
)
from emailimg.config import Config
from emailimg.errors import ConfigError, EmailimgError, LeakageError, parts_of
from emailimg.parquet import read_table
from emailimg.report import render_report
from emailimg.resources import Bundle
from emailimg.stages import StageResult, Workspace, deciding


@dataclass(frozen=True)
class Run:
    """A config at work in a workspace."""

    config: Config
    workspace: Workspace


@dataclass(frozen=True)
class Stage:
    """One arrow of the data flow.

    inputs: stages whose output it reads; settings: what in the config changes its output;
    work: writes the output to a folder and returns a summary line; needs: what it holds of the
    cluster at the same time; resume: the work continues from what an interrupted run left in the
    folder; replaces: the work replaces an older output itself, when the new one is whole.
    """

    name: str
    inputs: tuple[str, ...]
    settings: Callable[[Config], Any]
    work: Callable[[Run, str], str]
    needs: Callable[[Config], list[Bundle]] = lambda _: []
    resume: bool = False
    replaces: bool = False


def _catalogue(run: Run, folder: str) -> str:
    return catalogue.build(run.config, folder)


def _examples(run: Run, folder: str) -> str:
    return dataset.build(run.config, run.workspace.folder("catalogue"), folder)


def _encoder(run: Run, folder: str) -> str:
    where = run.workspace.folder
    return train_encoder.build(run.config, where("catalogue"), where("examples"), folder)


def _embeddings(run: Run, folder: str) -> str:
    examples, encoder = run.workspace.folder("examples"), run.workspace.folder("encoder")
    return embed.build(run.config, examples, encoder, folder)


def _classifiers(run: Run, folder: str) -> str:
    return classifiers.build(run.config, run.workspace.folder("embeddings"), folder)


def _search(run: Run, folder: str) -> str:
    embeddings = run.workspace.folder("embeddings")
    return search.build(run.config, embeddings, run.workspace.folder("classifiers"), folder)


def _scorecard(run: Run, folder: str) -> str:
    where = run.workspace.folder
    measured = scorecard.measure(
        run.config, where("examples"), where("embeddings"), where("search")
    )
    storage.write_json(storage.join(folder, "metrics.json"), measured)
    if measured["alarms"]:
        raise LeakageError(
            "; ".join(measured["alarms"]) + f"; the figures are in {folder}/metrics.json"
        )
    reaches = [
        f"{target} {score['reach']:.2f}"
        for target, score in measured["targets"].items()
        if score["reach"] is not None
    ]
    accuracy = next(iter(measured["attributes"].values()))["accuracy"]
    return f"attribute accuracy {accuracy:.3f}; reach: {', '.join(reaches) or 'unknown'}"


def _bundle(run: Run, folder: str) -> str:
    where = run.workspace.folder
    return bundle.build(
        run.config,
        catalogue_folder=where("catalogue"),
        embeddings_folder=where("embeddings"),
        encoder_folder=where("encoder"),
        classifiers_folder=where("search"),
        metrics=storage.read_json(run.workspace.path("scorecard", "metrics.json")),
        folder=folder,
    )


def _report(run: Run, folder: str) -> str:
    loaded = bundle.load(run.workspace.folder("bundle"))
    card = full_scorecard(run, loaded.version)
    storage.write_json(storage.join(folder, "scorecard.json"), card)
    where = run.workspace.folder
    gallery = demonstrate.gallery(run.config, where("catalogue"), where("examples"))
    shown = demonstrate.demonstrations(run.config, loaded, where("catalogue"), where("examples"))
    mistakes = demonstrate.mistakes(run.config, card, where("examples"))
    page = render_report(card, gallery, shown, mistakes)
    storage.write_bytes(storage.join(folder, "index.html"), page.encode())
    return storage.join(folder, "index.html")


def _data_needs(config: Config) -> list[Bundle]:
    return resources.data_bundles(config.cluster)


STAGES = (
    Stage(
        "catalogue",
        (),
        lambda c: [
            deciding(c.source),
            deciding(c.images),
            sources.fingerprint(c.source),
        ],
        _catalogue,
        _data_needs,
    ),
    Stage(
        "examples",
        ("catalogue",),
        lambda c: [deciding(part) for part in (c.augment, c.labels, c.split)],
        _examples,
        _data_needs,
    ),
    Stage(
        "encoder",
        ("catalogue", "examples"),
        lambda c: deciding(c.encoder),
        _encoder,
        train_encoder.needs,
        resume=True,
    ),
    Stage(
        "embeddings",
        ("examples", "encoder"),
        lambda c: deciding(c.embed),
        _embeddings,
        embed.needs,
    ),
    Stage(
        "classifiers",
        ("embeddings",),
        lambda c: deciding(c.classifiers),
        _classifiers,
        classifiers.needs,
    ),
    Stage(
        "search",
        ("embeddings", "classifiers"),
        lambda c: deciding(c.search),
        _search,
        search.needs,
        resume=True,
    ),
    Stage("scorecard", ("search",), lambda c: deciding(c.report), _scorecard),
    Stage("bundle", ("scorecard",), lambda c: deciding(c), _bundle, replaces=True),
    Stage("report", ("bundle",), lambda _: None, _report),
)
STAGE_NAMES = tuple(stage.name for stage in STAGES)


def run(
    config: Config,
    workspace_location: str,
    *,
    until: str = STAGES[-1].name,
    on_stage: Callable[[StageResult], None] = lambda _: None,
) -> Workspace:
    """Run every stage that `until` depends on and is not done yet, then `until` itself.

    Needs a Ray session. `on_stage` is told of every stage when it has finished or is skipped.
    """
    if until not in STAGE_NAMES:
        raise ConfigError(f"unknown stage {until!r}; accepted: {', '.join(STAGE_NAMES)}")
    job = Run(config, Workspace(workspace_location))
    fingerprints: dict[str, str] = {}
    for stage in STAGES[: STAGE_NAMES.index(until) + 1]:
        inputs = [fingerprints[name] for name in stage.inputs]
        own = stages.fingerprint(stage.name, stage.settings(config), inputs)
        fingerprints[stage.name] = own
        on_stage(_run_stage(job, stage, own))
    return job.workspace


def _run_stage(job: Run, stage: Stage, fingerprint: str) -> StageResult:
    def work(folder: str) -> str:
        return stage.work(job, folder)

    def check() -> None:
        needs = stage.needs(job.config)
        if needs:
            resources.require(stage.name, needs, job.config.cluster)

    try:
        return job.workspace.run(
            stage.name,
            fingerprint,
            work,
            check=check,
            resume=stage.resume,
            replaces=stage.replaces,
        )
    except EmailimgError:
        raise
    except Exception as error:
        meant_for_user = next((e for e in parts_of(error) if isinstance(e, EmailimgError)), None)
        if meant_for_user is None:
            raise
        raise meant_for_user from None


def full_scorecard(run: Run, bundle_version: str) -> dict[str, Any]:
    """Everything the report shows: the metrics, and where, when and how they came about."""
    workspace = run.workspace
    metrics = storage.read_json(workspace.path("scorecard", "metrics.json"))
    rejects = read_table(workspace.path("catalogue", "rejects.parquet"))
    duplicates = rejects["reason"] == "duplicate"
    finished = [workspace.finished(name) for name in STAGE_NAMES]
    data = {
        "rejects": rejects[~duplicates].to_dict("records"),
        "duplicates": int(duplicates.sum()),
        "notes": storage.read_json(workspace.path("catalogue", "source.json"))["notes"],
    }
    return metrics | {
        "version": emailimg.__version__,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "bundle": bundle_version,
        "hardware": _hardware(),
        "stages": [{"name": r.name, "seconds": r.seconds} for r in finished if r is not None],
        "config": run.config.model_dump(mode="json"),
        "data": metrics["data"] | data,
        "history": storage.read_json(workspace.path("encoder", "history.json")),
        "search": storage.read_json(workspace.path("search", "search.json")),
    }


def _hardware() -> dict[str, Any]:
    cluster = ray.cluster_resources()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpus": int(cluster.get("CPU", 0)),
        "gpus": int(cluster.get("GPU", 0)),
        "memory_gib": round(memory / 2**30),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "ray": ray.__version__,
    }
