"""What is measured on which machine: workers, shares, threads and batch."""

import pytest

from emailimg import config
from emailimg.errors import ResourceError
from tune_jobs.instances import plan
from tune_jobs.instances.kinds import Kind


def machine(cpus: float, gpus: int = 0, nodes: int = 1) -> Kind:
    return Kind(cpus, 64, gpus, "T4" if gpus else None, "a CPU", tuple("abcdefgh"[:nodes]))


def planned(
    kind: Kind, *assignments: str, workers: tuple[int, ...] = ()
) -> list[tuple[int, int, float, int, int]]:
    """instances, workers, CPUs and threads of each, batch of all."""
    settings = config.load("paper", assignments=["encoder.weights=scratch", *assignments])
    return [
        (one.instances, one.workers, one.cpus_per_worker, one.threads, one.batch_size)
        for one in plan.setups(kind, settings, workers)
    ]


def test_a_small_machine_has_one_worker_and_then_all_its_cores() -> None:
    assert planned(machine(2)) == [(1, 1, 1, 1, 64), (1, 1, 1, 2, 64)]


def test_workers_double_up_to_what_fits_beside_a_data_task() -> None:
    found = planned(machine(16))
    assert [workers for _, workers, *_ in found] == [1, 2, 4, 8, 15, 1]
    assert found[4] == (1, 15, 1, 1, 60)  # the nearest multiple of 64
    assert found[5] == (1, 1, 15, 16, 64)


def test_larger_workers_compute_on_all_that_they_hold() -> None:
    found = planned(machine(16), "encoder.cpus_per_worker=4")
    assert found == [(1, 1, 4, 4, 64), (1, 2, 4, 4, 64), (1, 3, 4, 4, 63), (1, 1, 15, 16, 64)]


def test_no_worker_gets_fewer_than_two_images() -> None:
    assert max(workers for _, workers, *_ in planned(machine(72))) == 32


@pytest.mark.parametrize(("gpus", "expected"), [(1, [1]), (4, [1, 2, 4]), (6, [1, 2, 4, 6])])
def test_each_gpu_has_a_worker(gpus: int, expected: list[int]) -> None:
    found = planned(machine(48, gpus))
    assert [workers for _, workers, *_ in found] == expected
    assert {threads for _, _, _, threads, _ in found} == {2}  # of the config


def test_few_cpus_are_shared_among_the_gpus() -> None:
    found = planned(machine(4, 4))
    assert [workers for _, workers, *_ in found] == [1, 2, 4]
    assert {share for _, _, share, *_ in found} == {0.75}


def test_whole_nodes_are_added() -> None:
    found = planned(machine(8, 1, nodes=5))
    assert [(nodes, workers) for nodes, workers, *_ in found] == [(1, 1), (2, 2), (4, 4), (5, 5)]
    assert found[-1][-1] == 65


def test_the_users_numbers_are_measured_and_no_others() -> None:
    found = planned(machine(2), workers=(4, 1, 4))
    assert [workers for _, workers, *_ in found] == [1, 4]


def test_no_room_is_said_with_the_numbers() -> None:
    with pytest.raises(ResourceError, match=r"worker of 1 CPUs .* task of 1 CPUs .* fit in 1;"):
        planned(machine(1))
    with pytest.raises(ResourceError, match="no room"):
        planned(machine(1, gpus=2))


def test_a_setup_is_a_valid_config() -> None:
    settings = config.load("tiny")
    for one in plan.setups(machine(16), settings):
        encoder = one.apply(settings).encoder
        assert encoder.batch_size % encoder.num_workers == 0
        assert (encoder.num_workers, encoder.use_gpu) == (one.workers, False)
        assert encoder.arch == settings.encoder.arch


@pytest.mark.parametrize(
    ("setup", "text"),
    [
        (plan.Setup(1, 1, 1, 1, 64, False), "1 worker x 1 thread"),
        (plan.Setup(1, 4, 2, 2, 64, False), "4 workers x 2 threads"),
        (plan.Setup(2, 8, 1, 2, 64, True), "8 workers x 1 GPU on 2 instances"),
    ],
)
def test_a_setup_is_described(setup: plan.Setup, text: str) -> None:
    assert setup.description == text
