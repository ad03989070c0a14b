"""What every shop back end must do, whatever lies behind it: subclass ``ShopConformance`` and give two fixtures.

``shop``: the back end, on data of its own for each test; ``samples``: what that data contains. Only the ``Shop``
protocol is used here. dialogue/shop/README.md has an example.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dialogue.errors import ActionRefused
from dialogue.shop.protocol import Shop
from dialogue.shop.types import LineChange, OrderStatus, PostalAddress, ReturnStatus
from tests.dialogue.shop.samples import Samples
from tests.dialogue.shop.writes import WRITES, instead_of, look


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

    async def test_finds_its_customer_by_what_only_they_know(self, shop: Shop, samples: Samples) -> None:
        customer = await shop.customer(samples.customer_id)
        assert customer is not None
        assert await shop.customer_by_email(f" {samples.email.upper()} ") == customer
        assert await shop.customer_by_email("nobody@example.com") is None
        assert await shop.customer_by_name(customer.name, samples.postal_code) == customer
        assert await shop.customer_by_name(customer.name, "00000") is None
        assert await shop.customer_by_name("nobody", samples.postal_code) is None
        for odd in ("", "x' OR 1=1 --", "1\0", "\ud800"):
            assert await shop.customer_by_email(odd) is None
            assert await shop.customer_by_name(odd, odd) is None

    async def test_tells_how_a_customer_pays(self, shop: Shop, samples: Samples) -> None:
        methods = {method.method_id: method for method in await shop.payment_methods(samples.customer_id)}
        assert methods[samples.card].balance is None
        assert methods[samples.gift_card].balance is not None
        assert await shop.payment_methods("nobody") == ()
        order = await shop.order(samples.paid)
        assert order is not None
        assert order.payment_method == samples.card

    async def test_lists_all_variants_of_a_product(self, shop: Shop, samples: Samples) -> None:
        variants = await shop.variants(samples.family[0])
        assert tuple(product.sku for product in variants) == tuple(sorted(samples.family))
        assert len({product.family for product in variants}) == 1
        assert await shop.variants(samples.family[-1]) == variants
        assert await shop.variants("no such sku") == ()

    async def test_pays_with_another_method(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(number: str, method: str) -> str:
            return await refusal(shop.change_payment(number, method, idempotency_key=f"{number}{method}"))

        assert await rule_for(samples.paid, samples.card) == "same_payment_method"
        assert await rule_for(samples.paid, "no such method") == "unknown_payment_method"
        assert await rule_for(samples.shipped, samples.gift_card) == "already_shipped"
        assert await rule_for("00000000", samples.card) == "unknown_order"
        before = await shop.payment_methods(samples.customer_id)
        await shop.change_payment(samples.paid, samples.gift_card, idempotency_key="a")
        await shop.cancel_order(samples.paid, "", idempotency_key="b")
        assert await shop.payment_methods(samples.customer_id) == before, "the gift card has its money back"

    async def test_changes_the_address_of_the_account(self, shop: Shop, samples: Samples) -> None:
        before = await shop.order(samples.paid)
        address = PostalAddress("听雨街1号", city="上海市", postal_code="201600")
        customer = await shop.change_account_address(samples.customer_id, address, idempotency_key="a")
        assert customer == await shop.customer(samples.customer_id)
        assert customer.address == str(address)
        assert await shop.customer_by_name(customer.name, "201600") == customer
        assert await shop.order(samples.paid) == before, "orders keep theirs"
        nobody = shop.change_account_address("nobody", "甲", idempotency_key="b")
        assert await refusal(nobody) == "unknown_customer"
        empty = shop.change_account_address(samples.customer_id, " ", idempotency_key="c")
        assert await refusal(empty) == "empty_address"

    async def test_an_exchange_for_something_else(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(key: str, skus: tuple[str, ...], *new: str, method: str | None = None) -> str:
            wish = shop.create_return(
                samples.delivered, skus, "", kind="exchange", new_skus=new, payment_method=method, idempotency_key=key
            )
            return await refusal(wish)

        order = await shop.order(samples.delivered)
        assert order is not None
        sku = order.lines[0].sku
        assert await rule_for("a", (sku,), "no such sku") == "unknown_product"
        assert await rule_for("b", (sku,), sku, sku) == "no_change"
        new = await instead_of(shop, order.lines[0])
        assert await rule_for("c", (sku,), new, method="no such method") == "unknown_payment_method"
        elsewhere = shop.create_return(samples.delivered, (sku,), "", payment_method="nowhere", idempotency_key="d")
        assert await refusal(elsewhere) == "unknown_payment_method"
        opened = await shop.create_return(
            samples.delivered, (sku,), "", kind="exchange", new_skus=(new,), idempotency_key="e"
        )
        product = await shop.product(new)
        assert product is not None
        assert (opened.new_skus, opened.payment_method) == ((new,), None)
        assert opened.difference == (product.price - order.lines[0].unit_price) * order.lines[0].quantity

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

    async def test_tells_what_every_product_is_called(self, shop: Shop, samples: Samples) -> None:
        catalogue = await shop.catalogue()
        assert [sku for sku, _ in catalogue] == sorted({sku for sku, _ in catalogue})
        found = await shop.product(samples.word_sku)
        assert found is not None
        assert {found.name, found.name_en} <= set(dict(catalogue)[samples.word_sku])
        for product in await shop.search_products(samples.words, limit=20):
            assert product.sku in dict(catalogue)

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

    @pytest.mark.parametrize("name", WRITES)
    async def test_a_write_happens_once_however_often_it_is_asked_for(
        self, shop: Shop, samples: Samples, name: str
    ) -> None:
        write = WRITES[name]
        await write.prepare(shop, samples)
        before = await look(shop, samples)
        first = await write.call(shop, samples, "a")
        after = await look(shop, samples)
        write.check(before, after, samples, first)
        async with asyncio.TaskGroup() as group:
            again = [group.create_task(_awaited(write.call(shop, samples, "a"))) for _ in range(5)]
        assert all(task.result() == first for task in again)
        assert await look(shop, samples) == after

    @pytest.mark.parametrize("name", WRITES)
    async def test_several_at_once_with_one_key_write_once(self, shop: Shop, samples: Samples, name: str) -> None:
        write = WRITES[name]
        await write.prepare(shop, samples)
        before = await look(shop, samples)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(write.call(shop, samples, "a"))) for _ in range(8)]
        results = [task.result() for task in tasks]
        assert all(result == results[0] for result in results)
        write.check(before, await look(shop, samples), samples, results[0])

    @pytest.mark.parametrize("name", WRITES)
    async def test_a_cancelled_write_happened_whole_or_not_at_all(
        self, shop: Shop, samples: Samples, name: str
    ) -> None:
        write = WRITES[name]
        await write.prepare(shop, samples)
        before = await look(shop, samples)
        for steps in range(1, 40, 5):
            task = asyncio.ensure_future(_awaited(write.call(shop, samples, "a")))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        result = await write.call(shop, samples, "a")
        write.check(before, await look(shop, samples), samples, result)

    async def test_restores_what_was_cancelled(self, shop: Shop, samples: Samples) -> None:
        before = await shop.order(samples.paid)
        assert await refusal(shop.restore_order(samples.paid, idempotency_key="a")) == "not_cancelled"
        await shop.cancel_order(samples.paid, "", idempotency_key="b")
        assert await shop.restore_order(samples.paid, idempotency_key="c") == before
        await shop.cancel_order(samples.unpaid, "", idempotency_key="d")
        assert (await shop.restore_order(samples.unpaid, idempotency_key="e")).status is OrderStatus.PENDING_PAYMENT
        assert await refusal(shop.restore_order("00000000", idempotency_key="f")) == "unknown_order"

    async def test_urges_what_has_not_shipped(self, shop: Shop, samples: Samples) -> None:
        await shop.urge_order(samples.paid, idempotency_key="a")
        assert await refusal(shop.urge_order(samples.paid, idempotency_key="b")) == "already_urged"
        assert await refusal(shop.urge_order(samples.unpaid, idempotency_key="c")) == "not_paid"
        assert await refusal(shop.urge_order(samples.shipped, idempotency_key="d")) == "already_shipped"
        await shop.cancel_order(samples.paid, "", idempotency_key="e")
        assert await refusal(shop.urge_order(samples.paid, idempotency_key="f")) == "already_cancelled"

    async def test_changes_the_product_of_a_line(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.unpaid)
        assert order is not None
        line = order.lines[0]
        old = await shop.product(line.sku)
        assert old is not None
        shelf = await shop.search_products("", category=old.category, in_stock=True, limit=99)
        new = next(product for product in shelf if product.sku != line.sku and product.stock >= line.quantity)
        changed = await shop.modify_order(samples.unpaid, (LineChange(line.sku, new.sku),), idempotency_key="a")
        assert [(each.sku, each.quantity, each.unit_price) for each in changed.lines] == [
            (new.sku, line.quantity, new.price)
        ]
        assert changed.total == order.total + (new.price - line.unit_price) * line.quantity
        old_after, new_after = await shop.product(old.sku), await shop.product(new.sku)
        assert old_after is not None
        assert new_after is not None
        assert old_after.stock == old.stock + line.quantity
        assert new_after.stock == new.stock - line.quantity

    async def test_refuses_to_modify_by_rule(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(
            number: str, sku: str | None = None, new_sku: str | None = None, quantity: int | None = None
        ) -> str:
            order = await shop.order(number)
            old = sku or (order.lines[0].sku if order else "x")
            key = f"{number}{sku}{new_sku}{quantity}"
            changes = (LineChange(old, new_sku, quantity),)
            return await refusal(shop.modify_order(number, changes, idempotency_key=key))

        delivered = await shop.order(samples.delivered)
        assert delivered is not None
        assert await rule_for(samples.shipped, quantity=2) == "already_shipped"
        assert await rule_for(samples.paid, sku="no such sku", quantity=2) == "not_in_order"
        assert await rule_for(samples.paid, new_sku="no such sku") == "unknown_product"
        assert await rule_for(samples.paid) == "same_thing"
        assert await rule_for(samples.paid, quantity=0) == "bad_quantity"
        other = next(p for p in await shop.search_products("", in_stock=True, limit=999) if p.sku == samples.word_sku)
        assert await rule_for(samples.unpaid, new_sku=other.sku) == "other_category"
        sold_out = await shop.product(samples.sold_out)
        assert sold_out is not None
        assert await rule_for("00000000", quantity=2) == "unknown_order"

    async def test_protects_a_price_once(self, shop: Shop, samples: Samples) -> None:
        adjustment = await shop.protect_price(samples.cheaper, idempotency_key="a")
        assert adjustment.order_number == samples.cheaper
        assert await refusal(shop.protect_price(samples.cheaper, idempotency_key="b")) == "already_protected"
        assert await refusal(shop.protect_price(samples.paid, idempotency_key="c")) == "not_cheaper"
        assert await refusal(shop.protect_price(samples.unpaid, idempotency_key="d")) == "not_paid"
        assert await refusal(shop.protect_price(samples.over, idempotency_key="e")) == "price_window_over"

    async def test_books_moves_and_withdraws(self, shop: Shop, samples: Samples) -> None:
        order = await shop.order(samples.returning)
        assert order is not None
        number, day = order.returns[0].return_number, samples.pickup_day
        await shop.book_pickup(number, day, "morning", idempotency_key="a")
        moved = await shop.book_pickup(number, day, "afternoon", idempotency_key="b")
        assert moved.pickup_part == "afternoon"
        late = shop.book_pickup(number, day + timedelta(days=300), "morning", idempotency_key="c")
        assert await refusal(late) == "day_not_offered"
        assert await refusal(shop.book_pickup("R0", day, "morning", idempotency_key="d")) == "unknown_return"
        gone = await shop.withdraw_return(number, idempotency_key="e")
        assert (gone.pickup_day, gone.pickup_part) == (None, None)
        assert await refusal(shop.withdraw_return(number, idempotency_key="f")) == "already_withdrawn"
        assert await refusal(shop.withdraw_return("R0", idempotency_key="g")) == "unknown_return"
        assert await refusal(shop.book_pickup(number, day, "morning", idempotency_key="h")) == "not_open"
        again = shop.create_return(samples.returning, (order.lines[0].sku,), "质量问题", idempotency_key="i")
        assert (await again).return_number != number

    async def test_notes_who_waits_for_a_product(self, shop: Shop, samples: Samples) -> None:
        assert await shop.notify_restock(samples.sold_out, samples.customer_id, idempotency_key="a")
        assert not await shop.notify_restock(samples.sold_out, samples.customer_id, idempotency_key="b")
        in_stock = shop.notify_restock(samples.word_sku, samples.customer_id, idempotency_key="c")
        assert await refusal(in_stock) == "in_stock"
        unknown = shop.notify_restock("no such sku", samples.customer_id, idempotency_key="d")
        assert await refusal(unknown) == "unknown_product"
        nobody = shop.notify_restock(samples.sold_out, "nobody", idempotency_key="e")
        assert await refusal(nobody) == "unknown_customer"

    async def test_opens_tickets_within_policy(self, shop: Shop, samples: Samples) -> None:
        async def opened(key: str, **changes: Any) -> Any:
            given: dict[str, Any] = {"customer_id": samples.customer_id, "order_number": None, "text": "x"}
            return await shop.open_ticket(changes.pop("kind", "complaint"), **given | changes, idempotency_key=key)

        first = await opened("a", compensation=samples.compensation)
        assert first.due_at > first.created_at
        assert (await shop.tickets(samples.customer_id))[0] == first
        over = await refusal(opened("b", compensation=samples.compensation))
        assert over == "compensation_over_limit"
        assert await refusal(opened("c", compensation=Decimal(0))) == "bad_amount"
        assert await refusal(opened("d", customer_id="nobody")) == "unknown_customer"
        assert await refusal(opened("e", order_number="00000000")) == "unknown_order"
        assert (await opened("f", customer_id=None, order_number=samples.paid)).order_number == samples.paid
        anonymous = await opened("g", customer_id=None, kind="follow_up")
        assert anonymous.ticket_number != first.ticket_number
        assert await shop.tickets("nobody") == ()

    async def test_two_compensations_at_once_stay_within_the_limit(self, shop: Shop, samples: Samples) -> None:
        async def attempt(key: str) -> bool:
            try:
                await shop.open_ticket(
                    "complaint",
                    customer_id=samples.customer_id,
                    order_number=None,
                    text="x",
                    compensation=samples.compensation,
                    idempotency_key=key,
                )
            except ActionRefused:
                return False
            return True

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt(str(number))) for number in range(6)]
        assert sum(task.result() for task in tasks) == 1

    async def test_refuses_orders_that_cannot_be_placed(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(key: str, *items: tuple[str, int], method: str = samples.card, who: str = "") -> str:
            wish = shop.place_order(who or samples.customer_id, items, method, idempotency_key=key)
            return await refusal(wish)

        before = await shop.orders(samples.customer_id, 100)
        known = (samples.word_sku, 1)
        assert await rule_for("a", ("no such sku", 1)) == "unknown_product"
        assert await rule_for("b") == "unknown_product"
        assert await rule_for("c", (samples.word_sku, 0)) == "bad_quantity"
        assert await rule_for("d", (samples.sold_out, 1)) == "out_of_stock"
        assert await rule_for("e", known, known) == "already_in_order"
        assert await rule_for("f", known, method="no such method") == "unknown_payment_method"
        assert await rule_for("g", known, who="nobody") == "unknown_customer"
        assert await rule_for("h", (samples.word_sku, 90), method=samples.gift_card) == "balance_too_low"
        assert await shop.orders(samples.customer_id, 100) == before

    async def test_an_order_takes_the_balance_and_a_cancellation_gives_it_back(
        self, shop: Shop, samples: Samples
    ) -> None:
        before = await shop.payment_methods(samples.customer_id)
        items = ((samples.family[0], 1),)
        order = await shop.place_order(samples.customer_id, items, samples.gift_card, idempotency_key="a")
        after = {method.method_id: method.balance for method in await shop.payment_methods(samples.customer_id)}
        (paid,) = [method.balance for method in before if method.method_id == samples.gift_card]
        assert paid is not None
        assert after[samples.gift_card] == paid - order.total
        await shop.cancel_order(order.order_number, "", idempotency_key="b")
        assert await shop.payment_methods(samples.customer_id) == before

    async def test_moves_an_appointment(self, shop: Shop, samples: Samples) -> None:
        first = await shop.book_visit(samples.paid, "installation", samples.visit_day, idempotency_key="a")
        next_day = samples.visit_day + timedelta(days=1)
        moved = await shop.book_visit(
            samples.paid, "installation", next_day, name="林先生", phone="19900001234", idempotency_key="b"
        )
        assert (moved.day, moved.name, moved.phone) == (next_day, "林先生", "19900001234")
        assert first.day != moved.day
        assert await shop.visits(samples.paid) == (moved,)
        past = shop.book_visit(samples.paid, "installation", samples.visit_day - timedelta(days=9), idempotency_key="c")
        assert await refusal(past) == "day_not_offered"
        unknown = shop.book_visit("00000000", "installation", samples.visit_day, idempotency_key="d")
        assert await refusal(unknown) == "unknown_order"
        await shop.cancel_order(samples.unpaid, "", idempotency_key="e")
        gone = shop.book_visit(samples.unpaid, "installation", samples.visit_day, idempotency_key="f")
        assert await refusal(gone) == "already_cancelled"
        assert await shop.visits("no such order") == ()

    async def test_registers_a_review_once(self, shop: Shop, samples: Samples) -> None:
        async def rule_for(number: str, photo: str = "https://img.example.com/1.jpg") -> str:
            return await refusal(shop.register_cashback(number, photo, idempotency_key=f"{number}{photo}"))

        assert await shop.cashback(samples.delivered) is None
        assert await rule_for(samples.delivered, " ") == "no_photo"
        assert await rule_for(samples.unpaid) == "not_paid"
        assert await rule_for("00000000") == "unknown_order"
        await shop.register_cashback(samples.delivered, "https://img.example.com/2.jpg", idempotency_key="a")
        assert await rule_for(samples.delivered) == "already_registered"
        assert await shop.cashback("no such order") is None

    async def test_reads_coupons_reviews_and_relations(self, shop: Shop, samples: Samples) -> None:
        coupons = await shop.coupons(samples.customer_id)
        assert [each.valid_until for each in coupons] == sorted(each.valid_until for each in coupons)
        assert all(each.amount > 0 for each in coupons)
        assert coupons
        assert await shop.coupons("nobody") == ()
        reviews = await shop.reviews(samples.word_sku)
        assert reviews is not None
        assert 1 <= reviews.average <= 5
        assert await shop.reviews("no such sku") is None
        accessories = await shop.related(samples.accessorised, "accessory")
        assert accessories
        assert all(each.reason and each.sku != samples.accessorised for each in accessories)
        assert await shop.related(samples.accessorised, "accessory", limit=1) == accessories[:1]
        assert await shop.related("no such sku", "substitute") == ()
        for relation in ("accessory", "compatible", "substitute", "also_bought"):
            assert await shop.related("", relation) == ()


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
