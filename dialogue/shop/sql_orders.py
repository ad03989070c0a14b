"""Changes of orders in the SQL shop, each inside the caller's transaction: lock, ask the rules, change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.database import storable
from dialogue.errors import ActionRefused
from dialogue.policies import Policies
from dialogue.shop import rules, schema, service_rules
from dialogue.shop.records import load_orders
from dialogue.shop.sql_reads import load_products
from dialogue.shop.types import Order, OrderLine, OrderStatus, PriceAdjustment, Product

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


def cancel(reason: str) -> Change:
    """What was reserved goes back on stock."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_cancel(order, now))
        await set_order(
            connection,
            order,
            status=OrderStatus.CANCELLED,
            status_before=str(order.status),
            cancelled_at=now,
            cancel_reason=storable(reason)[:MAX_TEXT],
        )
        await _move_stock(connection, [(line.sku, line.quantity) for line in order.lines])

    return change


def restore(policies: Policies) -> Change:
    """What is needed is taken from stock again."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        refuse(rules.why_not_restore(order, now, policies=policies))
        products = await load_products(connection, [line.sku for line in order.lines], lock=True)
        refuse(rules.why_not_restore(order, now, policies=policies, products=products))
        usual = OrderStatus.PAID if order.paid_at else OrderStatus.PENDING_PAYMENT
        status = await status_before(connection, order) or usual
        await set_order(connection, order, status=status, status_before=None, cancelled_at=None, cancel_reason=None)
        await _move_stock(connection, [(line.sku, -line.quantity) for line in order.lines])

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


def modify(sku: str, new_sku: str | None, quantity: int | None) -> Change:
    """Another product or quantity for one line; stock and total follow."""
    wanted_sku = sku if new_sku is None else new_sku

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        products = await load_products(connection, {storable(sku), storable(wanted_sku)}, lock=True)
        product = products.get(wanted_sku)
        refuse(rules.why_not_change_line(order, sku, product, quantity))
        line = rules.line_of(order, sku)
        if line is None or product is None:
            raise AssertionError("the rules let an unknown line or product through")
        wanted = line.quantity if quantity is None else quantity
        total = rules.modified_total(order, sku, product, quantity)
        await _set_line(connection, order, line, product, wanted)
        await set_order(connection, order, total=total)
        await _move_stock(connection, [(sku, line.quantity), (wanted_sku, -wanted)])

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


async def _set_line(
    connection: AsyncConnection, order: Order, line: OrderLine, product: Product, quantity: int
) -> None:
    table = schema.order_lines
    values: dict[str, Any] = {"quantity": quantity}
    if product.sku != line.sku:
        values |= {
            "sku": product.sku,
            "name": product.name,
            "name_en": product.name_en,
            "unit_price": product.price,
            "returnable": product.returnable,
            "category": product.category,
        }
    where = (table.c.order_number == order.order_number, table.c.sku == line.sku)
    await connection.execute(update(table).where(*where).values(**values))


async def _move_stock(connection: AsyncConnection, moves: Iterable[tuple[str, int]]) -> None:
    table = schema.products
    # In the order of the skus, so that two changes cannot wait for each other.
    for sku, more in sorted(moves):
        await connection.execute(update(table).where(table.c.sku == sku).values(stock=table.c.stock + more))
