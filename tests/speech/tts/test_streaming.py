"""Clause threads to frames: order, look-ahead, cancel, the bound and failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.errors import TtsFailed
from speech.tts.streaming import ClauseStream, Framer, Render, Trim, resampled, resampled_pieces, runs_dry, trim
from speech.types import Samples

RATE_HZ = 8_000


def tone(ms: float) -> Samples:
    return np.full(int(RATE_HZ * ms / 1000), 0.5, np.float32)


async def test_frames_are_20_ms_and_only_the_last_is_shorter() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    frames = [
        frame async for frame in stream.frames([lambda: [tone(33), tone(20)], lambda: [], lambda: [tone(13), tone(5)]])
    ]
    assert [frame.start_ms for frame in frames] == [0, 20, 40, 60]
    assert [len(frame.pcm) for frame in frames] == [320, 320, 320, 176]
    stream.close()


async def test_closing_starts_no_further_clause() -> None:
    started: list[int] = []
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release = threading.Event()

    def clause(number: int) -> Iterator[Samples]:
        started.append(number)
        if number == 1:
            release.wait(5)
        yield tone(100)

    async with aclosing(cast(Any, stream.frames([lambda n=n: clause(n) for n in range(4)]))) as frames:
        await anext(frames)
    release.set()
    assert [frame.duration_ms async for frame in stream.frames([lambda: [tone(1)]])] == [1]  # the pool is free again
    assert started in ([0], [0, 1])
    stream.close()


async def test_cancelling_while_a_clause_is_in_work_frees_the_reader_at_once() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def clause() -> Iterator[Samples]:
        loop.call_soon_threadsafe(running.set)
        release.wait(5)
        yield tone(20)

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


async def test_a_new_sentence_goes_before_the_far_end_of_a_long_one() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    made: list[str] = []
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def long() -> Iterator[Samples]:
        for number in range(3):
            if number == 1:
                loop.call_soon_threadsafe(running.set)
                release.wait(5)
            made.append(f"long {number}")
            yield tone(60_000)

    def short() -> Iterator[Samples]:
        made.append("short")
        yield tone(20)

    async def said(render: Render) -> float:
        return sum([frame.duration_ms async for frame in stream.frames([render])])

    async with asyncio.TaskGroup() as group:
        first = group.create_task(said(long))
        await running.wait()
        second = group.create_task(said(short))
        await asyncio.sleep(0)  # the short sentence is submitted
        release.set()
    assert (first.result(), second.result()) == (180_000, 20)
    assert made == ["long 0", "long 1", "short", "long 2"]
    stream.close()


@pytest.mark.parametrize(("first_ms", "before_the_first_frame"), [(10, 2), (60_000, 1)])
async def test_a_first_piece_that_took_long_waits_for_the_second(first_ms: float, before_the_first_frame: int) -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release, never = threading.Event(), threading.Event()
    made = 0

    def slow() -> Iterator[Samples]:
        nonlocal made
        never.wait(0.03)  # the engine is busy for at least as long
        made += 1
        yield tone(first_ms)
        if before_the_first_frame == 1:
            release.wait(5)
        made += 1
        yield tone(100)

    async with aclosing(cast(Any, stream.frames([slow]))) as frames:
        assert (await anext(frames)).duration_ms == 20
        assert made == before_the_first_frame
        release.set()
        assert sum([frame.duration_ms async for frame in frames]) == first_ms + 100 - 20
    stream.close()


@pytest.mark.parametrize(("took_s", "audio_s", "waits"), [(0.03, 0.25, False), (0.1, 0.25, True), (0.5, 2.0, False)])
def test_when_the_listener_would_run_dry(took_s: float, audio_s: float, waits: bool) -> None:
    assert runs_dry(took_s, audio_s) == waits


async def test_more_than_the_bound_is_refused_and_the_place_is_given_back() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1, waiting=1)
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Iterator[Samples]:
        loop.call_soon_threadsafe(running.set)
        release.wait(5)
        yield tone(20)

    async def said(render: Render) -> float:
        return sum([frame.duration_ms async for frame in stream.frames([render])])

    first = asyncio.create_task(said(slow))
    await running.wait()
    with pytest.raises(TtsFailed, match="already wait"):
        await said(lambda: [tone(20)])
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    release.set()
    while True:  # the place is given back by the worker thread just after its result
        try:
            assert await said(lambda: []) == 0
            break
        except TtsFailed:
            await asyncio.sleep(0)
    stream.close()


async def test_what_an_engine_raises_becomes_a_typed_error_without_the_text() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)

    def broken() -> Iterator[Samples]:
        yield tone(20)
        raise ValueError("张三 13812345678")

    with pytest.raises(TtsFailed) as failed:
        assert [frame.start_ms async for frame in stream.frames([broken])] == []
    assert str(failed.value) == "test: synthesis failed (ValueError)"
    stream.close()
    with pytest.raises(TtsFailed, match="closed"):
        await anext(stream.frames([lambda: [tone(20)]]))


async def test_a_closed_voice_says_so_to_those_who_wait() -> None:
    stream = ClauseStream("test", RATE_HZ, workers=1)
    release, running = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Iterator[Samples]:
        loop.call_soon_threadsafe(running.set)
        release.wait(5)
        yield tone(20)

    async def said(render: Render) -> float:
        return sum([frame.duration_ms async for frame in stream.frames([render])])

    busy = asyncio.create_task(said(slow))
    await running.wait()
    waiting = asyncio.create_task(said(lambda: [tone(20)]))
    await asyncio.sleep(0)
    stream.close()
    release.set()
    for task in (waiting, busy):
        with pytest.raises(TtsFailed, match="closed"):
            await task


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


@given(
    st.lists(st.sampled_from([0.0, 0.005, 0.5]), max_size=40),
    st.lists(st.integers(0, 40), max_size=5),
    st.sampled_from([0, 1, 3]),
    st.sampled_from([0, 2, 50]),
)
def test_trim_is_the_same_however_the_sound_is_cut(
    levels: list[float], cuts: list[int], lead_ms: float, tail_ms: float
) -> None:
    samples = np.repeat(np.array(levels, np.float32), 8)
    pieces = Trim(RATE_HZ, lead_ms=lead_ms)
    said = [pieces.push(part) for part in np.split(samples, sorted(min(8 * cut, len(samples)) for cut in cuts))]
    together = np.concatenate([*said, pieces.finish(tail_ms)])
    loud = np.flatnonzero(samples > 0.01)
    if len(loud) == 0:
        assert len(together) == 0
        return
    tail = RATE_HZ * int(tail_ms) // 1000
    padded = np.pad(samples, (0, tail))
    start = max(0, loud[0] - RATE_HZ * int(lead_ms) // 1000)
    assert np.array_equal(together, padded[start : loud[-1] + 1 + tail])


def test_resampling_in_pieces_equals_one_run() -> None:
    samples = np.sin(np.arange(22_050) / 20).astype(np.float32)
    pieces = np.concatenate(list(resampled_pieces(np.split(samples, [3, 700, 9_000]), 22_050, 24_000)))
    whole = resampled(samples, 22_050, 24_000)
    assert abs(len(pieces) - len(whole)) <= 1
    shared = min(len(pieces), len(whole))
    assert np.max(np.abs(pieces[:shared] - whole[:shared])) < 1e-4
