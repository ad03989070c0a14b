"""The outbox: what is owed is tried again at its time, by one worker, until it is settled; the ledger beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue import store_schema
from dialogue.database import reading
from dialogue.store import ConversationStore
from dialogue.store_outbox import LEASE, MAX_ATTEMPTS, wait_after
from dialogue.types import (
    Action,
    ActionDropped,
    ActionFinished,
    ActionResult,
    ActionStarted,
    CustomerSaid,
    ReadBack,
    Said,
)
from tests.dialogue.databases import NOW
from tests.dialogue.test_event_codec import TURN

ACTION = Action("cancel_order", {"order_number": "12345674"}, "c:1-cancel")
AWAY = ActionResult(False, rule="unavailable")
DONE = ActionResult(True, {"order_number": "12345674"})


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(engine: AsyncEngine, clock: Clock) -> ConversationStore:
    store = ConversationStore(engine, clock)
    await store.open("c", "C0001", "web", "zh")
    return store


async def row(engine: AsyncEngine) -> Any:
    async with reading(engine) as connection:
        return (await connection.execute(select(store_schema.actions))).one()


def said(turn_id: int, text: str) -> CustomerSaid:
    return CustomerSaid(replace(TURN, turn_id=turn_id, text=text))


async def test_an_attempt_holds_its_row_and_a_dead_one_lets_it_go(store: ConversationStore, clock: Clock) -> None:
    await store.append("c", [ActionStarted(ACTION)])
    assert await store.claim_due_actions() == ()
    clock.pass_(LEASE)
    (owed,) = await store.claim_due_actions()
    assert (owed.conversation_id, owed.action) == ("c", ACTION)
    assert await store.claim_due_actions() == (), "one caller only"
    clock.pass_(LEASE)
    assert len(await store.claim_due_actions()) == 1, "that worker died too"
    await store.append("c", [ActionFinished(ACTION, DONE)])
    clock.pass_(LEASE)
    assert await store.claim_due_actions() == ()


async def test_one_of_several_workers_gets_it(store: ConversationStore, clock: Clock) -> None:
    await store.append("c", [ActionStarted(ACTION)])
    clock.pass_(LEASE)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.claim_due_actions()) for _ in range(8)]
    assert sum(len(task.result()) for task in tasks) == 1


async def test_without_an_answer_it_waits_longer_each_time(store: ConversationStore, clock: Clock) -> None:
    await store.append("c", [ActionStarted(ACTION), ActionFinished(ACTION, AWAY)])
    waits = []
    for attempts in range(1, 10):
        wait = wait_after(attempts)
        clock.pass_(wait - timedelta(seconds=1))
        assert await store.claim_due_actions() == ()
        clock.pass_(timedelta(seconds=1))
        assert len(await store.claim_due_actions()) == 1
        await store.postpone_action(ACTION.idempotency_key)
        waits.append(wait)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=5), timedelta(minutes=15))


async def test_after_too_many_attempts_a_person_must_look(
    store: ConversationStore, engine: AsyncEngine, clock: Clock
) -> None:
    await store.append("c", [ActionStarted(ACTION), ActionFinished(ACTION, AWAY)])
    gave_up = False
    for _ in range(MAX_ATTEMPTS - 1):
        assert not gave_up
        clock.pass_(LEASE * 15)
        assert len(await store.claim_due_actions()) == 1
        gave_up = await store.postpone_action(ACTION.idempotency_key)
    assert gave_up
    assert (await row(engine)).state == "failed"
    clock.pass_(timedelta(days=9))
    assert await store.claim_due_actions() == ()
    await store.append("c", [ActionStarted(ACTION)])
    assert (await row(engine)).state == "pending", "the customer asked again"


async def test_what_the_customer_takes_back_is_not_tried_again(
    store: ConversationStore, engine: AsyncEngine, clock: Clock
) -> None:
    await store.append(
        "c", [ActionStarted(ACTION), ActionFinished(ACTION, AWAY), ActionDropped(ACTION.idempotency_key)]
    )
    clock.pass_(timedelta(days=1))
    assert await store.claim_due_actions() == ()
    assert (await row(engine)).state == "dropped"
    # An attempt that was under way has the last word.
    await store.append("c", [ActionFinished(ACTION, DONE)])
    assert (await row(engine)).state == "done"


async def test_a_settled_row_is_left_alone(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.append("c", [ActionStarted(ACTION), ActionFinished(ACTION, DONE)])
    settled = await row(engine)
    await store.append(
        "c", [ActionStarted(ACTION), ActionDropped(ACTION.idempotency_key), ActionFinished(ACTION, AWAY)]
    )
    await store.postpone_action(ACTION.idempotency_key)
    assert await row(engine) == settled


async def test_another_try_takes_the_arguments_that_were_confirmed_last(store: ConversationStore) -> None:
    other = Action("cancel_order", {"order_number": "87654321"}, ACTION.idempotency_key)
    await store.append("c", [ActionStarted(ACTION), ActionFinished(ACTION, AWAY), ActionStarted(other)])
    assert [owed.action for owed in await store.pending_actions()] == [other]


async def test_the_ledger_keeps_what_was_read_back_heard_and_confirmed(store: ConversationStore, clock: Clock) -> None:
    key = ACTION.idempotency_key
    await store.append(
        "c", [said(1, "取消订单"), ReadBack(key, 1, "取消订单甲，对吗？"), Said(1, "取消订单甲，", False)]
    )
    await store.append(
        "c", [said(2, "是乙"), ReadBack(key, 2, "取消订单乙，对吗？"), Said(2, "取消订单乙，对吗？", True)]
    )
    clock.pass_(timedelta(seconds=9))
    await store.append("c", [said(3, "对的"), ActionStarted(ACTION)])
    clock.pass_(timedelta(seconds=1))
    await store.append("c", [ActionFinished(ACTION, DONE), Said(3, "已经取消。", True)])
    declined, confirmed = await store.ledger("c")
    assert (declined.read_back, declined.heard, declined.heard_complete) == (
        "取消订单甲，对吗？",
        "取消订单甲，",
        False,
    )
    assert (declined.confirmed_turn, declined.action, declined.state) == (None, None, None)
    assert (confirmed.read_back_turn, confirmed.heard, confirmed.heard_complete) == (2, "取消订单乙，对吗？", True)
    assert (confirmed.confirmed_turn, confirmed.confirmed_words) == (3, "对的")
    assert (confirmed.action, confirmed.state, confirmed.rule, confirmed.attempts) == ("cancel_order", "done", None, 1)
    assert confirmed.read_back_at == confirmed.heard_at == NOW
    assert confirmed.confirmed_at == NOW + timedelta(seconds=9)
    assert confirmed.settled_at == NOW + timedelta(seconds=10)


async def test_the_ledger_names_what_was_never_heard(store: ConversationStore) -> None:
    await store.append("c", [said(1, "取消订单"), ReadBack(ACTION.idempotency_key, 1, "取消订单甲，对吗？")])
    (entry,) = await store.ledger("c")
    assert (entry.heard, entry.heard_complete, entry.confirmed_turn) == (None, None, None)
    assert await store.ledger("nobody") == ()


async def test_trying_again_does_not_move_the_confirmation(store: ConversationStore) -> None:
    key = ACTION.idempotency_key
    await store.append("c", [said(1, "取消"), ReadBack(key, 1, "对吗？"), said(2, "对"), ActionStarted(ACTION)])
    await store.append("c", [ActionFinished(ACTION, AWAY), said(3, "再试一次"), ActionStarted(ACTION)])
    (entry,) = await store.ledger("c")
    assert (entry.confirmed_turn, entry.confirmed_words, entry.attempts, entry.state) == (2, "对", 2, "pending")


async def test_the_ledger_is_forgotten_with_its_conversation(store: ConversationStore) -> None:
    await store.append("c", [ReadBack(ACTION.idempotency_key, 1, "对吗？")])
    assert await store.forget("c")
    assert await store.ledger("c") == ()
