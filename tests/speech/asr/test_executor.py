from __future__ import annotations

import asyncio
import threading

import pytest

from speech.asr.executor import BoundedExecutor
from speech.errors import AsrFailed, AsrOverloaded


async def test_a_full_queue_refuses_at_once_and_partials_are_refused_first() -> None:
    executor, release = BoundedExecutor(1, 1, "test"), threading.Event()
    running = asyncio.ensure_future(executor.run(release.wait))
    await asyncio.sleep(0)
    with pytest.raises(AsrOverloaded):
        await executor.run(lambda: 1, only_if_idle=True)
    waiting = asyncio.ensure_future(executor.run(lambda: 2))
    await asyncio.sleep(0)
    with pytest.raises(AsrOverloaded):
        await executor.run(lambda: 3)
    release.set()
    assert await running
    assert await waiting == 2
    assert await executor.run(lambda: 4, only_if_idle=True) == 4
    executor.close()


async def test_a_cancelled_call_that_waits_never_runs_and_makes_room() -> None:
    executor, release, ran = BoundedExecutor(1, 1, "test"), threading.Event(), []
    running = asyncio.ensure_future(executor.run(release.wait))
    waiting = asyncio.ensure_future(executor.run(lambda: ran.append("cancelled")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other = asyncio.ensure_future(executor.run(lambda: ran.append("other")))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(running, other)
    executor.close()
    assert ran == ["other"]


async def test_the_late_result_of_a_cancelled_call_is_dropped() -> None:
    executor, began, release = BoundedExecutor(1, 0, "test"), threading.Event(), threading.Event()

    def call() -> None:
        began.set()
        release.wait()

    running = asyncio.ensure_future(executor.run(call))
    await asyncio.to_thread(began.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(AsrOverloaded):  # the thread is still at it
        await executor.run(lambda: 1)
    release.set()
    await asyncio.to_thread(executor.close)


async def test_errors_come_through_and_closed_is_an_error() -> None:
    executor = BoundedExecutor(1, 0, "test")
    with pytest.raises(ZeroDivisionError):
        await executor.run(lambda: 1 // 0)
    executor.close()
    with pytest.raises(AsrFailed, match="closed"):
        await executor.run(lambda: 1)
