"""Answering several requests at once: what is asked while a batch is computed is the next batch.

Serve's own `@serve.batch` closes a batch before the one in front of it has ended (ray 2.60): it
either holds up every request to wait for company, or makes batches of one. Here nobody waits while
there is nothing to do, and the batches grow with the load.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_Asked = tuple[Item, asyncio.Future[Result]]


class Batches(Generic[Item, Result]):
    """Calls `compute` with up to `most` items, one batch at a time, in the order of the calls."""

    def __init__(
        self, compute: Callable[[list[Item]], Awaitable[Sequence[Result]]], most: int
    ) -> None:
        self._compute = compute
        self._most = most
        self._waiting: deque[_Asked[Item, Result]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Result:
        """The item's result; raises what `compute` raised for it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while batch := self._next():
                await self._answer(batch)
        finally:
            self._running = None

    def _next(self) -> list[_Asked[Item, Result]]:
        """Those who wait longest, less who has given up."""
        batch: list[_Asked[Item, Result]] = []
        while self._waiting and len(batch) < self._most:
            item, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((item, answer))
        return batch

    async def _answer(self, batch: list[_Asked[Item, Result]]) -> None:
        try:
            results = await self._compute([item for item, _ in batch])
        except Exception as error:
            await self._apart(batch, error)
            return
        for (_, answer), result in zip(batch, results, strict=True):
            if not answer.done():
                answer.set_result(result)

    async def _apart(self, batch: list[_Asked[Item, Result]], error: Exception) -> None:
        """One item must not take the others with it: each is tried alone."""
        if len(batch) > 1:
            for one in batch:
                await self._answer([one])
            return
        [(_, answer)] = batch
        if not answer.done():
            answer.set_exception(error)
