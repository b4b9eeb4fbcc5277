"""Which trainings to measure on a kind of machine: numbers of workers, their shares and batch.

The batch over all workers stays that of the config, to the nearest multiple of the workers (strong
scaling): a row then is the same training with the same learning rate, as in the report, and its
hours are those of the same model. A worker's share of it shrinks, which is part of what a larger
machine really brings; `encoder.batch_size` is there to raise for machines with many GPUs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emailimg.config import Config, EncoderConfig
from emailimg.errors import ResourceError
from emailimg.report import wording
from tune_jobs.instances.kinds import Kind

_MIN_BATCH = 2  # per worker: batch normalisation has nothing to normalise over in one image


@dataclass(frozen=True)
class Setup:
    """One training to measure: workers over all instances, and what each of them holds."""

    instances: int
    workers: int
    cpus_per_worker: float
    threads: int
    batch_size: int  # over all workers
    use_gpu: bool

    def apply(self, config: Config) -> Config:
        """The config with this set-up's encoder."""
        encoder = config.encoder.model_dump() | {
            "num_workers": self.workers,
            "cpus_per_worker": self.cpus_per_worker,
            "threads_per_worker": self.threads,
            "batch_size": self.batch_size,
            "use_gpu": self.use_gpu,
        }
        return config.model_copy(update={"encoder": EncoderConfig.model_validate(encoder)})

    @property
    def description(self) -> str:
        """Such as `4 workers x 2 threads` or `8 workers x 1 GPU on 2 instances`."""
        each = "1 GPU" if self.use_gpu else wording.counted(self.threads, "thread")
        on = f" on {self.instances} instances" if self.instances > 1 else ""
        return f"{wording.counted(self.workers, 'worker')} x {each}{on}"


def setups(kind: Kind, config: Config, workers: Sequence[int] = ()) -> list[Setup]:
    """What to measure, the smallest first.

    On CPUs each worker computes on the whole cores that it holds, and one worker on all cores is
    measured too; on GPUs each worker has one. Where there are several such nodes, whole ones are
    added: 2, 4, ... and all of them.
    workers: measure these numbers on one node instead of 1, 2, 4, ... and the most that fit.
    Raises ResourceError when not even one worker fits beside a Ray Data task.
    """
    if workers:  # that they do not fit is said in their rows
        return [_setup(kind, config, number) for number in sorted(set(workers))]
    by_batch = config.encoder.batch_size // _MIN_BATCH
    numbers = _doublings(min(_most_workers(kind, config), by_batch))
    planned = [_setup(kind, config, number) for number in numbers]
    if not kind.gpus:
        planned += _one_on_all_cores(kind, config)
    for nodes in _doublings(len(kind.node_ids))[1:]:
        if numbers[-1] * nodes <= by_batch:
            planned.append(_setup(kind, config, numbers[-1] * nodes, nodes))
    return planned


def _most_workers(kind: Kind, config: Config) -> int:
    """Workers that one node holds beside a Ray Data task."""
    share, data = config.encoder.cpus_per_worker, config.cluster.cpus_per_data_task
    room = kind.cpus - data
    most = kind.gpus if kind.gpus else int(room / share + 1e-9)
    if most < 1 or room < _share(kind, config) - 1e-9:
        raise ResourceError(
            f"no room: a worker of {share:g} CPUs beside a Ray Data task of {data:g} CPUs does "
            f"not fit in {kind.cpus:g}; lower encoder.cpus_per_worker or cluster.cpus_per_data_task"
        )
    return most


def _share(kind: Kind, config: Config) -> float:
    """CPUs that a worker holds: on GPU nodes no more than leave every GPU a worker."""
    share = config.encoder.cpus_per_worker
    if not kind.gpus:
        return share
    each = (kind.cpus - config.cluster.cpus_per_data_task) / kind.gpus
    # Ray counts shares in ten-thousandths.
    return min(share, int(each * 10_000) / 10_000) if each > 0 else share


def _setup(kind: Kind, config: Config, workers: int, nodes: int = 1) -> Setup:
    share, gpu = _share(kind, config), kind.gpus > 0
    threads = config.encoder.threads_per_worker if gpu else max(1, int(share))
    batch = _batch(config.encoder.batch_size, workers)
    return Setup(nodes, workers, share, threads, batch, gpu)


def _one_on_all_cores(kind: Kind, config: Config) -> list[Setup]:
    """One process with a thread per core: often the best that a CPU does."""
    alone = _setup(kind, config, 1)
    if int(kind.cpus) <= alone.threads:
        return []
    free = int(kind.cpus - config.cluster.cpus_per_data_task)
    share = max(alone.cpus_per_worker, float(free))
    return [Setup(1, 1, share, int(kind.cpus), alone.batch_size, False)]


def _batch(total: int, workers: int) -> int:
    return max(_MIN_BATCH, round(total / workers)) * workers


def _doublings(most: int) -> list[int]:
    """1, 2, 4, ... and `most`."""
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*powers, most]
