"""What every shop back end must do, whatever lies behind it: subclass ``ShopConformance`` and give two fixtures.

``shop``: the back end, on data of its own for each test; ``samples``: what that data contains. Only the ``Shop``
protocol is used here. dialogue/shop/README.md has an example.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import pytest

from dialogue.errors import ActionRefused
from dialogue.shop.protocol import Shop
from dialogue.shop.types import OrderStatus, ReturnStatus


@dataclass(frozen=True)
class Samples:
    """Numbers of things that the shop under test contains, all of one customer."""

    customer_id: str
    phone: str
    shipped: str
    """An order on its way; the customer's newest order."""
    delivered: str
    """An order that arrived within the return window, with at least two returnable lines."""
    over: str
    """An order that arrived longer than 15 days ago."""
    paid: str
    """Paid, not shipped, no invoice asked for."""
    unpaid: str
    returning: str
    """An order whose only line is in a return."""
    food: str
    """A delivered order within the window whose first line cannot be returned."""
    words: str
    """Words that find ``word_sku`` first."""
    words_en: str
    word_sku: str


async def refusal(awaitable: object) -> str:
    """The rule with which the shop refuses."""
    with pytest.raises(ActionRefused) as refused:
        await awaitable  # type: ignore[misc]
    return refused.value.rule


class ShopConformance:
    """The tests. Each gets a fresh shop."""

    async def test_knows_its_customer(self, shop: Shop, samples: Samples) -> None:
        customer = await shop.customer(samples.customer_id)
        assert customer is not None
        assert customer.phone == samples.phone
        assert await shop.customer_by_phone(samples.phone) == customer
        assert await shop.customer("nobody") is None
        assert await shop.customer_by_phone("00000000000") is None

    async def test_reads_an_order_with_all_its_parts(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.shipped)
        assert order is not None
        assert order.order_number == samples.shipped
        assert order.customer_id == samples.customer_id
        assert order.status is OrderStatus.SHIPPED
        assert order.lines
        assert isinstance(order.total, Decimal)
        parcel = order.shipments[0]
        assert list(parcel.events) == sorted(parcel.events, key=lambda event: event.at)
        assert parcel.eta is not None
        assert parcel.eta.tzinfo is not None
        assert await shop.order_by_tracking(parcel.tracking_number) == order
        assert await shop.order_by_tracking(parcel.tracking_number.lower()) == order

    @pytest.mark.parametrize("number", ["00000000", "", "x' OR 1=1 --", "1\0", "\ud800", "9" * 5000])
    async def test_unknown_numbers_are_none(self, shop: Shop, number: str) -> None:
        assert await shop.order(number) is None
        assert await shop.order_by_tracking(number) is None
        assert await shop.product(number) is None
        assert await shop.orders(number) == ()

    async def test_orders_come_newest_first(self, shop: Shop, samples: Samples) -> None:
        orders = await shop.orders(samples.customer_id)
        assert orders[0].order_number == samples.shipped
        assert [order.created_at for order in orders] == sorted((o.created_at for o in orders), reverse=True)
        assert orders[0] == await shop.order(samples.shipped)
        assert await shop.orders(samples.customer_id, limit=2) == orders[:2]

    async def test_finds_products_by_chinese_and_english_words(self, shop: Shop, samples: Samples) -> None:
        assert (await shop.search_products(samples.words))[0].sku == samples.word_sku
        assert (await shop.search_products(samples.words_en))[0].sku == samples.word_sku
        found = await shop.product(samples.word_sku)
        assert found is not None
        assert (await shop.search_products(samples.words, category=found.category))[0] == found
        assert found not in await shop.search_products(samples.words, max_price=found.price - Decimal("0.01"), limit=99)
        assert all(product.stock > 0 for product in await shop.search_products(samples.words, in_stock=True, limit=99))
        assert len(await shop.search_products(samples.words, limit=1)) == 1
        assert await shop.search_products("qwxz 龘靐齉") == ()

    async def test_cancels_once(self, shop: Shop, samples: Samples) -> None:
        order = await shop.cancel_order(samples.paid, "不想要了", idempotency_key="a")
        assert order.status is OrderStatus.CANCELLED
        assert await shop.order(samples.paid) == order
        assert await shop.cancel_order(samples.paid, "不想要了", idempotency_key="a") == order
        assert await refusal(shop.cancel_order(samples.paid, "不想要了", idempotency_key="b")) == "already_cancelled"
        assert (await shop.cancel_order(samples.unpaid, "", idempotency_key="c")).status is OrderStatus.CANCELLED

    async def test_refuses_to_cancel_too_late(self, shop: Shop, samples: Samples) -> None:
        for number in (samples.shipped, samples.delivered, samples.over):
            assert await refusal(shop.cancel_order(number, "", idempotency_key=number)) == "already_shipped"
        assert await refusal(shop.cancel_order(samples.returning, "", idempotency_key="r")) == "already_returning"
        assert await refusal(shop.cancel_order("00000000", "", idempotency_key="u")) == "unknown_order"

    async def test_opens_a_return(self, shop: Shop, samples: Samples) -> None:
        before = await shop.order(samples.delivered)
        assert before is not None
        line = before.lines[0]
        opened = await shop.create_return(samples.delivered, (line.sku,), "不喜欢", idempotency_key="a")
        assert opened.amount == line.unit_price * line.quantity
        assert opened.status is ReturnStatus.REQUESTED
        assert (opened.kind, opened.skus, opened.reason) == ("return", (line.sku,), "不喜欢")
        after = await shop.order(samples.delivered)
        assert after is not None
        assert after.returns == (opened,)
        assert after.status is OrderStatus.RETURNING
        again = shop.create_return(samples.delivered, (line.sku,), "不喜欢", idempotency_key="b")
        assert await refusal(again) == "already_returned"
        rest = await shop.create_return(samples.delivered, (before.lines[1].sku,), "", idempotency_key="c")
        assert rest.return_number != opened.return_number

    async def test_an_exchange_refunds_nothing(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.delivered)
        assert order is not None
        skus = tuple(line.sku for line in order.lines)
        opened = await shop.create_return(samples.delivered, skus, "尺码不合适", kind="exchange", idempotency_key="a")
        assert (opened.kind, opened.amount, opened.skus) == ("exchange", Decimal(0), skus)

    async def test_refuses_returns_by_rule(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(number: str, *skus: str, kind: str = "return") -> str:
            return await refusal(shop.create_return(number, skus, "", kind=kind, idempotency_key=f"{number}{skus}"))

        async def first_sku(number: str) -> str:
            order = await shop.order(number)
            assert order is not None
            return order.lines[0].sku

        assert await rule_for(samples.shipped, await first_sku(samples.shipped)) == "not_delivered"
        assert await rule_for(samples.paid, await first_sku(samples.paid)) == "not_delivered"
        assert await rule_for(samples.over, await first_sku(samples.over)) == "return_window_over"
        assert await rule_for(samples.returning, await first_sku(samples.returning)) == "already_returned"
        assert await rule_for(samples.food, await first_sku(samples.food)) == "not_returnable"
        assert await rule_for(samples.delivered, "no such sku") == "not_in_order"
        assert await rule_for(samples.delivered) == "not_in_order"
        assert await rule_for(samples.delivered, await first_sku(samples.delivered), kind="gift") == "unknown_kind"
        assert await rule_for("00000000", "x") == "unknown_order"

    async def test_changes_the_address_before_shipping(self, shop: Shop, samples: Samples) -> None:
        order = await shop.change_address(samples.paid, " 上海市松江区听雨街1号 ", idempotency_key="a")
        assert order.address == "上海市松江区听雨街1号"
        assert await shop.order(samples.paid) == order
        assert await refusal(shop.change_address(samples.shipped, "x", idempotency_key="b")) == "already_shipped"
        assert await refusal(shop.change_address(samples.paid, " \0", idempotency_key="c")) == "empty_address"

    async def test_takes_an_invoice_request(self, shop: Shop, samples: Samples) -> None:
        assert (await shop.request_invoice(samples.paid, "个人", idempotency_key="a")).invoice == "requested"
        assert (await shop.request_invoice(samples.paid, "某某公司", idempotency_key="b")).invoice == "requested"
        assert await refusal(shop.request_invoice(samples.unpaid, "个人", idempotency_key="c")) == "not_paid"
        assert await refusal(shop.request_invoice(samples.paid, "", idempotency_key="d")) == "empty_title"

    async def test_a_key_belongs_to_one_request(self, shop: Shop, samples: Samples) -> None:
        await shop.change_address(samples.paid, "甲", idempotency_key="a")
        reused = [
            shop.change_address(samples.paid, "乙", idempotency_key="a"),
            shop.change_address(samples.unpaid, "甲", idempotency_key="a"),
            shop.request_invoice(samples.paid, "甲", idempotency_key="a"),
        ]
        for request in reused:
            assert await refusal(request) == "idempotency_key_reused"
        order = await shop.order(samples.paid)
        assert order is not None
        assert (order.address, order.invoice) == ("甲", "none")

    async def test_a_key_gives_its_first_result_after_the_order_moved_on(self, shop: Shop, samples: Samples) -> None:
        first = await shop.change_address(samples.paid, "甲", idempotency_key="a")
        await shop.cancel_order(samples.paid, "", idempotency_key="b")
        assert await shop.change_address(samples.paid, "甲", idempotency_key="a") == first

    async def test_a_refusal_leaves_its_key_free(self, shop: Shop, samples: Samples) -> None:
        assert await refusal(shop.cancel_order(samples.shipped, "", idempotency_key="a")) == "already_shipped"
        assert (await shop.change_address(samples.paid, "甲", idempotency_key="a")).address == "甲"

    async def test_twenty_at_once_with_one_key_open_one_return(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.delivered)
        assert order is not None
        skus = (order.lines[0].sku,)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(shop.create_return(samples.delivered, skus, "不喜欢", idempotency_key="same"))
                for _ in range(20)
            ]
        assert len({task.result().return_number for task in tasks}) == 1
        after = await shop.order(samples.delivered)
        assert after is not None
        assert len(after.returns) == 1

    async def test_ten_at_once_with_their_own_keys_open_one_return(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.delivered)
        assert order is not None
        skus = (order.lines[0].sku,)

        async def attempt(key: str) -> str:
            try:
                return (await shop.create_return(samples.delivered, skus, "", idempotency_key=key)).return_number
            except ActionRefused as refused:
                return refused.rule

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt(str(number))) for number in range(10)]
        outcomes = sorted(task.result() for task in tasks)
        assert outcomes.count("already_returned") == 9
        after = await shop.order(samples.delivered)
        assert after is not None
        assert len(after.returns) == 1

    async def test_a_cancelled_write_happened_whole_or_not_at_all(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.delivered)
        assert order is not None
        skus = (order.lines[0].sku,)
        for steps in range(1, 40, 3):
            task = asyncio.ensure_future(shop.create_return(samples.delivered, skus, "", idempotency_key="a"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        opened = await shop.create_return(samples.delivered, skus, "", idempotency_key="a")
        after = await shop.order(samples.delivered)
        assert after is not None
        assert after.returns == (opened,)
