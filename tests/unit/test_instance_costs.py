"""Scaling efficiency, hours, dollars, and what is recommended in which case."""

import pytest
from instance_rows import measured_row

from tune_jobs.instances import costs, prices
from tune_jobs.instances.costs import Job, Priced
from tune_jobs.instances.prices import Cost
from tune_jobs.instances.published import ROWS

TABLE = prices.load(prices.DEFAULT_FILE)


def priced(
    label: str, hours: float | None, on_demand: float | None = None, spot: float | None = None
) -> Priced:
    return Priced(label, label, hours, Cost(on_demand, spot))


CHEAP_AND_SLOW = priced("slow", 4.0, 0.4, 0.2)
CHEAP = priced("cheap", 0.9, 1.0, 0.5)
FAST = priced("fast", 0.2, 5.0, 0.3)
UNPRICED = priced("own", 0.5)
FAILED = priced("failed", None)


def test_the_reports_dataset_takes_as_many_hours_as_the_arithmetic_says() -> None:
    assert Job(32_370, 10).hours(100.0) == pytest.approx(0.899, abs=0.001)
    assert Job(32_370, 10).hours(None) is None


def test_dollars_count_every_instance() -> None:
    rows = [
        measured_row(images_per_s=32_370 / 360),
        measured_row(images_per_s=32_370 / 360, workers=2, instances=2),
    ]
    one, two = costs.of_measured(rows, Job(32_370, 10), TABLE)
    assert one.hours == two.hours == pytest.approx(1.0)
    assert one.cost.on_demand == pytest.approx(0.085)
    assert two.cost.on_demand == pytest.approx(0.17)
    assert two.label == "2 x c5.large, 2 workers x 1 thread"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (measured_row(workers=1, images_per_s=10.0), 1.0),
        (measured_row(workers=2, images_per_s=18.0), 0.9),
        (measured_row(workers=4, images_per_s=12.0), 0.3),
        (measured_row(workers=1, threads=4, images_per_s=30.0), 0.75),  # as four workers
        (measured_row(workers=4, images_per_s=None), None),
        (measured_row(instance="c5.xlarge", workers=2, images_per_s=18.0), None),
        (measured_row(processor="another", workers=2, images_per_s=18.0), None),
        (measured_row(workers=2, images_per_s=18.0, use_gpu=True), None),
    ],
)
def test_efficiency_is_against_one_worker_of_that_machine(row: object, expected: float) -> None:
    assert isinstance(row, costs.Measurement)
    alone = measured_row(images_per_s=10.0)
    assert costs.efficiency(row, [alone, row]) == (expected and pytest.approx(expected))


def test_gpus_scale_by_workers_whatever_their_threads() -> None:
    one = measured_row(use_gpu=True, threads=2, images_per_s=100.0)
    four = measured_row(use_gpu=True, threads=2, workers=4, images_per_s=300.0)
    assert costs.efficiency(four, [one, four]) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("rows", "under", "expected"),
    [
        ([CHEAP_AND_SLOW, CHEAP, FAST], 1.0, CHEAP),
        ([CHEAP_AND_SLOW, CHEAP, FAST], 0.9, FAST),  # 0.9 h is not under 0.9 h
        ([CHEAP_AND_SLOW, CHEAP, FAST], 10.0, CHEAP_AND_SLOW),
        ([CHEAP, UNPRICED], 1.0, CHEAP),
        (
            [CHEAP, priced("same price, faster", 0.3, 1.0)],
            1.0,
            priced("same price, faster", 0.3, 1),
        ),
        ([CHEAP_AND_SLOW, UNPRICED, FAILED], 1.0, None),
        ([], 1.0, None),
    ],
)
def test_the_cheapest_in_time(rows: list[Priced], under: float, expected: Priced | None) -> None:
    assert costs.cheapest(rows, under) == expected


@pytest.mark.parametrize(
    ("rows", "under", "expected"),
    [
        (
            [CHEAP_AND_SLOW, CHEAP],
            1.0,
            "Cheapest under 1 hour: cheap: 0.90 h, $1.00 on demand, $0.50 on spot.",
        ),
        (
            [CHEAP, FAST],
            1.0,
            "Cheapest under 1 hour: cheap: 0.90 h, $1.00 on demand, $0.50 on spot. "
            "On spot: fast: 0.20 h, $5.00 on demand, $0.30 on spot.",
        ),
        (
            [CHEAP_AND_SLOW, FAILED],
            1.0,
            "None is under 1 hour; the fastest takes 4.00 h: slow ($0.40 on demand, $0.20 on "
            "spot).",
        ),
        (
            [CHEAP_AND_SLOW, UNPRICED],
            2.5,
            "Under 2.5 hours, but without a price: own: 0.50 h, price unknown. Name it with "
            "--instance, or give it a price in the price table.",
        ),
        ([FAILED], 1.0, "Nothing was measured, so nothing is recommended."),
        ([], 1.0, "Nothing was measured, so nothing is recommended."),
    ],
)
def test_the_recommendation_in_words(rows: list[Priced], under: float, expected: str) -> None:
    assert costs.recommendation(rows, under) == expected


def test_an_assumed_spot_price_is_marked() -> None:
    row = Priced("m", "m", 0.5, Cost(1.0, 0.4, spot_is_assumed=True))
    assert "≈$0.40 on spot" in costs.recommendation([row], 1.0)


def test_of_the_reports_own_rows_one_v100_is_cheapest_under_an_hour() -> None:
    rows = costs.of_published(ROWS, TABLE)
    assert len(rows) == 16
    best = costs.cheapest(rows, 1.0)
    assert best is not None
    assert (best.label, best.hours) == ("p3.2xlarge", 0.56)
    assert best.cost.on_demand == pytest.approx(0.56 * 3.06)


@pytest.mark.parametrize(
    ("hours", "text"), [(4.638, "4.64 h"), (1200.0, "1,200.00 h"), (0.0123, "0.012 h"), (None, "–")]
)
def test_hours_for_people(hours: float | None, text: str) -> None:
    assert costs.format_hours(hours) == text
