"""Turns one at a time, WRITEs that outlive everything, events that are never lost, one conversation for an id."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from dialogue.errors import ShopUnavailable
from dialogue.shop.types import Order
from dialogue.store import PendingAction
from dialogue.types import (
    ActionFinished,
    ActionRunner,
    ActionStarted,
    CustomerIdentified,
    CustomerSaid,
    DialogueEvent,
    Reply,
    Turn,
)
from gateway.conversation import Conversation
from gateway.conversations import Conversations
from gateway.core import Core, Hops
from gateway.errors import Forbidden
from gateway.events import ReplyOut, UnderstoodOut
from nlu.secrets import Secrets
from nlu.types import Language
from speech.types import Transcript
from tests.fakes_core import FakeShop, FakeStore, House, Item, cancel_action
from tests.virtual_time import virtual_time

KEY = "web-test:1"


async def within(house: House, body: Callable[[Core], Awaitable[None]]) -> None:
    """Run ``body`` with a gateway's core; returns when its WRITEs have ended."""
    async with asyncio.TaskGroup() as background:
        await body(house.core(background))


async def texts(conversation: Conversation, text: str, **options: Any) -> list[str]:
    turn = conversation.take_turn(text, modality="text", channel="rest", **options)
    return [item.reply.text async for item in turn if isinstance(item, ReplyOut)]


def names(events: Sequence[DialogueEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


# --- turns -----------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_turn_is_understood_then_answered_then_remembered() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversation, hops = house.conversation(core), Hops()
        items = [item async for item in conversation.take_turn("你好", modality="text", channel="rest", hops=hops)]
        assert [type(item) for item in items] == [UnderstoodOut, ReplyOut, ReplyOut]
        assert [line.role for line in conversation.state.history] == ["customer", "kefu", "kefu"]
        assert round(hops.nlu_ms) == 100
        assert round(hops.dialogue_ms) == 200

    house.understanding.delay_s, house.responder.delay_s = 0.1, 0.2
    await within(house, body)
    assert names(house.store.events) == ["CustomerSaid", "Said", "Said"]


@virtual_time
async def test_turns_are_taken_one_at_a_time_in_order() -> None:
    house = House()
    house.understanding.delay_s = 0.5
    running, most = 0, 0

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        yield Reply(turn.turn_id, turn.text, "zh", is_last=True)
        running -= 1

    house.responder.answer = answer

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        async with asyncio.TaskGroup() as group:
            turns = [group.create_task(texts(conversation, str(n))) for n in range(5)]
        assert [turn.result() for turn in turns] == [[str(n)] for n in range(5)]

    await within(house, body)
    assert most == 1
    said = [event.turn.text for event in house.store.events if isinstance(event, CustomerSaid)]
    assert said == ["0", "1", "2", "3", "4"]
    assert [turn.turn_id for turn in house.responder.turns] == [1, 2, 3, 4, 5]


@virtual_time
async def test_a_turn_that_is_left_lets_the_next_begin() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        turn = conversation.take_turn("一", modality="voice", channel="web")
        await anext(turn)
        await turn.aclose()
        async with asyncio.timeout(1):
            assert len(await texts(conversation, "二")) == 2

    await within(house, body)


@virtual_time
async def test_a_turn_ends_within_its_deadline() -> None:
    house = House()
    house.understanding.delay_s = 1e6

    async def body(core: Core) -> None:
        conversation, started = house.conversation(core), core.clock()
        assert await texts(conversation, "你好") == ["抱歉（turn_timeout）。"]
        assert core.clock() - started == core.turn_deadline_s
        house.understanding.delay_s, house.responder.delay_s = 0, 1e6
        assert await texts(conversation, "你好") == ["抱歉（turn_timeout）。"]

    await within(house, body)


@virtual_time
async def test_an_error_after_the_last_words_is_not_apologised_for() -> None:
    house = House()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Reply(turn.turn_id, "好的。", "zh", is_last=True)
        raise ValueError("a bug")

    house.responder.answer = answer

    async def body(core: Core) -> None:
        assert await texts(house.conversation(core), "你好") == ["好的。"]

    await within(house, body)
    assert house.metrics.registry.get_sample_value("kefu_errors_total", {"code": "internal"}) == 1


# --- the store -------------------------------------------------------------------------------------------------------


@virtual_time
async def test_events_wait_for_a_store_that_is_away_and_keep_their_order() -> None:
    house = House()
    house.store.away = True

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        await texts(conversation, "一")
        assert not conversation.is_stored
        assert house.store.events == []
        house.store.away = False
        await texts(conversation, "二")
        await asyncio.sleep(2)
        assert conversation.is_stored, "written without waiting for the customer's next message"

    await within(house, body)
    assert names(house.store.events) == ["CustomerSaid", "Said", "Said"] * 2
    assert house.metrics.registry.get_sample_value("kefu_errors_total", {"code": "store_unavailable"}) == 1


@virtual_time
async def test_a_store_that_hangs_delays_one_event_and_not_the_turn() -> None:
    house = House()

    class HangingStore(FakeStore):
        async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> None:
            await asyncio.sleep(30)
            await super().append(conversation_id, list(events))

    house.store = HangingStore()

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        started = asyncio.get_running_loop().time()
        assert len(await texts(conversation, "一")) == 2
        assert asyncio.get_running_loop().time() - started < 2

    await within(house, body)
    assert names(house.store.events) == ["CustomerSaid", "Said", "Said"]


@virtual_time
async def test_events_that_come_while_others_are_written_are_written_once() -> None:
    house = House()

    class SlowStore(FakeStore):
        async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> None:
            await asyncio.sleep(1)
            await super().append(conversation_id, list(events))

    house.store = SlowStore()

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        async with asyncio.TaskGroup() as group:
            for n in range(4):
                group.create_task(conversation.heard(n, f"{n}", complete=True))

    await within(house, body)
    assert [text for text, _ in house.said] == ["0", "1", "2", "3"]


class SlowToAnswerStore(FakeStore):
    """Has committed a second before it says so, as a database does when the caller is cancelled in mid-commit."""

    async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> None:
        await super().append(conversation_id, list(events))
        await asyncio.sleep(1)


@virtual_time
async def test_what_a_cancelled_caller_wrote_is_not_written_twice() -> None:
    house = House(store=SlowToAnswerStore())

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        telling = asyncio.create_task(conversation.heard(1, "您好", complete=True))
        await asyncio.sleep(0.5)
        telling.cancel()
        await asyncio.wait([telling])
        assert telling.cancelled()
        await conversation.heard(2, "再见", complete=True)

    await within(house, body)
    assert [text for text, _ in house.said] == ["您好", "再见"]


@virtual_time
async def test_memory_is_bounded_while_the_store_is_away() -> None:
    house = House()
    house.store.away = True

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        for n in range(600):
            await conversation.heard(n, str(n), complete=True)
        house.store.away = False
        await conversation.flush()

    await within(house, body)
    assert [text for text, _ in house.said] == [str(n) for n in range(100, 600)]


# --- WRITEs ----------------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_same_write_asked_for_at_once_runs_once() -> None:
    house = House(store=GatedStore())
    house.shop.write_s = 2

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(conversation.writes.run(cancel_action())) for _ in range(3)]
            await asyncio.sleep(1.5)
            asked.append(group.create_task(conversation.writes.run(cancel_action())))
        assert len({id(task.result()) for task in asked}) == 1

    await within(house, body)
    assert house.shop.cancelled == [KEY]
    assert names(house.store.events) == ["ActionStarted", "ActionFinished"]
    assert house.metrics.registry.get_sample_value(
        "kefu_actions_total", {"name": "cancel_order", "outcome": "done"}
    ) == 1  # fmt: skip


@virtual_time
async def test_a_write_asked_for_again_goes_to_the_shop_under_its_key() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        first = await conversation.writes.run(cancel_action())
        assert await conversation.writes.run(cancel_action()) == first
        assert (await conversation.writes.run(cancel_action("web-test:2"))).ok

    await within(house, body)
    assert house.shop.cancelled == [KEY, KEY, "web-test:2"]


class GatedStore(FakeStore):
    """Takes a second to write down an event."""

    async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> None:
        await asyncio.sleep(1)
        await super().append(conversation_id, list(events))


@virtual_time
async def test_a_write_that_is_being_written_down_is_not_cut_in_half() -> None:
    """The customer interrupts between "yes, cancel it" and the store's answer: what is started is finished."""
    house = House(store=GatedStore())

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        asking = asyncio.create_task(conversation.writes.run(cancel_action()))
        await asyncio.sleep(0.5)
        asking.cancel()
        await asyncio.wait([asking])
        assert house.shop.cancelled == []

    await within(house, body)
    assert house.shop.cancelled == [KEY]
    assert names(house.store.events) == ["ActionStarted", "ActionFinished"]


@virtual_time
async def test_shutting_down_waits_for_the_write_that_runs() -> None:
    house = House()
    house.shop.write_s = 5
    asked: list[asyncio.Task[Any]] = []

    async def body(core: Core) -> None:
        asked.append(asyncio.create_task(house.conversation(core).writes.run(cancel_action())))
        await asyncio.sleep(1)
        asked[0].cancel()
        assert house.shop.cancelled == []

    await within(house, body)
    assert house.shop.cancelled == [KEY]
    assert asked[0].cancelled()


class AwayShop(FakeShop):
    """Breaks in the given way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        raise self.error


@virtual_time
async def test_a_write_that_breaks_takes_nothing_down() -> None:
    for error in (ShopUnavailable("away"), ValueError("a bug")):
        house = House(shop=AwayShop(error))

        async def body(core: Core, house: House = house) -> None:
            conversation = house.conversation(core)
            result = await conversation.writes.run(cancel_action())
            assert (result.ok, result.rule) == (False, "unavailable")
            assert len(await texts(conversation, "你好")) == 2

        await within(house, body)
        finished = [event for event in house.store.events if isinstance(event, ActionFinished)]
        assert [event.result.rule for event in finished] == ["unavailable"]


@virtual_time
async def test_a_store_that_breaks_in_an_unforeseen_way_does_not_take_the_gateway_down() -> None:
    class BuggyStore(FakeStore):
        async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> None:
            if any(isinstance(event, ActionStarted) for event in events):
                raise TypeError("a bug")
            await super().append(conversation_id, list(events))

    house = House(store=BuggyStore())

    async def body(core: Core) -> None:
        conversation = house.conversation(core)
        assert (await conversation.writes.run(cancel_action())).rule == "unavailable"
        assert house.shop.cancelled == [], "what is not written down is not begun"
        assert len(await texts(conversation, "你好")) == 2

    await within(house, body)


@virtual_time
async def test_what_a_crash_cut_off_is_finished_at_the_next_start() -> None:
    house = House()
    house.shop.write_s = 0.05
    began = datetime(2026, 11, 22, tzinfo=UTC)
    actions = {"web-a": cancel_action("web-a:1"), "rest-b": cancel_action("rest-b:4")}
    for conversation_id, action in actions.items():
        house.store.pending.append(PendingAction(conversation_id, action, began))
        await house.store.append(conversation_id, [ActionStarted(action)])

    async def body(core: Core) -> None:
        conversations = Conversations(core)
        assert await conversations.recover() == 2
        conversation = await conversations.get("web-a", customer_id="C0001", channel="web")
        assert conversation.state.acting == actions["web-a"]
        await asyncio.sleep(0.1)
        assert conversation.state.acting is None
        assert conversation.state.customer_id == "C0001", "the customer who comes back is still known"

    await within(house, body)
    assert sorted(house.shop.cancelled) == ["rest-b:4", "web-a:1"]
    assert names(house.store.of["rest-b"]) == ["ActionStarted", "ActionFinished"]


@virtual_time
async def test_nothing_pending_is_nothing_to_do() -> None:
    house = House()

    async def body(core: Core) -> None:
        assert await Conversations(core).recover() == 0

    await within(house, body)


# --- which conversation ----------------------------------------------------------------------------------------------


class SlowStore(FakeStore):
    """Takes a while to open, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    async def open(self, conversation_id: str, customer_id: str | None, channel: str, language: Language) -> bool:
        self.opened.append(conversation_id)
        await asyncio.sleep(1)
        return True


async def get(conversations: Conversations, name: str, customer_id: str | None = None) -> Conversation:
    return await conversations.get(name, customer_id=customer_id, channel="rest")


@virtual_time
async def test_two_doors_that_open_one_id_get_one_conversation() -> None:
    house = House(store=SlowStore())

    async def body(core: Core) -> None:
        conversations = Conversations(core)
        async with asyncio.TaskGroup() as group:
            doors = [group.create_task(get(conversations, "a")) for _ in range(3)]
            await asyncio.sleep(0.5)
            doors.append(group.create_task(get(conversations, "a")))
        assert len({id(door.result()) for door in doors}) == 1
        assert await get(conversations, "b") is not doors[0].result()

    await within(house, body)


@virtual_time
async def test_the_least_recently_used_goes_first_and_comes_back_from_the_store() -> None:
    store = SlowStore()
    house = House(store=store)

    async def body(core: Core) -> None:
        conversations = Conversations(core, keep=2)
        await texts(await get(conversations, "a"), "你好")
        await get(conversations, "b")
        await get(conversations, "a")
        await get(conversations, "c")
        gc.collect()
        await get(conversations, "a")
        await get(conversations, "c")
        assert store.opened == ["a", "b", "c"]
        await get(conversations, "b")
        gc.collect()
        again = await get(conversations, "a")
        assert store.opened == ["a", "b", "c", "b", "a"]
        assert again.state.turn_count == 1
        assert again.next_turn_id() == 2

    await within(house, body)


@virtual_time
async def test_a_conversation_that_is_in_use_is_never_opened_twice() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversations = Conversations(core, keep=1)
        talking = await get(conversations, "a")
        for name in "bcd":
            await get(conversations, name)
        gc.collect()
        assert await get(conversations, "a") is talking

    await within(house, body)


@virtual_time
async def test_a_conversation_whose_events_wait_is_not_forgotten() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversations = Conversations(core, keep=1)
        house.store.away = True
        await texts(await get(conversations, "a"), "你好")
        for name in "bcd":
            await get(conversations, name)
        gc.collect()
        house.store.away = False
        await (await get(conversations, "a")).flush()

    await within(house, body)
    assert names(house.store.of["a"]) == ["CustomerSaid", "Said", "Said"]


async def test_what_is_secret_is_not_stored_with_the_transcript() -> None:
    house = House()
    house.understanding.secrets = Secrets([r"密码是(?P<secret>\d+)"])

    async def body(core: Core) -> None:
        said = Transcript(1, "密码是482913", True, "zh", 0.9, 0, 900, ("密码是482914",))
        house.conversation(core).keep_transcript(said)

    await within(house, body)
    assert house.store.transcripts == ["密码是******"]


@virtual_time
async def test_signing_in_later_counts() -> None:
    house = House()

    async def body(core: Core) -> None:
        conversations = Conversations(core)
        anonymous = await get(conversations, "a")
        assert anonymous.state.customer_id is None
        signed_in = await get(conversations, "a", "C0001")
        assert signed_in is anonymous
        assert (signed_in.state.customer_id, signed_in.state.proof) == ("C0001", "token")
        await get(conversations, "a", "C0001")

    await within(house, body)
    assert house.store.events == [CustomerIdentified("C0001", "token")]


async def test_a_conversation_of_another_customer_is_refused() -> None:
    async with asyncio.TaskGroup() as background:
        conversations = Conversations(House().core(background))
        await conversations.get("rest-anna", customer_id="C0001", channel="rest")
        with pytest.raises(Forbidden) as caught:
            await conversations.get("rest-anna", customer_id="C0002", channel="rest")
        assert caught.value.code == "wrong_customer"
