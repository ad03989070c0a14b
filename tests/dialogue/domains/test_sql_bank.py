"""The demo bank: who holds what, and WRITEs that happen once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from dialogue.actions import perform
from dialogue.skills.bank import demo, sql
from dialogue.skills.bank.sql import SqlBank
from dialogue.types import Action
from tests.dialogue.demo_shop import NOW
from tests.dialogue.domains.bank import opened_bank

BLOCK = Action("block_card", {"card_id": "K0001"}, "one")


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[SqlBank]:
    async with opened_bank(tmp_path) as opened:
        yield opened


async def test_both_numbers_must_be_the_same_customers(bank: SqlBank) -> None:
    assert await bank.holder("8812", "7720") == "C0001"
    assert await bank.holder("8812", "3364") is None
    assert await bank.holder("0000", "7720") is None
    assert await bank.holder("8812", "%") is None


async def test_a_key_gives_its_first_result_again(bank: SqlBank) -> None:
    results = await asyncio.gather(*(perform(bank, BLOCK) for _ in range(4)))
    assert all(result.ok and result.data["tail"] == "8812" for result in results)
    again = await perform(bank, Action("block_card", {"card_id": "K0001"}, "two"))
    assert (again.ok, again.rule) == (False, "already_blocked")


async def test_a_refused_write_leaves_no_key(bank: SqlBank) -> None:
    old = Action("open_dispute", {"payment_id": "P0007"}, "key")
    assert (await perform(bank, old)).rule == "dispute_window_over"
    assert (await perform(bank, Action("open_dispute", {"payment_id": "P0002"}, "key"))).ok


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (Action("block_card", {"card_id": "K9"}, "k"), "unknown_card"),
        (Action("open_dispute", {"payment_id": "P9"}, "k"), "unknown_payment"),
        (Action("cancel_order", {"order_number": "1"}, "k"), "unknown_action"),
    ],
)
async def test_what_is_not_there_is_refused(bank: SqlBank, action: Action, rule: str) -> None:
    assert (await perform(bank, action)).rule == rule


async def test_seeding_again_changes_nothing(bank: SqlBank) -> None:
    await perform(bank, BLOCK)
    await demo.seed(bank._engine, NOW)
    assert [card.status for card in await bank.cards("C0001")] == ["blocked", "active"]


async def test_the_demo_moves_on_with_the_calendar(bank: SqlBank) -> None:
    payments, (card, *_) = await bank.payments("C0001"), await bank.cards("C0001")
    engine = bank._engine
    assert await demo.refresh(engine, NOW + timedelta(hours=23)) == 0
    assert await demo.refresh(engine, NOW + timedelta(days=40, hours=5)) == 40
    assert await demo.refresh(engine, NOW + timedelta(days=40, hours=6)) == 0
    moved, (later, *_) = await bank.payments("C0001"), await bank.cards("C0001")
    assert [one.at for one in moved] == [one.at + timedelta(days=40) for one in payments]
    assert card.due is not None
    assert later.due == card.due + timedelta(days=40)
    application = await bank.application("C0001")
    assert application is not None
    assert application.since == NOW + timedelta(days=38)


async def test_a_bank_that_is_no_demo_keeps_its_days(bank: SqlBank) -> None:
    async with bank._engine.begin() as connection:
        await connection.execute(delete(sql.demo))
    before = await bank.payments("C0001")
    assert await demo.refresh(bank._engine, NOW + timedelta(days=9)) == 0
    assert await bank.payments("C0001") == before
