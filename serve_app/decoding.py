"""Decoding in threads, with a bound on the pixels that are decoded at the same time.

A WebP of 34 bytes can have 50 million pixels, and takes 1.6 GB while it is decoded. As many of
those as there are threads would end the replica; so they wait for each other. Small pictures, which
is nearly all, go past them: as many as there are threads have few pixels together.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from emailimg import images
from emailimg.config import ImageConfig

Result = TypeVar("Result")

_SMALL = 1 / 16  # of the most pixels that a picture may have


class Decoder:
    """Runs what decodes a picture; one of the largest at a time, or several with as many pixels."""

    def __init__(self) -> None:
        self._taken = 0
        self._changed = asyncio.Condition()

    async def run(
        self, work: Callable[..., Result], data: bytes, *args: Any, limits: ImageConfig
    ) -> Result:
        """`work(data, *args, limits)` in a thread; raises ImageError, as `images.decode` does."""
        _, width, height = images.probe(data, limits)  # reads the header: no work for a thread
        decoding = self._hold(width * height, limits.max_pixels, lambda: work(data, *args, limits))
        # Shielded: a thread cannot be ended, and takes its memory also when nobody waits any more.
        return await asyncio.shield(asyncio.ensure_future(decoding))

    async def _hold(self, pixels: int, most: int, work: Callable[[], Result]) -> Result:
        if pixels <= _SMALL * most:
            return await asyncio.to_thread(work)
        async with self._changed:
            await self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= most)
            self._taken += pixels
        try:
            return await asyncio.to_thread(work)
        finally:
            async with self._changed:
                self._taken -= pixels
                self._changed.notify_all()
