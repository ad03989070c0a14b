"""Clause threads to frames: order, look-ahead, cancel, the bound and failures."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import Any, cast

import numpy as np
import pytest

from speech.errors import TtsFailed
from speech.tts.streaming import ClauseStream, Framer, trim
from speech.types import Samples

RATE_HZ = 8_000


def tone(ms: float) -> Samples:
    return np.full(int(RATE_HZ * ms / 1000), 0.5, np.float32)


async def test_frames_are_20_ms_and_only_the_last_is_shorter() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    frames = [frame async for frame in stream.frames([lambda: tone(33), lambda: tone(33), lambda: tone(5)])]
    assert [frame.start_ms for frame in frames] == [0, 20, 40, 60]
    assert [len(frame.pcm) for frame in frames] == [320, 320, 320, 176]
    stream.close()


async def test_closing_starts_no_further_clause() -> None:
    started: list[int] = []
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release = threading.Event()

    def clause(number: int) -> Samples:
        started.append(number)
        if number == 1:
            release.wait(5)
        return tone(100)

    async with aclosing(cast(Any, stream.frames([lambda n=n: clause(n) for n in range(4)]))) as frames:
        await anext(frames)
    release.set()
    assert len(await stream.run(lambda: tone(1))) == 8  # the pool is free again
    assert started in ([0], [0, 1])
    stream.close()


async def test_cancelling_while_a_clause_is_in_work_frees_the_reader_at_once() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def clause() -> Samples:
        loop.call_soon_threadsafe(running.set)
        release.wait(5)
        return tone(20)

    async def read() -> None:
        async for _ in stream.frames([clause, clause]):
            pytest.fail("no frame can be ready")

    reader = asyncio.create_task(read())
    await running.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    release.set()
    stream.close()


async def test_more_than_the_bound_is_refused_and_the_place_is_given_back() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1, waiting=1)
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Samples:
        loop.call_soon_threadsafe(running.set)
        release.wait(5)
        return tone(20)

    first = asyncio.create_task(stream.run(slow))
    await running.wait()
    with pytest.raises(TtsFailed, match="already wait"):
        await stream.run(lambda: tone(20))
    release.set()
    await first
    while True:  # the place is given back by the worker thread just after its result
        try:
            assert len(await stream.run(lambda: tone(20))) == 160
            break
        except TtsFailed:
            await asyncio.sleep(0)
    stream.close()


async def test_what_an_engine_raises_becomes_a_typed_error_without_the_text() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)

    def broken() -> Samples:
        raise ValueError("张三 13812345678")

    with pytest.raises(TtsFailed) as failed:
        await stream.run(broken)
    assert str(failed.value) == "test: synthesis failed (ValueError)"
    stream.close()
    with pytest.raises(TtsFailed, match="closed"):
        await stream.run(lambda: tone(20))


def test_trim_keeps_the_asked_silence() -> None:
    samples = np.concatenate([np.zeros(800, np.float32), tone(100), np.zeros(80, np.float32)])
    cut = trim(samples, RATE_HZ, lead_ms=20, tail_ms=50)
    assert len(cut) == RATE_HZ * (20 + 100 + 50) // 1000
    assert len(trim(np.zeros(100, np.float32), RATE_HZ, lead_ms=20, tail_ms=20)) == 0


def test_framer_flushes_nothing_twice() -> None:
    framer = Framer(RATE_HZ)
    assert list(framer.push(tone(10))) == []
    assert [frame.duration_ms for frame in framer.flush()] == [10]
    assert list(framer.flush()) == []
