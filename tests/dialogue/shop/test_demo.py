"""The demo shop: complete, consistent, the same for the same seed, and fresh whenever it is started."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import migrate, open_database, reading, writing
from dialogue.policies import shipped_policies
from dialogue.shop import demo, schema
from dialogue.shop.demo_rows import DemoRows, demo_rows
from dialogue.shop.order_numbers import luhn_digit
from dialogue.shop.rules import why_not_cancel, why_not_return
from dialogue.shop.sql import SqlShop
from dialogue.shop.types import OrderStatus, ReturnStatus
from tests.dialogue.databases import NOW, fixed_clock

POLICIES = shipped_policies()


@pytest.fixture(scope="module")
def rows() -> DemoRows:
    return demo_rows(demo.DEFAULT_SEED, NOW)


def test_the_shop_is_complete(rows: DemoRows) -> None:
    assert len(rows.products) == len({row["sku"] for row in rows.products}) == 200
    assert set(Counter(row["category"] for row in rows.products).values()) == {25}
    assert len({row["name"] for row in rows.products}) == len({row["name_en"] for row in rows.products}) == 200
    assert len(rows.customers) == len({row["phone"] for row in rows.customers}) == 60
    assert len(rows.orders) == len({row["order_number"] for row in rows.orders}) == 400
    assert {row["status"] for row in rows.orders} == set(OrderStatus)
    assert {row["status"] for row in rows.returns} == set(ReturnStatus) - {ReturnStatus.WITHDRAWN}
    assert {row["customer_id"] for row in rows.orders} == {row["customer_id"] for row in rows.customers}
    assert any(row["stock"] == 0 for row in rows.products)


def test_food_and_underwear_stay_sold(rows: DemoRows) -> None:
    kept = [row for row in rows.products if not row["returnable"]]
    assert {row["category"] for row in kept} == {"食品", "服饰"}
    assert len([row for row in kept if row["category"] == "服饰"]) == 3
    assert all("{" not in str(row) or "{colour}" not in str(row) for row in rows.products)


def test_order_numbers_carry_a_luhn_digit(rows: DemoRows) -> None:
    assert luhn_digit("7992739871") == "3"
    for row in rows.orders:
        number = row["order_number"]
        assert len(number) == 8
        assert luhn_digit(number[:-1]) == number[-1]


def test_phones_are_nobodys(rows: DemoRows) -> None:
    assert all(row["phone"].startswith("1990000") and len(row["phone"]) == 11 for row in rows.customers)


def test_parcels_tell_a_story_in_order(rows: DemoRows) -> None:
    scans: dict[str, list[dict[str, object]]] = {}
    for row in rows.tracking_events:
        scans.setdefault(row["tracking_number"], []).append(row)
    orders = {row["order_number"]: row for row in rows.orders}
    assert {row["carrier"] for row in rows.shipments} == {"顺丰速运", "中通快递", "圆通速递", "京东物流", "EMS"}
    for parcel in rows.shipments:
        story = scans[parcel["tracking_number"]]
        times = [row["at"] for row in story]
        assert 3 <= len(story) <= 8
        assert times == sorted(times)
        assert times[-1] <= NOW
        assert orders[parcel["order_number"]]["created_at"] < times[0]
        assert (parcel["delivered_at"] is None) == (not str(story[-1]["text"]).startswith("已签收"))
        assert parcel["delivered_at"] is not None or parcel["eta"] > NOW
        assert (parcel["delay_reason"] is None) == (not any("延误：" in str(row["text"]) for row in story))
    assert any(parcel["delay_reason"] for parcel in rows.shipments)
    assert max(Counter(row["order_number"] for row in rows.shipments).values()) == 2


def test_nothing_of_the_past_lies_ahead(rows: DemoRows) -> None:
    for row in (*rows.orders, *rows.shipments, *rows.returns):
        past = [row[name] for name in row if name.endswith("_at") and row[name] is not None]
        assert max(past) <= NOW, row


def test_totals_add_up(rows: DemoRows) -> None:
    sums: Counter[str] = Counter()
    for line in rows.order_lines:
        sums[line["order_number"]] += line["unit_price"] * line["quantity"]
    assert all(sums[row["order_number"]] == row["total"] > 0 for row in rows.orders)


def test_the_same_seed_gives_the_same_shop(rows: DemoRows) -> None:
    assert demo_rows(demo.DEFAULT_SEED, NOW) == rows
    assert demo_rows(demo.DEFAULT_SEED + 1, NOW) != rows
    later = demo_rows(demo.DEFAULT_SEED, NOW + timedelta(days=400))
    assert [row["order_number"] for row in later.orders] == [row["order_number"] for row in rows.orders]


async def test_the_demo_customer_has_one_order_for_each_question(engine: AsyncEngine) -> None:
    shop = SqlShop(engine, fixed_clock)
    customer = await shop.customer(demo.DEMO_CUSTOMER_ID)
    assert customer is not None
    assert customer.name == "林小满"
    orders = await shop.orders(demo.DEMO_CUSTOMER_ID, limit=100)
    assert [order.status.value for order in orders] == [
        "shipped", "paid", "pending_payment", "delivered", "returning", "completed",
    ]  # fmt: skip
    shipped, paid, _, delivered, returning, completed = orders
    assert shipped.order_number == demo.sample_order_number()
    assert len(shipped.shipments) == 1
    assert shipped.shipments[0].delay_reason is None
    assert shipped.shipments[0].eta is not None
    assert (shipped.shipments[0].eta.date() - NOW.date()).days == 2
    assert why_not_cancel(paid, NOW) is None
    assert len(delivered.lines) == 2
    assert why_not_return(delivered, [line.sku for line in delivered.lines], "", NOW, policies=POLICIES) is None
    assert [entry.status for entry in returning.returns] == [ReturnStatus.APPROVED]
    assert why_not_return(completed, [completed.lines[0].sku], "", NOW, policies=POLICIES) == "return_window_over"


async def test_a_shop_that_has_anything_is_left_alone(engine: AsyncEngine) -> None:
    assert not await demo.seed(engine, now=NOW)
    async with writing(engine) as connection:
        await connection.execute(schema.demo.delete())
    assert not await demo.seed(engine, now=NOW)
    assert await demo.refresh(engine, now=NOW + timedelta(days=9)) == 0


async def test_seeding_twice_at_once_seeds_once(tmp_path) -> None:
    engines = [open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db") for _ in range(2)]
    await migrate(engines[0])
    assert sorted([await demo.seed(each, now=NOW) for each in engines]) == [False, True]
    async with reading(engines[0]) as connection:
        assert (await connection.execute(select(func.count()).select_from(schema.orders))).scalar_one() == 400
    for each in engines:
        await each.dispose()


async def test_its_dates_move_with_the_days(engine: AsyncEngine) -> None:
    shop = SqlShop(engine, fixed_clock)
    before = await shop.orders(demo.DEMO_CUSTOMER_ID)
    changed = await shop.change_address(before[1].order_number, "甲", idempotency_key="a")
    assert await demo.refresh(engine, now=NOW + timedelta(hours=23)) == 0
    later = NOW + timedelta(days=12, hours=3)
    assert await demo.refresh(engine, now=later) == 12
    assert await demo.refresh(engine, now=later) == 0
    after = await shop.orders(demo.DEMO_CUSTOMER_ID)
    by = timedelta(days=12)
    assert [order.created_at - by for order in after] == [order.created_at for order in before]
    assert after[1].address == changed.address
    eta, eta_before = after[0].shipments[0].eta, before[0].shipments[0].eta
    assert eta is not None
    assert eta_before is not None
    assert eta - by == eta_before
    assert after[0].shipments[0].events[0].at - by == before[0].shipments[0].events[0].at
    assert after[4].returns[0].created_at - by == before[4].returns[0].created_at
    assert why_not_return(after[3], [after[3].lines[0].sku], "", later, policies=POLICIES) is None
