"""One answer in virtual time: shown, spoken, remembered as heard, and what it asks for after its last word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from dialogue.types import Reply, ReplyAction
from gateway import events as ev
from gateway import log
from gateway.answer import Speaker
from gateway.giving import Answer, Giving, SessionEnded
from gateway.manners import Manners
from gateway.message import Message
from gateway.outbox import Outbox
from gateway.playout import ReportedPlayout
from tests.fakes_core import House
from tests.virtual_time import virtual_time

QUESTION = Message("我的订单什么时候到", 0.0)


async def said(*replies: Reply) -> AsyncGenerator[Reply]:
    for reply in replies:
        yield reply


async def given(
    house: House, answer: Answer, *own: Reply, speak: bool = True, manners: Manners | None = None
) -> list[ev.Outbound]:
    """What the channel gets of ``answer``: to its message, or the words of our ``own``."""
    async with asyncio.TaskGroup() as background:
        services = house.services(house.core(background))
        assert services.voice is not None
        conversation = house.conversation(services.conversations.core)
        outbox, playout = Outbox(), ReportedPlayout(services.clock)
        start = ev.Start(speak=speak)
        speaker = Speaker(services.voice, playout, outbox, start.output_rate_hz)
        giving = Giving(services, conversation, outbox, start, manners or Manners(), speaker, playout, log.logger())
        try:
            async with asyncio.TaskGroup() as group:
                giving.join(group)
                giving.give(answer, said(*own) if answer.message is None else giving.replies(answer.message, answer))
        finally:
            await outbox.close()
        return [event async for event in outbox]


def kinds(events: list[ev.Outbound]) -> list[type[ev.Outbound]]:
    return list(dict.fromkeys(type(event) for event in events))


@virtual_time
async def test_words_are_shown_before_they_are_spoken_and_remembered_when_they_were_heard() -> None:
    house, answer = House(), Answer(QUESTION)
    order = [ev.UnderstoodOut, ev.ReplyOut, ev.AudioStart, ev.Caption, ev.AudioOut, ev.Latency, ev.AudioEnd]
    assert kinds(await given(house, answer)) == order
    assert answer.understood
    assert house.said == [(" ".join(house.responder.replies), True)]


@virtual_time
async def test_without_speech_the_words_are_the_answer() -> None:
    house, answer = House(), Answer(QUESTION)
    assert kinds(await given(house, answer, speak=False)) == [ev.UnderstoodOut, ev.ReplyOut, ev.Latency]
    assert answer.speaking is None
    assert house.said == [(text, True) for text in house.responder.replies]


@virtual_time
async def test_words_of_our_own_have_no_latency() -> None:
    events = await given(House(), Answer(None), Reply(1, "您好。", "zh", is_last=True))
    assert ev.AudioEnd in kinds(events)
    assert ev.Latency not in kinds(events)


@pytest.mark.parametrize(("action", "reason"), [(ReplyAction.HANG_UP, "goodbye"), (ReplyAction.TRANSFER, "transfer")])
@pytest.mark.parametrize("speak", [True, False])
@virtual_time
async def test_the_last_words_may_end_the_session(speak: bool, action: ReplyAction, reason: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await given(House(), Answer(None), Reply(1, "再见。", "zh", is_last=True, action=action), speak=speak)
    (left,) = _leaves(caught.value)
    assert (type(left), str(left)) == (SessionEnded, reason)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


@virtual_time
async def test_a_client_that_may_not_interrupt_hears_it_all() -> None:
    answer = Answer(None)
    await given(House(), answer, Reply(1, "您好。", "zh", is_last=True), manners=Manners(interruptible=False))
    assert not answer.script.is_interruptible(0)
