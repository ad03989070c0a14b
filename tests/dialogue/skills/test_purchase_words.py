"""What is ordered, in the customer's words; and which order they describe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from dialogue.shop.types import Order, OrderStatus, Product
from dialogue.skills.order_words import described
from dialogue.skills.purchase_words import items_in, picked, quantity_in, wants_to_order
from nlu.types import Parse, Sentiment, Slot
from tests.dialogue.demo_shop import NOW


@pytest.mark.parametrize(
    "text",
    ["帮我下单这款", "我决定购买两个", "请帮我买一台", "那就改购另一款吧", "I want to buy this one", "please order it"],
)
def test_an_order(text: str) -> None:
    assert wants_to_order(text)


@pytest.mark.parametrize(
    "text",
    [
        "怎么下单", "我之前购买的加湿器坏了", "我买了一个杯子", "这个可以购买吗", "两款对比一下我想买一台", "取消下单",
        "为什么无法购买", "I bought it last week", "how do I order it",
        "I want to take the lamp out of my order",
    ],
)  # fmt: skip
def test_no_order(text: str) -> None:
    assert not wants_to_order(text)


def _parse(text: str, *skus: str) -> Parse:
    slots = tuple(Slot("sku", sku, sku, text.index(sku), text.index(sku) + len(sku)) for sku in skus)
    return Parse(text, text, "zh", "place_order", 0.9, slots, Sentiment("neutral", 0.9))


def test_each_product_has_the_count_said_before_it() -> None:
    text = "买3个杯子（货号AB12）和一个水壶（货号CD34），还有EF56"
    assert [(item.sku, item.quantity) for item in items_in(_parse(text, "AB12", "CD34", "EF56"), text)] == [
        ("AB12", 3), ("CD34", 1), ("EF56", 1),
    ]  # fmt: skip
    text = "下单AB12，数量为4个"
    assert [(item.sku, item.quantity) for item in items_in(_parse(text, "AB12"), text)] == [("AB12", 4)]
    assert quantity_in("要两台") == 2
    assert quantity_in("就这个") == 1


def _product(sku: str, price: int, capacity: str) -> Product:
    return Product(sku, sku, "", "家电", Decimal(price), 1, True, 0, {"容量": capacity}, "")


def test_the_largest_and_the_cheapest_of_what_was_shown() -> None:
    shown = [_product("A", 30, "8升"), _product("B", 20, "12升"), _product("C", 10, "10升")]
    assert (picked("选最大的", shown), picked("最小的那个", shown)) == (shown[1], shown[0])
    assert (picked("最便宜的", shown), picked("the most expensive", shown)) == (shown[2], shown[0])
    assert picked("就这个", shown) is None
    assert picked("最大的", [_product("D", 1, "未知")]) is None


def _order(number: str, status: OrderStatus, hours: int) -> Order:
    return Order(number, "C1", status, NOW - timedelta(hours=hours), (), Decimal(1), "")


_ORDERS = (
    _order("1", OrderStatus.SHIPPED, 1),
    _order("2", OrderStatus.PAID, 2),
    _order("3", OrderStatus.PACKING, 3),
    _order("4", OrderStatus.COMPLETED, 4),
    _order("5", OrderStatus.PENDING_PAYMENT, 5),
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("刚付款的那单", ["2"]), ("我刚买的东西", ["2"]), ("已发货的订单", ["1"]), ("没发货的订单", ["2", "3", "5"]),
        ("已签收的订单", ["4"]), ("还没付款的订单", ["5"]), ("处理中的订单", ["3"]), ("开发票", []),
        ("the order that is not shipped", ["2", "3", "5"]),
    ],
)  # fmt: skip
def test_orders_that_are_described(text: str, numbers: list[str]) -> None:
    assert [order.order_number for order in described(text, _ORDERS)] == numbers


def test_the_newest_where_nothing_waits() -> None:
    over = [replace(order, status=OrderStatus.COMPLETED) for order in _ORDERS]
    assert [order.order_number for order in described("刚买的", over)] == ["1"]
    assert described("刚买的", ()) == ()
