"""A voice session in virtual time: keys of a phone become messages, also while the session waits for something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from dialogue.types import ActionRunner, Asked, CustomerSaid, DialogueEvent, Reply, Said, Turn
from gateway import events as ev
from nlu.types import Expectation
from tests.fakes_core import FakeStore, House, Item
from tests.gateway.test_session import SPEECH, Caller, call
from tests.virtual_time import virtual_time

QUESTION = "我的订单什么时候到"


class SlowStore(FakeStore):
    """Takes its time to write."""

    async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> int:
        await asyncio.sleep(1.4)
        return await super().append(conversation_id, events)


@pytest.fixture
def house() -> House:
    return House()


@virtual_time
async def test_keys_silence_the_prompt_and_become_a_message(house: House) -> None:
    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Asked(Expectation("digits", "order_number", 8))
        yield Reply(turn.turn_id, "请告诉我订单号，也可以用键盘输入，按井号键结束。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(0.8)
        for key in "89070650":
            caller.send(ev.Dtmf(key))
            await caller.listen(0.2)
        await caller.listen(3)

    caller = await call(house, script)
    assert [turn.text for turn in house.responder.turns] == [QUESTION, "89070650"]
    assert caller.of(ev.Clear)


@virtual_time
async def test_a_pound_after_the_last_digit_does_not_cut_the_answer(house: House) -> None:
    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        yield Asked(Expectation("digits", "order_number", 8))
        yield Reply(turn.turn_id, "请再告诉我手机号的后四位，也可以用键盘输入。", "zh", is_last=True)

    house.responder.answer = answer

    async def script(caller: Caller) -> None:
        await caller.say(SPEECH)
        await caller.listen(6)
        for key in "89070650":
            caller.send(ev.Dtmf(key))
            await caller.listen(0.2)
        await caller.listen(0.3)
        caller.send(ev.Dtmf("#"))
        await caller.listen(3)

    caller = await call(house, script)
    assert [turn.text for turn in house.responder.turns] == [QUESTION, "89070650"]
    assert not caller.of(ev.Clear)


@virtual_time
async def test_too_few_keys_are_taken_after_a_pause(house: House) -> None:
    async def script(caller: Caller) -> None:
        for key in "8907":
            caller.send(ev.Dtmf(key))
            await caller.listen(0.2)
        await caller.listen(6)

    await call(house, script)
    assert [turn.text for turn in house.responder.turns] == ["8907"]


@virtual_time
async def test_keys_that_wait_while_an_answer_is_cut_are_of_the_number_that_was_begun() -> None:
    house = House(store=SlowStore())

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn(QUESTION))
        await caller.listen(1)
        caller.send(ev.Dtmf("4"))
        await caller.listen(2)
        assert caller.of(ev.AudioStart), "the answer begins between the keys"
        caller.send(ev.Dtmf("2"))
        await caller.listen(2)
        caller.send(ev.Dtmf("#"))
        await caller.listen(8)

    caller = await call(house, script)
    assert caller.of(ev.Clear)
    assert [turn.text for turn in house.responder.turns] == [QUESTION, "42"]
    kinds = [type(event) for event in house.store.events if isinstance(event, CustomerSaid | Said)]
    assert kinds == [CustomerSaid, Said, CustomerSaid, Said], "in the order in which it was said"


@virtual_time
async def test_a_key_behind_the_stop_button_is_of_the_number_that_was_begun() -> None:
    house = House(store=SlowStore())

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn(QUESTION))
        await caller.listen(1)
        caller.send(ev.Dtmf("4"))
        await caller.listen(1.8)
        caller.send(ev.Interrupt())
        await caller.listen(0.2)
        caller.send(ev.Dtmf("2"))
        await caller.listen(2)
        caller.send(ev.Dtmf("#"))
        await caller.listen(8)

    await call(house, script)
    assert [turn.text for turn in house.responder.turns] == [QUESTION, "42"]


@virtual_time
async def test_a_key_alone_is_a_message_however_slow_the_store_is() -> None:
    house = House(store=SlowStore())

    async def script(caller: Caller) -> None:
        caller.send(ev.TextIn(QUESTION))
        await caller.listen(3)
        caller.send(ev.Dtmf("4"))
        await caller.listen(8)

    await call(house, script)
    assert [turn.text for turn in house.responder.turns] == [QUESTION, "4"]
