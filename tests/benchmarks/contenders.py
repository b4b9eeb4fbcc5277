"""The contenders, each in a process of its own: `python -m tests.benchmarks.contenders ours JOB`.

A contender writes its report as JSON: how many examples it made, what Ray's stages said, and
marks, which are moments of its work with the processor time that the kernel had charged to it by
then. The work is from `begin` to `end`; imports and the start of a Ray session come before `begin`,
the start of worker processes after it.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .job import Job

Marks = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("job", type=Job.from_json)
    parser.add_argument("report", type=Path)
    options = parser.parse_args()
    report = CONTENDERS[options.contender](options.job)
    options.report.write_text(json.dumps(report))


def mark(marks: Marks, name: str) -> None:
    """Note this moment, and the processor seconds of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in used)
    marks[name] = {"at": time.monotonic(), "cpu_s": cpu_s}


def ours(job: Job) -> dict[str, Any]:
    """The pipeline as `emailimg examples` runs it, in a local Ray session of so many CPUs."""
    from emailimg import pipeline, ray_session
    from emailimg.stages import StageResult

    config = ray_config(job)
    marks: Marks = {}
    summaries: dict[str, str] = {}

    def stage_done(result: StageResult) -> None:
        mark(marks, result.name)
        summaries[result.name] = result.summary

    with ray_session.session("local", num_cpus=job.workers):
        mark(marks, "begin")
        pipeline.run(config, job.output, until="examples", on_stage=stage_done)
        mark(marks, "end")
    return {"marks": marks, "summaries": summaries}


def ray_config(job: Job) -> Any:
    """The preset with this job's images, sizes and share of the cluster."""
    from emailimg import config

    source = [f"source.showroom_images={job.count}"]
    source.append(f"source.showroom_long_side_px={job.working_size_px}")
    if job.images is not None:
        source = [f"source.images={json.dumps(job.images)}"]
    return config.load(
        job.preset,
        assignments=[
            *source,
            f"images.working_size_px={job.working_size_px}",
            f"images.model_size_px={job.model_size_px}",
            f"cluster.data_tasks={job.workers}",
            *job.settings,
        ],
    )


def pool(job: Job) -> dict[str, Any]:
    """The plain Pool that writes examples."""
    from .plain_pool import examples

    return _without_ray(job, examples)


def pool_with_catalogue(job: Job) -> dict[str, Any]:
    """The Pool that makes catalogue and examples, in two passes."""
    from .pool_with_catalogue import catalogue_and_examples

    return _without_ray(job, catalogue_and_examples)


def floor(job: Job) -> dict[str, Any]:
    """The plain Pool that only decodes."""
    from .plain_pool import decode_only

    return _without_ray(job, decode_only)


def _without_ray(job: Job, work: Callable[[Job], object]) -> dict[str, Any]:
    marks: Marks = {}
    mark(marks, "begin")
    work(job)
    mark(marks, "end")
    return {"marks": marks, "summaries": {}}


def ray_train(job: Job) -> dict[str, Any]:
    """Our encoder stage, in a local Ray session as large as it needs."""
    from emailimg import ray_session, train_encoder

    from . import training_data_sets

    config = ray_config(job)
    marks: Marks = {}
    cpus = math.ceil(sum(bundle["CPU"] for bundle in train_encoder.needs(config)))
    with ray_session.session("local", num_cpus=max(cpus, job.workers)):
        mark(marks, "begin")
        summary = train_encoder.build(config, *training_data_sets.inputs(job), job.output)
        mark(marks, "end")
    return {"marks": marks, "summaries": {"encoder": summary}}


def tensors(job: Job) -> dict[str, Any]:
    """The ceiling of training."""
    from . import plain_training

    return _without_ray(job, plain_training.tensors)


def image_folder(job: Job) -> dict[str, Any]:
    """The training loop that people write."""
    from . import plain_training

    return _without_ray(job, plain_training.image_folder)


def xgboost_ray(job: Job) -> dict[str, Any]:
    """One target of our classifiers stage; afterwards, how fast its model predicts."""
    import ray

    from emailimg import boosters, classifiers, ray_session

    from . import boosting_data

    settings = ray_config(job).classifiers
    marks: Marks = {}
    with ray_session.session("local", num_cpus=job.workers):
        mark(marks, "begin")
        task = classifiers.train_task(settings, str(job.data), boosting_data.TARGET)
        trained = ray.get(task)
        mark(marks, "end")
    boosters.save({boosting_data.TARGET: trained}, boosting_data.WIDTH, job.output)
    told = {"log_loss": f"{trained.log_loss:.6f}", "rounds": str(trained.rounds)}
    return {"marks": marks, "summaries": told | boosting_data.predictions_per_s(job.output)}


def plain_xgboost(job: Job) -> dict[str, Any]:
    """The same training as people write it, in one process."""
    from . import plain_boosting

    marks: Marks = {}
    mark(marks, "begin")
    told = plain_boosting.train(job, ray_config(job).classifiers)
    mark(marks, "end")
    return {"marks": marks, "summaries": told}


CONTENDERS: dict[str, Callable[[Job], dict[str, Any]]] = {
    "ours": ours,
    "pool": pool,
    "pool_with_catalogue": pool_with_catalogue,
    "floor": floor,
    "ray_train": ray_train,
    "tensors": tensors,
    "image_folder": image_folder,
    "xgboost_ray": xgboost_ray,
    "plain_xgboost": plain_xgboost,
}

if __name__ == "__main__":
    main()
