"""Scoring a catalogue: actors take a shard after the other; what is finished is left out."""

import time
from typing import Any

import cv2
import numpy as np
import ray
from ray.data import ActorPoolStrategy

from emailimg import bundle, resources, storage
from emailimg.errors import BundleError, EmailimgError, parts_of
from emailimg.progress import Reporter, announce, track
from emailimg.resources import Bundle
from emailimg.score_catalogue import listing, pictures, scoring, shards, summary
from emailimg.score_catalogue.pictures import Picture, Reject
from emailimg.score_catalogue.request import Request, is_begun, note
from emailimg.score_catalogue.scoring import Facts

_STAGE = "score-catalogue"


def score(request: Request) -> dict[str, Any]:
    """Score what is not scored yet; returns the summary, which is in the folder as well.

    Raises SourceError when there are no images or their storage gives out, ConfigError when the
    folder is another request's, ResourceError when the cluster cannot run it.
    """
    resources.require(_STAGE, needs(request), request.config.cluster)
    if not is_begun(request):
        listing.write(request)
        note(request)
    sizes = listing.shard_sizes(request.list_location)
    done = shards.finished(request.out)
    left = sorted(set(range(len(sizes))) - set(done))
    if done:
        announce([f"{len(done)} of {len(sizes)} shards were there, {len(left)} are left"])
    if left:
        _score_left(request, sizes, done, left)
    result = {"bundle": request.bundle_version} | _summary(request, len(sizes))
    storage.write_json(request.path("summary.json"), result)
    return result


def _score_left(request: Request, sizes: list[int], done: list[int], left: list[int]) -> None:
    shards.forget_attempts(request.out)
    began = time.monotonic()
    with track("scoring", sum(sizes), "images") as reporter:
        reporter.begin_at(sum(sizes[number] for number in done))
        _score_shards(request, left, reporter)
    seconds, images = time.monotonic() - began, sum(sizes[number] for number in left)
    announce([f"{images:,} images in {seconds:.1f} s, {images / seconds:,.0f} images/s"])


def needs(request: Request) -> list[Bundle]:
    """What it holds at the same time: every actor."""
    embed = request.config.embed
    gpus = 1.0 if embed.use_gpu else 0.0
    return resources.cpu_bundles(embed.num_actors, embed.cpus_per_actor, gpus)


def _score_shards(request: Request, left: list[int], reporter: Reporter) -> None:
    embed = request.config.embed
    rows = ray.data.from_items([{"shard": n} for n in left], override_num_blocks=len(left))
    scored = rows.map_batches(
        _ShardScorer,
        batch_size=1,
        batch_format="numpy",
        compute=ActorPoolStrategy(size=min(embed.num_actors, len(left))),
        num_cpus=embed.cpus_per_actor,
        num_gpus=1 if embed.use_gpu else None,
        fn_constructor_kwargs={"request": request, "reporter": reporter},
    )
    # A shard of a slow encoder may take longer than Ray Data waits for a sign of life.
    scored.context.execution_no_progress_timeout_s = -1
    # Ray Data's own error would keep nothing of the worker's but its text.
    scored.context.raise_original_map_exception = True
    try:
        for _ in scored.iter_batches(batch_size=None):
            pass
    except Exception as error:
        raise _in_words(error) from error


def _in_words(error: Exception) -> BaseException:
    """The error to show instead of Ray's, where a user can cause it."""
    parts = list(parts_of(error))
    for part in parts:  # Ray raises errors that are both its own and those of the worker
        ours = isinstance(part, EmailimgError | OSError)
        if ours and not isinstance(part, ray.exceptions.RayError):
            return part
    return error


class _ShardScorer:
    """The Ray Data actor: loads the bundle once, then scores shards."""

    def __init__(self, request: Request, reporter: Reporter) -> None:
        embed = request.config.embed
        # One thread per CPU share held: several actors on one machine must not fight for cores.
        threads = max(1, int(embed.cpus_per_actor))
        cv2.setNumThreads(1)  # pictures are resized in as many threads as decode them
        loaded = bundle.load(request.bundle, verify=False)
        if loaded.version != request.bundle_version:
            raise BundleError(f"bundle {request.bundle!r} was replaced while it was at work")
        device = "cuda" if embed.use_gpu else "cpu"
        self._embedder = loaded.embedder(device=device, threads=threads)
        self._classifiers = loaded.classifiers(threads)
        self._pictures = pictures.of(request, threads)
        self._request = request
        self._reporter = reporter

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for number in batch["shard"].tolist():
            # One that died after its last stroke leaves nothing to do.
            if not shards.is_finished(self._request.out, number):
                shards.begin(self._request.out, number)
                self._score(number)
        return batch

    def _score(self, number: int) -> None:
        request = self._request
        facts, rejects = Facts([], [], [], []), []
        for batch in self._pictures.batches(number, request.config.embed.batch_size):
            good = [item for item in batch if isinstance(item, Picture)]
            facts.extend(good, self._embedder, request.vehicle_type)
            rejects += [item for item in batch if isinstance(item, Reject)]
            self._reporter.add(len(batch))
        found = list(scoring.predict(self._classifiers, request.questions, facts))
        rows = scoring.rows(facts, list(self._embedder.spec.heads), found)
        shards.write(request.out, number, rows, rejects, summary.of_shard(facts, rejects, found))


def _summary(request: Request, count: int) -> dict[str, Any]:
    done = shards.finished(request.out)
    missing = count - len(done)
    assert not missing, f"{missing} shards are missing after all were scored"
    return summary.add_up(shards.summaries(request.out, done))
