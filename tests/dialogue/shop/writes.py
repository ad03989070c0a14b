"""Every WRITE of ``Shop`` as a case: how to get ready, what to call, what must be true after exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dialogue.shop.change_rules import why_not_instead
from dialogue.shop.protocol import Shop
from dialogue.shop.types import (
    Cashback,
    Customer,
    LineChange,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMethod,
    Return,
    ReturnStatus,
    Visit,
)
from tests.dialogue.shop.samples import Samples


@dataclass(frozen=True)
class World:
    """What the WRITEs of the suite may change."""

    orders: tuple[Order, ...]
    stock: dict[str, int]
    tickets: int
    customer: Customer | None
    methods: tuple[PaymentMethod, ...]
    visits: tuple[Visit, ...]
    """For ``Samples.paid``."""
    cashback: Cashback | None
    """For ``Samples.delivered``."""

    def order(self, number: str) -> Order:
        return next(order for order in self.orders if order.order_number == number)


async def look(shop: Shop, samples: Samples) -> World:
    orders = await shop.orders(samples.customer_id, 100)
    skus = {line.sku for order in orders for line in order.lines} | {samples.sold_out}
    products = [await shop.product(sku) for sku in sorted(skus)]
    stock = {product.sku: product.stock for product in products if product is not None}
    customer, methods = await shop.customer(samples.customer_id), await shop.payment_methods(samples.customer_id)
    visits, cashback = await shop.visits(samples.paid), await shop.cashback(samples.delivered)
    tickets = len(await shop.tickets(samples.customer_id))
    return World(orders, stock, tickets, customer, methods, visits, cashback)


async def nothing(shop: Shop, samples: Samples) -> None:
    pass


Check = Callable[[World, World, Samples, Any], None]


@dataclass(frozen=True)
class Write:
    """One WRITE. ``call`` gives a fresh awaitable for a key; ``check`` compares the world before and after."""

    call: Callable[[Shop, Samples, str], Awaitable[Any]]
    check: Check
    prepare: Callable[[Shop, Samples], Awaitable[Any]] = nothing


def _line(world: World, number: str) -> tuple[str, int]:
    line = world.order(number).lines[0]
    return line.sku, line.quantity


async def _open_return(shop: Shop, samples: Samples) -> Return:
    order = await shop.order(samples.returning)
    assert order is not None
    return order.returns[0]


def _cancelled(before: World, after: World, samples: Samples, result: Order) -> None:
    sku, quantity = _line(before, samples.paid)
    assert after.order(samples.paid).status is OrderStatus.CANCELLED
    assert after.stock[sku] == before.stock[sku] + quantity


async def _cancel(shop: Shop, samples: Samples) -> None:
    await shop.cancel_order(samples.paid, "", idempotency_key="prepare")


def _restored(before: World, after: World, samples: Samples, result: Order) -> None:
    sku, quantity = _line(before, samples.paid)
    assert after.order(samples.paid).status is OrderStatus.PAID
    assert after.order(samples.paid).cancelled_at is None
    assert after.stock[sku] == before.stock[sku] - quantity


async def _more(shop: Shop, samples: Samples, key: str) -> Order:
    order = await shop.order(samples.unpaid)
    assert order is not None
    changes = (LineChange(order.lines[0].sku, None, samples.more),)
    return await shop.modify_order(samples.unpaid, changes, idempotency_key=key)


def _modified(before: World, after: World, samples: Samples, result: Order) -> None:
    line, was = after.order(samples.unpaid).lines[0], before.order(samples.unpaid)
    extra = samples.more - was.lines[0].quantity
    assert line.quantity == samples.more
    assert after.stock[line.sku] == before.stock[line.sku] - extra
    assert after.order(samples.unpaid).total == was.total + line.unit_price * extra


def _addressed(before: World, after: World, samples: Samples, result: Order) -> None:
    assert after.order(samples.paid).address == "甲"


def _moved(before: World, after: World, samples: Samples, result: Customer) -> None:
    assert after.customer == result
    assert result.address == "乙"


def _repaid(before: World, after: World, samples: Samples, result: Order) -> None:
    assert after.order(samples.paid).payment_method == samples.gift_card
    (old,), (new,) = (
        [method.balance for method in world.methods if method.method_id == samples.gift_card]
        for world in (before, after)
    )
    assert old is not None
    assert new == old - before.order(samples.paid).total


def _invoiced(before: World, after: World, samples: Samples, result: Order) -> None:
    assert after.order(samples.paid).invoice == "requested"


def _urged(before: World, after: World, samples: Samples, result: Order) -> None:
    assert before.order(samples.paid).urged_at is None
    assert after.order(samples.paid).urged_at == result.urged_at is not None


def _protected(before: World, after: World, samples: Samples, result: Any) -> None:
    assert result.amount > 0
    assert after.order(samples.cheaper).price_adjustment == result.amount


async def instead_of(shop: Shop, line: OrderLine) -> str:
    """A product in stock that the shop's rules allow in exchange for this line."""
    variants = await shop.variants(line.sku)
    shelf = await shop.search_products("", category=line.category, in_stock=True, limit=99)
    return next(
        product.sku
        for product in (*variants, *shelf)
        if product.stock >= line.quantity and why_not_instead(line, product, policies=shop.policies) is None
    )


async def _exchange(shop: Shop, samples: Samples, key: str) -> Return:
    order = await shop.order(samples.delivered)
    assert order is not None
    skus = tuple(line.sku for line in order.lines[:2])
    new = tuple([await instead_of(shop, line) for line in order.lines[:2]])
    return await shop.create_return(
        samples.delivered, skus, "", kind="exchange", new_skus=new, payment_method=samples.card, idempotency_key=key
    )


def _exchanged(before: World, after: World, samples: Samples, result: Return) -> None:
    assert after.order(samples.delivered).returns == (result,)
    assert (result.kind, result.payment_method) == ("exchange", samples.card)
    assert len(result.skus) == len(result.new_skus) == 2


async def _return(shop: Shop, samples: Samples, key: str) -> Return:
    order = await shop.order(samples.delivered)
    assert order is not None
    return await shop.create_return(samples.delivered, (order.lines[0].sku,), "不喜欢", idempotency_key=key)


def _returned(before: World, after: World, samples: Samples, result: Return) -> None:
    assert after.order(samples.delivered).returns == (result,)


async def _pick_up(shop: Shop, samples: Samples, key: str) -> Return:
    entry = await _open_return(shop, samples)
    return await shop.book_pickup(entry.return_number, samples.pickup_day, "morning", idempotency_key=key)


def _fetched(before: World, after: World, samples: Samples, result: Return) -> None:
    (entry,) = after.order(samples.returning).returns
    assert entry == result
    assert (entry.pickup_day, entry.pickup_part) == (samples.pickup_day, "morning")


async def _withdraw(shop: Shop, samples: Samples, key: str) -> Return:
    entry = await _open_return(shop, samples)
    return await shop.withdraw_return(entry.return_number, idempotency_key=key)


def _withdrawn(before: World, after: World, samples: Samples, result: Return) -> None:
    assert result.status is ReturnStatus.WITHDRAWN
    assert after.order(samples.returning).returns == (result,)
    assert after.order(samples.returning).status is OrderStatus.DELIVERED


def _noted(before: World, after: World, samples: Samples, result: bool) -> None:
    assert result is True


async def _ticket(shop: Shop, samples: Samples, key: str) -> Any:
    return await shop.open_ticket(
        "complaint",
        customer_id=samples.customer_id,
        order_number=samples.shipped,
        text="配送太慢",
        compensation=samples.compensation,
        idempotency_key=key,
    )


def _ticketed(before: World, after: World, samples: Samples, result: Any) -> None:
    assert after.tickets == before.tickets + 1
    assert (result.kind, result.status, result.compensation) == ("complaint", "open", samples.compensation)


async def _place(shop: Shop, samples: Samples, key: str) -> Order:
    items = ((samples.word_sku, 2), (samples.family[0], 1))
    return await shop.place_order(samples.customer_id, items, samples.card, idempotency_key=key)


def _placed(before: World, after: World, samples: Samples, result: Order) -> None:
    known = {order.order_number for order in before.orders}
    (new,) = [order for order in after.orders if order.order_number not in known]
    assert new == result
    assert [(line.sku, line.quantity) for line in new.lines] == [(samples.word_sku, 2), (samples.family[0], 1)]
    assert (new.status, new.payment_method) == (OrderStatus.PAID, samples.card)
    assert new.total == sum(line.unit_price * line.quantity for line in new.lines)
    assert after.customer is not None
    assert new.address == after.customer.address


async def _visit(shop: Shop, samples: Samples, key: str) -> Visit:
    return await shop.book_visit(samples.paid, "installation", samples.visit_day, idempotency_key=key)


def _visited(before: World, after: World, samples: Samples, result: Visit) -> None:
    assert after.visits == (result,)
    assert before.visits == ()
    assert after.customer is not None
    assert (result.day, result.name, result.phone) == (samples.visit_day, after.customer.name, samples.phone)


async def _review(shop: Shop, samples: Samples, key: str) -> Cashback:
    return await shop.register_cashback(samples.delivered, "https://img.example.com/1.jpg", idempotency_key=key)


def _reviewed(before: World, after: World, samples: Samples, result: Cashback) -> None:
    assert before.cashback is None
    assert after.cashback == result


WRITES: dict[str, Write] = {
    "cancel_order": Write(lambda shop, s, key: shop.cancel_order(s.paid, "", idempotency_key=key), _cancelled),
    "restore_order": Write(lambda shop, s, key: shop.restore_order(s.paid, idempotency_key=key), _restored, _cancel),
    "modify_order": Write(_more, _modified),
    "change_address": Write(lambda shop, s, key: shop.change_address(s.paid, "甲", idempotency_key=key), _addressed),
    "change_account_address": Write(
        lambda shop, s, key: shop.change_account_address(s.customer_id, "乙", idempotency_key=key), _moved
    ),
    "change_payment": Write(
        lambda shop, s, key: shop.change_payment(s.paid, s.gift_card, idempotency_key=key), _repaid
    ),
    "request_invoice": Write(lambda shop, s, key: shop.request_invoice(s.paid, "乙", idempotency_key=key), _invoiced),
    "urge_order": Write(lambda shop, s, key: shop.urge_order(s.paid, idempotency_key=key), _urged),
    "protect_price": Write(lambda shop, s, key: shop.protect_price(s.cheaper, idempotency_key=key), _protected),
    "create_return": Write(_return, _returned),
    "create_return of an exchange": Write(_exchange, _exchanged),
    "book_pickup": Write(_pick_up, _fetched),
    "withdraw_return": Write(_withdraw, _withdrawn),
    "notify_restock": Write(
        lambda shop, s, key: shop.notify_restock(s.sold_out, s.customer_id, idempotency_key=key), _noted
    ),
    "open_ticket": Write(_ticket, _ticketed),
    "place_order": Write(_place, _placed),
    "book_visit": Write(_visit, _visited),
    "register_cashback": Write(_review, _reviewed),
}
