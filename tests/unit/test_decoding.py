"""Decoding: pictures as large as allowed wait for each other, small ones go past."""

import asyncio
import threading
import time

import numpy as np
import pytest
from bundle_factory import bundle_config

from emailimg import images
from emailimg.config import ImageConfig
from emailimg.errors import ImageError
from serve_app.decoding import Decoder

LIMITS = bundle_config().images.model_copy(update={"max_pixels": 64 * 64})


def picture(side: int) -> bytes:
    return images.encode_png(np.zeros((side, side, 3), np.uint8))


class Busy:
    """Notes which pictures are decoded at the same time."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self._lock = threading.Lock()

    def decode(self, data: bytes, limits: ImageConfig) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self._lock:
            self.now -= 1
        return len(data)


@pytest.mark.parametrize(("side", "at_once"), [(64, 1), (46, 1), (45, 2), (16, 4)])
def test_no_more_pixels_at_a_time_than_one_picture_may_have(side: int, at_once: int):
    busy, data = Busy(), picture(side)

    async def decode_four() -> list[int]:
        decoder = Decoder()
        return await asyncio.gather(
            *(decoder.run(busy.decode, data, limits=LIMITS) for _ in range(4))
        )

    assert asyncio.run(decode_four()) == [len(data)] * 4
    assert busy.most <= at_once if side > 16 else busy.most > 1


def test_a_small_picture_goes_past_the_largest():
    large, small = picture(64), picture(16)
    is_done = threading.Event()

    def decode(data: bytes, limits: ImageConfig) -> bool:
        """The large one waits for the small one."""
        if data == small:
            is_done.set()
        return is_done.wait(10)

    async def decode_both() -> list[bool]:
        decoder = Decoder()
        return await asyncio.gather(
            *(decoder.run(decode, data, limits=LIMITS) for data in (large, small))
        )

    assert asyncio.run(decode_both()) == [True, True]


def test_whoever_gives_up_leaves_the_room_taken_until_the_thread_is_done():
    busy, data = Busy(), picture(64)

    async def give_up_and_ask_again() -> None:
        decoder = Decoder()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await decoder.run(busy.decode, data, limits=LIMITS)
        await decoder.run(busy.decode, data, limits=LIMITS)

    asyncio.run(give_up_and_ask_again())
    assert busy.most == 1


def test_failures_make_room_again():
    async def fail_twice() -> None:
        decoder, whole = Decoder(), picture(64)
        for data, reason in ((whole[:-30], "truncated"), (picture(65), "too_many_pixels")):
            with pytest.raises(ImageError) as caught:
                await decoder.run(images.decode, data, limits=LIMITS)
            assert caught.value.reason == reason
        pixels = await decoder.run(images.decode, whole, limits=LIMITS)
        assert pixels.shape == (64, 64, 3)

    asyncio.run(fail_twice())
