"""The same short training on every kind of machine that the cluster has, one set-up at a time.

A set-up that fails is a measurement with a reason instead of a rate; the others go on.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from statistics import median

import emailimg
from emailimg import storage, train_encoder
from emailimg.config import Config
from emailimg.errors import EmailimgError, ResourceError
from emailimg.report import wording
from tune_jobs.instances import nodes, plan
from tune_jobs.instances.kinds import Kind
from tune_jobs.instances.measurement import Measurement
from tune_jobs.instances.plan import Setup

_REASON_CHARACTERS = 200
_SHORT_EPOCH_S = 3.0
_NO_SETUP = Setup(instances=1, workers=0, cpus_per_worker=0, threads=0, batch_size=0, use_gpu=False)


def measure(
    kinds: Sequence[Kind],
    config: Config,
    catalogue_folder: str,
    examples_folder: str,
    folder: str,
    workers: Sequence[int] = (),
) -> Iterator[Measurement]:
    """Train `config` on every kind in every set-up; needs a Ray session.

    folder: a place that all nodes see, for what the trainings write; emptied after each.
    workers: numbers of workers on one machine, instead of 1, 2, 4, ... and all that fit.
    The first epoch, in which everything starts up, is not counted; the config needs two or more.
    """
    all_nodes = [node_id for kind in kinds for node_id in kind.node_ids]
    inputs = (catalogue_folder, examples_folder)
    for kind in kinds:
        try:
            setups = plan.setups(kind, config, workers)
        except ResourceError as error:
            _say(f"{kind.name}: {error}")
            yield _result(kind, _NO_SETUP, str(error))
            continue
        _say(f"{kind.name} ({kind.processor}): {wording.counted(len(setups), 'training')}")
        for number, setup in enumerate(setups, start=1):
            used = kind.node_ids[: setup.instances]
            others = [node_id for node_id in all_nodes if node_id not in used]
            found = _measure_one(kind, setup, others, config, inputs, folder)
            _say(f"  {number}/{len(setups)}  {setup.description}: {_outcome(found)}")
            yield found


def _measure_one(
    kind: Kind,
    setup: Setup,
    others: Sequence[str],
    config: Config,
    inputs: tuple[str, str],
    folder: str,
) -> Measurement:
    storage.delete_folder(folder)  # of an interrupted one: it would be continued, not measured
    storage.make_folder(folder)
    try:
        with nodes.held_back(others, config.cluster.schedule_timeout_s):
            train_encoder.build(setup.apply(config), *inputs, folder)
        history = storage.read_json(storage.join(folder, "history.json"))
    except Exception as error:  # whatever stopped it, the next set-up may work
        return _result(kind, setup, reason(error))
    finally:
        storage.delete_folder(folder)
    measured = history[1:]
    rate = median(epoch["images_per_s"] for epoch in measured)
    seconds = median(epoch["seconds"] for epoch in measured)
    return _result(kind, setup, None, rate, seconds)


def reason(error: BaseException) -> str:
    """Why a training failed, in a line: the user's error inside, else a worker's last line."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, EmailimgError):
        failures = list(getattr(inner, "worker_failures", {}).values())
        inner = failures[0] if failures else inner.__cause__ or getattr(inner, "cause", None)
        error = inner or error
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= _REASON_CHARACTERS else f"{text[: _REASON_CHARACTERS - 1]}…"


def _result(
    kind: Kind,
    setup: Setup,
    failure: str | None,
    images_per_s: float | None = None,
    epoch_s: float | None = None,
) -> Measurement:
    return Measurement(
        instance=kind.name,
        priced_as=kind.instance,
        candidates=kind.candidates,
        processor=kind.processor,
        cpus=kind.cpus,
        memory_gib=kind.memory_gib,
        gpus=kind.gpus,
        gpu=kind.gpu,
        instances=setup.instances,
        workers=setup.workers,
        threads=setup.threads,
        use_gpu=setup.use_gpu,
        batch_size=setup.batch_size,
        images_per_s=images_per_s,
        epoch_s=epoch_s,
        failure=failure,
        date=datetime.date.today(),
        version=emailimg.__version__,
    )


def _outcome(found: Measurement) -> str:
    if found.images_per_s is None:
        return f"failed: {found.failure}"
    short = found.epoch_s is not None and found.epoch_s < _SHORT_EPOCH_S
    hint = f" (epochs of {found.epoch_s:.1f} s: more --images measure better)" if short else ""
    return f"{found.images_per_s:,.0f} images/s{hint}"


def _say(line: str) -> None:
    print(line, flush=True)  # a job's log is read while it runs
