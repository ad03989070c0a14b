"""Changes of orders in the SQL shop, each inside the caller's transaction: lock, ask the rules, change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.database import storable
from dialogue.errors import ActionRefused
from dialogue.policies import Policies
from dialogue.shop import rules, schema, service_rules
from dialogue.shop.records import load_orders
from dialogue.shop.sql_reads import load_products
from dialogue.shop.types import Order, OrderStatus, PriceAdjustment

MAX_TEXT = 200
"""Characters kept of a reason, an invoice title; an address may have 300."""
MAX_ADDRESS = 300
Change = Callable[[AsyncConnection, Order, datetime], Awaitable[None]]
"""Checks and changes a locked order at this time. Raises ``ActionRefused``."""


def refuse(rule: str | None) -> None:
    """Raise ``ActionRefused`` unless ``rule`` is None."""
    if rule is not None:
        raise ActionRefused(rule)


async def locked_order(connection: AsyncConnection, order_number: str) -> Order:
    """The order, held against other writers until the transaction ends. Raises ``ActionRefused``."""
    table = schema.orders
    query = select(table).where(table.c.order_number == storable(order_number)).with_for_update()
    found = await load_orders(connection, (await connection.execute(query)).mappings().all())
    if not found:
        raise ActionRefused("unknown_order")
    return found[0]


async def set_order(connection: AsyncConnection, order: Order, **values: Any) -> None:
    """Change columns of the order."""
    table = schema.orders
    await connection.execute(update(table).where(table.c.order_number == order.order_number).values(**values))


async def status_before(connection: AsyncConnection, order: Order) -> OrderStatus | None:
    """The status that an undone cancellation or return gives back, None when it was not kept."""
    table = schema.orders
    query = select(table.c.status_before).where(table.c.order_number == order.order_number)
    kept: str | None = (await connection.execute(query)).scalar_one()
    return OrderStatus(kept) if kept else None


def cancel(reason: str, policies: Policies) -> Change:
    """What was reserved goes back on stock, what was paid from a balance goes back to it."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_cancel(order, now, policies=policies))
        refuse(rules.why_not_this_reason(reason, policies=policies))
        await move_balance(connection, order, order.payment_method, order.total)
        await set_order(
            connection,
            order,
            status=OrderStatus.CANCELLED,
            status_before=str(order.status),
            cancelled_at=now,
            cancel_reason=storable(reason)[:MAX_TEXT],
        )
        await move_stock(connection, [(line.sku, line.quantity) for line in order.lines])

    return change


def restore(policies: Policies) -> Change:
    """What is needed is taken from stock again, and from the balance that it was paid with."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_restore(order, now, policies=policies))
        products = await load_products(connection, [line.sku for line in order.lines], lock=True)
        refuse(rules.why_not_restore(order, now, policies=policies, products=products))
        await move_balance(connection, order, order.payment_method, -order.total)
        usual = OrderStatus.PAID if order.paid_at else OrderStatus.PENDING_PAYMENT
        status = await status_before(connection, order) or usual
        await set_order(connection, order, status=status, status_before=None, cancelled_at=None, cancel_reason=None)
        await move_stock(connection, [(line.sku, -line.quantity) for line in order.lines])

    return change


def change_address(address: str) -> Change:
    """Another delivery address."""
    wanted = storable(address).strip()[:MAX_ADDRESS]

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_change_address(order, now) or (None if wanted else "empty_address"))
        await set_order(connection, order, address=wanted)

    return change


def request_invoice(title: str) -> Change:
    """An invoice with this title."""
    wanted = storable(title).strip()[:MAX_TEXT]

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_request_invoice(order, now) or (None if wanted else "empty_title"))
        await set_order(connection, order, invoice="requested", invoice_title=wanted)

    return change


def urge(policies: Policies) -> Change:
    """The warehouse is asked to hurry."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_urge(order, now, policies=policies))
        await set_order(connection, order, urged_at=now)

    return change


async def protect_price(
    connection: AsyncConnection, order_number: str, now: datetime, policies: Policies
) -> PriceAdjustment:
    """Pay back what the order would cost less today."""
    order = await locked_order(connection, order_number)
    products = await load_products(connection, [line.sku for line in order.lines])
    refuse(service_rules.why_not_protect_price(order, products, now, policies=policies))
    amount = service_rules.price_difference(order, products, now, policies=policies)
    await set_order(connection, order, price_adjustment=amount)
    return PriceAdjustment(order.order_number, amount)


async def move_balance(connection: AsyncConnection, order: Order, method_id: str | None, more: Decimal) -> None:
    """Pay ``more`` back to a method of a paid order (negative: take it), where it has a balance. Raises
    ``ActionRefused`` when that is too low."""
    if method_id is None or order.paid_at is None or not more:
        return
    table = schema.payment_methods
    query = select(table.c.balance).where(table.c.method_id == storable(method_id)).with_for_update()
    balance = (await connection.execute(query)).scalar_one_or_none()
    if balance is None:
        return
    refuse("balance_too_low" if balance + more < 0 else None)
    await connection.execute(update(table).where(table.c.method_id == method_id).values(balance=balance + more))


async def move_stock(connection: AsyncConnection, moves: Iterable[tuple[str, int]]) -> None:
    """Put so many more pieces of each on stock."""
    table = schema.products
    # In the order of the skus, so that two changes cannot wait for each other.
    for sku, more in sorted(moves):
        await connection.execute(update(table).where(table.c.sku == sku).values(stock=table.c.stock + more))
