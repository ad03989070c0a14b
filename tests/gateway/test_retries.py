"""WRITEs that the shop did not answer: tried again in the background, told once, by one worker."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from dialogue.errors import ShopUnavailable, StoreUnavailable
from dialogue.shop.types import Order
from dialogue.store import PendingAction
from dialogue.types import ActionFinished, ActionStarted
from gateway.conversations import Conversations
from gateway.core import Core
from gateway.log import configure
from gateway.retries import EVERY_S, keep_retrying
from tests.fakes_core import FakeShop, FakeStore, House
from tests.gateway.test_conversation import cancel_action, names, within
from tests.virtual_time import virtual_time

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


class SlowlyBackShop(FakeShop):
    """Does not answer the first ``away`` times."""

    def __init__(self, away: int) -> None:
        super().__init__()
        self.away = away
        self.asked = 0

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        self.asked += 1
        if self.asked <= self.away:
            raise ShopUnavailable("away")
        return await super().cancel_order(order_number, reason, idempotency_key=idempotency_key)


async def _stopped(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _owed(house: House) -> None:
    action = cancel_action("web-a:1")
    house.store.pending.append(PendingAction("web-a", action, BEGAN))
    await house.store.append("web-a", [ActionStarted(action)])


@virtual_time
async def test_it_is_tried_until_the_shop_answers_and_told_once() -> None:
    house = House()
    house.shop = SlowlyBackShop(away=2)
    await _owed(house)

    async def body(core: Core) -> None:
        conversations = Conversations(core)
        retrying = asyncio.ensure_future(keep_retrying(conversations))
        for attempt in range(1, 3):
            await asyncio.sleep(EVERY_S * 1.5)
            assert house.store.postponed == ["web-a:1"] * attempt
            assert names(house.store.of["web-a"]) == ["ActionStarted"], "that it still is away is no news"
            house.store.pending.append(PendingAction("web-a", cancel_action("web-a:1"), BEGAN))
        await asyncio.sleep(EVERY_S * 1.5)
        await _stopped(retrying)
        conversation = await conversations.get("web-a", customer_id=None, channel="web")
        assert conversation.state.unreported is not None
        assert conversation.state.unreported.result.ok

    await within(house, body)
    assert house.shop.cancelled == ["web-a:1"]
    assert names(house.store.of["web-a"]) == ["ActionStarted", "ActionFinished"]


@virtual_time
async def test_what_runs_is_joined() -> None:
    house = House()
    house.shop.write_s = 9.0

    async def body(core: Core) -> None:
        conversations = Conversations(core)
        conversation = await conversations.get("web-a", customer_id=None, channel="web")
        running = asyncio.ensure_future(conversation.writes.run(cancel_action("web-a:1")))
        await asyncio.sleep(0.1)
        house.store.pending.append(PendingAction("web-a", cancel_action("web-a:1"), BEGAN))
        assert await conversations.retry_due() == 1
        assert (await running).ok

    await within(house, body)
    assert house.shop.cancelled == ["web-a:1"]
    assert len([event for event in house.store.of["web-a"] if isinstance(event, ActionFinished)]) == 1


class AwayStore(FakeStore):
    """Cannot be asked for what is due, at first."""

    broken = True

    async def claim_due_actions(self) -> list[PendingAction]:
        if self.broken:
            self.broken = False
            raise StoreUnavailable("away")
        return await super().claim_due_actions()


@virtual_time
async def test_a_store_that_is_away_ends_no_retries() -> None:
    house = House()
    house.store = AwayStore()
    await _owed(house)

    async def body(core: Core) -> None:
        retrying = asyncio.ensure_future(keep_retrying(Conversations(core)))
        await asyncio.sleep(EVERY_S * 2.5)
        await _stopped(retrying)

    await within(house, body)
    assert house.shop.cancelled == ["web-a:1"]


@virtual_time
async def test_what_is_given_up_is_seen_by_name_only(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    house = House()
    house.shop = SlowlyBackShop(away=9)
    house.store.gives_up = True
    await _owed(house)

    async def body(core: Core) -> None:
        await Conversations(core).retry_due()
        await asyncio.sleep(1)

    await within(house, body)
    value = house.metrics.registry.get_sample_value("kefu_actions_failed_total", {"name": "cancel_order"})
    assert value == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "given up" in line]
    told = json.loads(line)
    assert (told["level"], told["code"], told["action"]) == ("error", "action_failed", "cancel_order")
    assert cancel_action("web-a:1").arguments["order_number"] not in line
