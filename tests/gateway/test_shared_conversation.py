"""One conversation in two workers: each knows what the other did, turns are taken one at a time, nothing is lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dialogue.store import PendingAction
from dialogue.types import ActionRunner, ActionStarted, CustomerSaid, Reply, Said, Turn
from gateway.conversation import Conversation
from gateway.conversations import Conversations
from gateway.core import Core
from gateway.events import ReplyOut
from tests.fakes_core import House, Item, cancel_action
from tests.virtual_time import virtual_time


class Locks:
    """Turn locks of two workers in one process."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def held(self, conversation_id: str) -> AsyncIterator[None]:
        async with self._locks[conversation_id]:
            yield


async def in_two_workers(house: House, body: Callable[[Conversations, Conversations], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as background:
        core: Core = replace(house.core(background), turn_locks=Locks())
        await body(Conversations(core), Conversations(core))


async def open_in(worker: Conversations) -> Conversation:
    return await worker.get("rest-a", customer_id=None, channel="rest")


async def texts(conversation: Conversation, text: str) -> list[str]:
    turn = conversation.take_turn(text, modality="text", channel="rest")
    return [item.reply.text async for item in turn if isinstance(item, ReplyOut)]


def customer_words(conversation: Conversation) -> list[str]:
    return [line.text for line in conversation.state.history if line.role == "customer"]


@virtual_time
async def test_turns_that_alternate_between_workers_are_one_conversation() -> None:
    house = House()

    async def body(one: Conversations, other: Conversations) -> None:
        for number in range(6):
            await texts(await open_in((one, other)[number % 2]), str(number))
        last = await open_in(one)
        assert customer_words(last) == [str(number) for number in range(6)]
        assert last.state == (await open_in(other)).state

    await in_two_workers(house, body)
    assert [turn.turn_id for turn in house.responder.turns] == [1, 2, 3, 4, 5, 6]


@virtual_time
async def test_two_workers_take_turns_of_one_conversation_one_after_the_other() -> None:
    house = House()
    running = most = 0

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        yield Reply(turn.turn_id, turn.text, "zh", is_last=True)
        running -= 1

    house.responder.answer = answer

    async def body(one: Conversations, other: Conversations) -> None:
        doors = [await open_in(one), await open_in(other)]
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(texts(doors[number % 2], str(number)))
        assert sorted(customer_words(await open_in(one))) == [str(number) for number in range(6)]
        assert (await open_in(one)).state == (await open_in(other)).state

    await in_two_workers(house, body)
    assert most == 1
    said = [event.turn.turn_id for event in house.store.events if isinstance(event, CustomerSaid)]
    assert said == [1, 2, 3, 4, 5, 6]


@virtual_time
async def test_events_between_turns_are_put_in_the_stored_order() -> None:
    """What a voice session hears late, and the end of a WRITE, are stored without a turn."""
    house = House()

    async def body(one: Conversations, other: Conversations) -> None:
        here, there = await open_in(one), await open_in(other)
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task((here, there)[number % 2].heard(0, str(number), complete=True))
        await here.catch_up()
        await there.catch_up()
        assert here.state == there.state
        assert len(here.state.history) == 10
        assert here.next_turn_id() == 1

    await in_two_workers(house, body)


@virtual_time
async def test_a_worker_whose_store_was_away_tells_what_it_kept_and_learns_the_rest() -> None:
    house = House()

    async def body(one: Conversations, other: Conversations) -> None:
        here, there = await open_in(one), await open_in(other)
        house.store.away = True
        assert await texts(here, "一")
        assert await texts(there, "二"), "a turn is answered all the same"
        house.store.away = False
        await asyncio.sleep(3)
        await here.catch_up()
        await there.catch_up()
        assert sorted(customer_words(here)) == sorted(customer_words(there)) == ["一", "二"]
        assert here.state == there.state

    await in_two_workers(house, body)


@virtual_time
async def test_alone_the_store_is_not_asked() -> None:
    house = House()
    asked: list[str] = []
    read_on = house.store.read_on

    async def counted(conversation_id, known):  # type: ignore[no-untyped-def]
        asked.append(conversation_id)
        return await read_on(conversation_id, known)

    house.store.read_on = counted  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as background:
        alone = Conversations(house.core(background))
        for text in "一二三":
            await texts(await open_in(alone), text)
    assert asked == ["rest-a"]
    assert len([event for event in house.store.events if isinstance(event, Said)]) == 6


@virtual_time
async def test_a_worker_that_comes_back_leaves_the_writes_of_the_living_alone() -> None:
    house = House()
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for age_s in (5, 60):
        action = cancel_action(f"rest-{age_s}:1")
        house.store.pending.append(PendingAction(f"rest-{age_s}", action, now - timedelta(seconds=age_s)))
        await house.store.append(f"rest-{age_s}", [ActionStarted(action)])
    async with asyncio.TaskGroup() as background:
        conversations = Conversations(house.core(background))
        assert await conversations.recover(began_before=now - timedelta(seconds=30)) == 1
    assert house.shop.cancelled == ["rest-60:1"]
