"""Batches: nobody waits while there is nothing to do, and a batch is what came meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from serve_app.batching import Batches


class Doubling:
    """Doubles numbers when it is let, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, batch: list[int]) -> list[int]:
        self.batches.append(batch)
        await self.may_go_on.wait()
        if -1 in batch:
            raise ValueError("no negative numbers")
        return [2 * number for number in batch]


def run(
    scenario: Callable[[Doubling, Batches[int, int]], Awaitable[None]], most: int = 3
) -> list[list[int]]:
    async def whole() -> list[list[int]]:
        doubling = Doubling()
        await scenario(doubling, Batches(doubling, most))
        return doubling.batches

    return asyncio.run(whole())


async def after_a_moment() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_first_goes_at_once_and_those_who_come_meanwhile_go_together() -> None:
    async def scenario(doubling: Doubling, batches: Batches[int, int]) -> None:
        first = asyncio.create_task(batches.ask(1))
        await after_a_moment()
        assert doubling.batches == [[1]], "it does not wait for company"
        others = [asyncio.create_task(batches.ask(number)) for number in (2, 3, 4, 5)]
        await after_a_moment()
        assert doubling.batches == [[1]], "one batch at a time"
        doubling.may_go_on.set()
        assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]

    assert run(scenario) == [[1], [2, 3, 4], [5]]


def test_a_failure_is_of_the_one_that_fails() -> None:
    async def scenario(doubling: Doubling, batches: Batches[int, int]) -> None:
        doubling.may_go_on.set()
        found = await asyncio.gather(
            *(batches.ask(number) for number in (1, -1, 2, 3)), return_exceptions=True
        )
        assert [str(one) for one in found] == ["2", "no negative numbers", "4", "6"]
        assert await batches.ask(5) == 10

    assert run(scenario) == [[1, -1, 2], [1], [-1], [2], [3], [5]]


def test_who_gave_up_is_not_computed() -> None:
    async def scenario(doubling: Doubling, batches: Batches[int, int]) -> None:
        first = asyncio.create_task(batches.ask(1))
        await after_a_moment()
        late, other = (asyncio.create_task(batches.ask(number)) for number in (2, 3))
        await after_a_moment()
        late.cancel()
        await after_a_moment()
        doubling.may_go_on.set()
        assert await asyncio.gather(first, other) == [2, 6]
        with pytest.raises(asyncio.CancelledError):
            await late

    assert run(scenario) == [[1], [3]]


def test_who_gives_up_while_it_is_computed_leaves_the_others_theirs() -> None:
    async def scenario(doubling: Doubling, batches: Batches[int, int]) -> None:
        one, other = (asyncio.create_task(batches.ask(number)) for number in (1, 2))
        await after_a_moment()
        one.cancel()
        await after_a_moment()
        doubling.may_go_on.set()
        assert await other == 4
        assert await batches.ask(3) == 6

    assert run(scenario) == [[1, 2], [3]]
