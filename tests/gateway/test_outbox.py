"""The queue to a client: in order, bounded, a slow reader is let go, a cleared turn's audio never leaves."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from dialogue.types import Reply
from gateway.events import AudioEnd, AudioOut, AudioStart, Caption, Clear, Outbound, Pong, ReplyOut
from gateway.outbox import Outbox, SlowReader
from tests.virtual_time import virtual_time


async def drain(outbox: Outbox) -> list[Outbound]:
    await outbox.close()
    return [event async for event in outbox]


async def first(outbox: Outbox) -> Outbound:
    async with aclosing(aiter(outbox)) as events:  # type: ignore[type-var]
        return await anext(events)


@virtual_time
async def test_events_leave_in_order() -> None:
    outbox = Outbox()
    for n in range(3):
        await outbox.put(Pong(n))
    assert await drain(outbox) == [Pong(0), Pong(1), Pong(2)]


@virtual_time
async def test_a_reader_waits_for_events_and_ends_when_closed() -> None:
    outbox = Outbox()
    reading = asyncio.create_task(first(outbox))
    await asyncio.sleep(60)
    assert not reading.done()
    await outbox.put(Pong(1))
    assert await reading == Pong(1)
    ending = asyncio.create_task(drain(outbox))
    assert await ending == []


@virtual_time
async def test_a_full_queue_waits_for_the_reader() -> None:
    outbox = Outbox()
    for n in range(256):
        await outbox.put(Pong(n))
    waiting = asyncio.create_task(outbox.put(Pong(256)))
    await asyncio.sleep(5)
    assert not waiting.done()
    assert await first(outbox) == Pong(0)
    await waiting
    assert (await drain(outbox))[-1] == Pong(256)


@virtual_time
async def test_a_reader_that_takes_nothing_is_let_go() -> None:
    outbox = Outbox()
    for n in range(256):
        await outbox.put(Pong(n))
    began = asyncio.get_running_loop().time()
    with pytest.raises(SlowReader):
        await outbox.put(Pong(256))
    assert asyncio.get_running_loop().time() - began == 10
    assert len(await drain(outbox)) == 256


@virtual_time
async def test_closing_frees_whoever_waits() -> None:
    outbox = Outbox()
    for n in range(256):
        await outbox.put(Pong(n))
    waiting = asyncio.create_task(outbox.put(Pong(256)))
    await asyncio.sleep(0)
    await outbox.close()
    await waiting


@virtual_time
async def test_a_cut_turn_loses_its_audio_and_keeps_its_words() -> None:
    outbox = Outbox()
    words = ReplyOut(Reply(1, "一", "zh"))
    later = AudioStart(1, 24000, play=2)
    for event in (
        words, AudioStart(1, 24000, 1), Caption(1, 0, "一", 0.0, 1), AudioOut(1, 0, b"\0\0", 1), AudioEnd(1, 1.0, 1)
    ):  # fmt: skip
        await outbox.put(event)
    await outbox.clear(1, 1)
    await outbox.put(AudioOut(1, 0, b"\2\0", 1))
    await outbox.put(later)
    assert await drain(outbox) == [Clear(1), words, later], "what is put late of a cleared play is dropped too"


@virtual_time
async def test_a_clear_frees_whoever_waits_and_needs_no_room() -> None:
    outbox = Outbox()
    for _ in range(256):
        await outbox.put(AudioOut(1, 0, b"\0\0", 3))
    waiting = asyncio.create_task(outbox.put(Pong(1)))
    await asyncio.sleep(0)
    await outbox.clear(1, 3)
    await waiting
    assert await drain(outbox) == [Clear(1), Pong(1)]


@virtual_time
async def test_cancelling_a_put_puts_nothing() -> None:
    outbox = Outbox()
    for n in range(256):
        await outbox.put(Pong(n))
    waiting = asyncio.create_task(outbox.put(Pong(999)))
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert Pong(999) not in await drain(outbox)


@virtual_time
async def test_audio_that_waits_together_leaves_as_one_message() -> None:
    outbox = Outbox()
    for n in range(12):
        await outbox.put(AudioOut(1, 0, n.to_bytes(2, "little") * 480))
    messages = await drain(outbox)
    assert [len(message.pcm) for message in messages if isinstance(message, AudioOut)] == [9600, 1920]
    assert b"".join(message.pcm for message in messages if isinstance(message, AudioOut)) == b"".join(
        n.to_bytes(2, "little") * 480 for n in range(12)
    )


@virtual_time
async def test_audio_is_not_joined_across_turns_sentences_plays_or_other_events() -> None:
    outbox = Outbox()
    events = [AudioOut(1, 0, b"1"), AudioOut(1, 1, b"2"), AudioOut(2, 1, b"3"), AudioOut(2, 1, b"4", play=1)]
    events += [AudioOut(2, 1, b"5", play=1)]
    for event in events[:4]:
        await outbox.put(event)
    await outbox.put(Pong(1))
    await outbox.put(events[4])
    assert await drain(outbox) == [*events[:4], Pong(1), events[4]]


@virtual_time
async def test_the_first_audio_waits_for_no_more() -> None:
    outbox = Outbox()
    reading = asyncio.create_task(first(outbox))
    await asyncio.sleep(0)
    await outbox.put(AudioOut(1, 0, b"1"))
    assert await reading == AudioOut(1, 0, b"1")


@virtual_time
async def test_a_burst_lets_others_have_their_turn() -> None:
    outbox, turns, sent = Outbox(), 0, []

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> None:
        sent.extend([event async for event in outbox])

    other, reading = asyncio.create_task(somebody_else()), asyncio.create_task(read())
    for _ in range(200):
        await outbox.put(AudioOut(1, 0, bytes(960)))
    assert turns > 20
    other.cancel()
    await outbox.close()
    await asyncio.wait([other, reading])
    assert [len(event.pcm) for event in sent if isinstance(event, AudioOut)] == [8 * 960] * 25
