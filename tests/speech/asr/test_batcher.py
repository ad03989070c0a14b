from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from speech.asr.batcher import Batcher
from speech.asr.overload import AsrCounts, OverloadPolicy
from speech.errors import AsrFailed, AsrOverloaded


@dataclass(slots=True)
class Decoding:
    """A model that answers in upper case, one permit a batch."""

    permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    batches: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)

    def __call__(self, items: Sequence[str], greedy: bool) -> list[str]:
        self.batches.append((tuple(items), greedy))
        self.began.release()
        self.permits.acquire()
        if "bad" in items:
            raise ZeroDivisionError
        return [item.upper() for item in items]

    def go(self, batches: int = 100) -> None:
        self.permits.release(batches)

    async def has_begun(self) -> None:
        await asyncio.to_thread(self.began.acquire)


def batcher(
    decoding: Decoding,
    *,
    workers: int = 1,
    queue: int = 16,
    greedy_above: int = 16,
    batch_size: int = 4,
    batch_wait_ms: float = 0,
    counts: AsrCounts | None = None,
) -> Batcher[str, str]:
    policy = OverloadPolicy(workers, queue, greedy_above)
    return Batcher(decoding, policy, batch_size=batch_size, batch_wait_ms=batch_wait_ms, observe=counts)


async def start(which: Batcher[str, str], item: str, seconds: float = 1, *, partial: bool = False) -> asyncio.Task[str]:
    run = which.run(item, speech_ms=seconds * 1000, group=round(seconds), partial=partial)
    task = asyncio.ensure_future(run)
    await asyncio.sleep(0)
    return task


async def test_an_idle_worker_starts_at_once_and_what_waits_is_decoded_together() -> None:
    decoding, counts = Decoding(), AsrCounts()
    asr = batcher(decoding, batch_wait_ms=60_000, batch_size=3, counts=counts)
    first = await start(asr, "a")
    await decoding.has_begun()
    others = [await start(asr, item) for item in "bcd"]
    decoding.go()
    assert await asyncio.gather(first, *others) == ["A", "B", "C", "D"]
    await asyncio.to_thread(asr.close)
    assert decoding.batches == [(("a",), False), (("b", "c", "d"), False)]
    assert counts.batches == {1: 1, 3: 1}
    assert counts.most_waiting == 3
    assert asr.load == 0


async def test_a_worker_that_becomes_free_waits_a_moment_for_company() -> None:
    decoding = Decoding()
    asr = batcher(decoding, batch_size=2, batch_wait_ms=60_000)
    first = await start(asr, "a")
    await decoding.has_begun()
    second = await start(asr, "b")
    decoding.go()
    assert await first == "A"
    third = await start(asr, "c")
    assert await asyncio.gather(second, third) == ["B", "C"]
    await asyncio.to_thread(asr.close)
    assert decoding.batches[1:] == [(("b", "c"), False)]


async def test_only_one_length_is_decoded_together_and_the_shortest_first() -> None:
    decoding = Decoding()
    asr = batcher(decoding)
    tasks = [await start(asr, "running")]
    await decoding.has_begun()
    tasks += [await start(asr, "long", 9), await start(asr, "short", 1), await start(asr, "brief", 1)]
    decoding.go()
    assert await asyncio.gather(*tasks) == ["RUNNING", "LONG", "SHORT", "BRIEF"]
    await asyncio.to_thread(asr.close)
    assert [items for items, _ in decoding.batches] == [("running",), ("short", "brief"), ("long",)]


async def test_utterances_that_come_together_are_spread_over_idle_workers() -> None:
    decoding = Decoding()
    asr = batcher(decoding, workers=2)
    tasks = [await start(asr, item) for item in "ab"]
    await decoding.has_begun()
    await decoding.has_begun()
    decoding.go()
    await asyncio.gather(*tasks)
    await asyncio.to_thread(asr.close)
    assert sorted(items for items, _ in decoding.batches) == [("a",), ("b",)]


async def test_under_load_partials_go_first_then_the_beam_then_admission() -> None:
    decoding, counts = Decoding(), AsrCounts()
    asr = batcher(decoding, queue=3, greedy_above=1, batch_size=2, counts=counts)
    running = await start(asr, "a")
    await decoding.has_begun()
    with pytest.raises(AsrOverloaded):
        await asr.run("partial", speech_ms=1000, group=1, partial=True)
    waiting = [await start(asr, item) for item in "bcd"]
    assert asr.load == 1
    with pytest.raises(AsrOverloaded, match="3 utterances wait"):
        await asr.run("e", speech_ms=1000, group=1)
    rest = asyncio.ensure_future(asr.run("rest", speech_ms=1000, group=1, admitted=True))
    await asyncio.sleep(0)
    decoding.go()
    assert await asyncio.gather(running, *waiting, rest) == ["A", "B", "C", "D", "REST"]
    await asyncio.to_thread(asr.close)
    assert decoding.batches == [(("a",), False), (("b", "c"), True), (("d", "rest"), True)]
    assert (counts.partials_shed, counts.beams_shed, counts.finals_shed) == (1, 4, 1)


async def test_partials_and_finals_are_not_mixed_and_a_partial_runs_when_idle() -> None:
    decoding = Decoding()
    asr = batcher(decoding, workers=3)
    tasks = [await start(asr, "p", partial=True), await start(asr, "q", partial=True)]
    tasks.append(await start(asr, "f"))
    decoding.go()
    assert await asyncio.gather(*tasks) == ["P", "Q", "F"]
    await asyncio.to_thread(asr.close)


async def test_a_cancelled_call_that_waits_never_runs_and_makes_room() -> None:
    decoding = Decoding()
    asr = batcher(decoding, queue=1)
    running = await start(asr, "running")
    await decoding.has_begun()
    waiting = await start(asr, "cancelled")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other = await start(asr, "other")
    decoding.go()
    await asyncio.gather(running, other)
    await asyncio.to_thread(asr.close)
    assert [items for items, _ in decoding.batches] == [("running",), ("other",)]


async def test_the_late_result_of_a_cancelled_call_is_dropped() -> None:
    decoding = Decoding()
    asr = batcher(decoding, queue=0)
    running = await start(asr, "a")
    await decoding.has_begun()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(AsrOverloaded):  # the thread is still at it
        await asr.run("b", speech_ms=1000, group=1)
    decoding.go()
    await asyncio.to_thread(asr.close)


async def test_an_utterance_that_breaks_the_model_fails_alone() -> None:
    decoding = Decoding()
    asr = batcher(decoding)
    first = await start(asr, "a")
    await decoding.has_begun()
    bad, good = await start(asr, "bad"), await start(asr, "good")
    decoding.go()
    assert await good == "GOOD"
    with pytest.raises(ZeroDivisionError):
        await bad
    assert await first == "A"
    await asyncio.to_thread(asr.close)


async def test_closing_fails_what_waits_and_lets_what_runs_end() -> None:
    decoding = Decoding()
    asr = batcher(decoding)
    running = await start(asr, "running")
    await decoding.has_begun()
    waiting = await start(asr, "waiting")
    closing = asyncio.ensure_future(asyncio.to_thread(asr.close))
    with pytest.raises(AsrFailed, match="closed"):
        await waiting
    decoding.go()
    assert await running == "RUNNING"
    await closing
    with pytest.raises(AsrFailed, match="closed"):
        await asr.run("late", speech_ms=1000, group=1)


async def test_whoever_comes_straight_back_finds_the_worker_free() -> None:
    decoding = Decoding()
    decoding.go(1000)
    asr = batcher(decoding)
    for _ in range(200):
        assert await asr.run("a", speech_ms=1000, group=1, partial=True) == "A"
    await asyncio.to_thread(asr.close)


async def test_many_from_many_threads_each_get_their_own_answer() -> None:
    decoding = Decoding()
    decoding.go(1000)
    asr = batcher(decoding, workers=3, queue=500)

    async def ask(first: int) -> list[str]:
        tasks = [await start(asr, f"a{first + n}", seconds=1 + n % 3) for n in range(50)]
        for task in tasks[::7]:
            task.cancel()
        return [str(answer) for answer in await asyncio.gather(*tasks, return_exceptions=True)]

    answers = await asyncio.gather(*(asyncio.to_thread(asyncio.run, ask(100 * n)) for n in range(4)))
    await asyncio.to_thread(asr.close)
    for n, heard in enumerate(answers):
        assert all(answer in {f"A{100 * n + at}", ""} for at, answer in enumerate(heard))
        assert sum(bool(answer) for answer in heard) >= 42
    assert asr.load == 0


async def test_a_closed_recogniser_does_not_wait_for_company() -> None:
    decoding = Decoding()
    asr = batcher(decoding, batch_size=2, batch_wait_ms=60_000)
    first = await start(asr, "a")
    await decoding.has_begun()
    second = await start(asr, "b")
    decoding.go()
    assert await first == "A"
    closing = asyncio.to_thread(asr.close)
    await closing
    with pytest.raises(AsrFailed):
        await second
