"""Actions on the real SQL shop."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.actions import perform
from dialogue.database import open_database
from dialogue.shop import demo
from dialogue.shop.sql import SqlShop
from dialogue.types import Action
from tests.dialogue.databases import fixed_clock


@pytest.fixture
def shop(engine: AsyncEngine) -> SqlShop:
    return SqlShop(engine, fixed_clock)


@pytest.fixture
async def numbers(shop: SqlShop) -> dict[str, str]:
    return {str(order.status): order.order_number for order in await shop.orders(demo.DEMO_CUSTOMER_ID)}


async def test_each_action_reaches_the_shop(shop: SqlShop, numbers: dict[str, str]) -> None:
    paid, unpaid, delivered = (numbers[status] for status in ("paid", "pending_payment", "delivered"))
    order = await shop.order(delivered)
    assert order is not None
    sku = order.lines[0].sku
    actions = [
        (Action("change_address", {"order_number": paid, "address": "甲"}, "1"), {"address": "甲", "status": "paid"}),
        (Action("request_invoice", {"order_number": paid, "title": "个人"}, "2"), {"invoice": "requested"}),
        (
            Action("cancel_order", {"order_number": paid, "reason": "拍错了"}, "3"),
            {"status": "cancelled", "paid": True},
        ),
        (Action("cancel_order", {"order_number": unpaid}, "4"), {"status": "cancelled", "paid": False}),
        (
            Action("create_return", {"order_number": delivered, "skus": [sku], "reason": "不喜欢"}, "5"),
            {"return_number": f"R{delivered}01", "amount": str(order.lines[0].unit_price), "skus": [sku]},
        ),
    ]
    for action, facts in actions:
        result = await perform(shop, action)
        assert (result.ok, result.rule) == (True, None)
        assert facts.items() <= dict(result.data).items()
        json.dumps(result.data)
        assert await perform(shop, action) == result


async def test_each_service_reaches_the_shop(shop: SqlShop, numbers: dict[str, str]) -> None:
    paid, unpaid, delivered, returning = (
        numbers[status] for status in ("paid", "pending_payment", "delivered", "returning")
    )
    order, returned = await shop.order(unpaid), await shop.order(returning)
    assert order is not None
    assert returned is not None
    line, number = order.lines[0], returned.returns[0].return_number
    sold_out = next(product.sku for product in await shop.search_products("", limit=999) if not product.stock)
    ticket = {"kind": "complaint", "order_number": paid, "text": "x", "compensation": "20.00"}
    pickup = {"return_number": number, "day": "2026-11-24", "part": "afternoon"}
    modify = {"order_number": unpaid, "sku": line.sku, "new_sku": None, "quantity": 2}
    actions = [
        (Action("urge_order", {"order_number": paid}, "1"), {"order_number": paid, "status": "paid"}),
        (Action("modify_order", modify, "2"), {"total": str(line.unit_price * 2)}),
        (Action("protect_price", {"order_number": delivered}, "3"), {"order_number": delivered, "amount": "33.80"}),
        (Action("book_pickup", pickup, "4"), {"pickup_day": "2026-11-24", "pickup_part": "afternoon"}),
        (Action("withdraw_return", {"return_number": number}, "5"), {"status": "withdrawn", "pickup_day": None}),
        (Action("cancel_order", {"order_number": paid}, "6"), {"status": "cancelled"}),
        (Action("restore_order", {"order_number": paid}, "7"), {"status": "paid"}),
        (
            Action("notify_restock", {"sku": sold_out, "customer_id": demo.DEMO_CUSTOMER_ID}, "8"),
            {"sku": sold_out, "noted": True},
        ),
        (Action("open_ticket", ticket, "9"), {"kind": "complaint", "status": "open", "compensation": "20.00"}),
        (Action("open_ticket", {"kind": "follow_up"}, "10"), {"kind": "follow_up", "compensation": None}),
    ]
    for action, facts in actions:
        result = await perform(shop, action)
        assert (result.ok, result.rule) == (True, None), action
        assert facts.items() <= dict(result.data).items()
        json.dumps(result.data)
        assert await perform(shop, action) == result


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("modify_order", {"order_number": "1", "sku": "A", "quantity": "2"}),
        ("modify_order", {"order_number": "1", "sku": "A", "quantity": True}),
        ("modify_order", {"order_number": "1", "sku": "A", "new_sku": 1}),
        ("book_pickup", {"return_number": "R1", "day": "tomorrow", "part": "morning"}),
        ("book_pickup", {"return_number": "R1", "day": "2026-11-24", "part": "night"}),
        ("open_ticket", {"kind": "party"}),
        ("open_ticket", {"kind": "complaint", "compensation": "much"}),
        ("open_ticket", {"kind": "complaint", "compensation": "NaN"}),
        ("open_ticket", {"kind": "complaint", "compensation": 20}),
        ("notify_restock", {"sku": "A"}),
        ("withdraw_return", {}),
    ],
)
async def test_arguments_of_services_are_checked(shop: SqlShop, name: str, arguments: dict[str, Any]) -> None:
    assert (await perform(shop, Action(name, arguments, "1"))).rule == "bad_arguments"


async def test_a_refusal_names_its_rule(shop: SqlShop, numbers: dict[str, str]) -> None:
    result = await perform(shop, Action("cancel_order", {"order_number": numbers["shipped"], "reason": ""}, "1"))
    assert (result.ok, result.rule, result.data) == (False, "already_shipped", {})


@pytest.mark.parametrize(
    "arguments",
    [{}, {"order_number": 1}, {"order_number": "1", "skus": "A"}, {"order_number": "1", "skus": [1]}],
)
async def test_arguments_are_checked(shop: SqlShop, arguments: dict[str, Any]) -> None:
    assert (await perform(shop, Action("create_return", arguments, "1"))).rule == "bad_arguments"


async def test_a_shop_that_is_away() -> None:
    engine = open_database("postgresql+asyncpg://postgres@127.0.0.1:1/nowhere")
    result = await perform(SqlShop(engine, fixed_clock), Action("cancel_order", {"order_number": "1"}, "1"))
    assert (result.ok, result.rule) == (False, "unavailable")
    await engine.dispose()
