"""What is put in the place of something ordered, and how an order is paid, in the SQL shop; see ``sql_orders``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.database import storable
from dialogue.policies import Policies
from dialogue.shop import change_rules, schema
from dialogue.shop.records import to_payment_method
from dialogue.shop.sql_orders import Change, move_balance, move_stock, refuse, set_order
from dialogue.shop.sql_reads import load_products
from dialogue.shop.types import LineChange, Order, OrderLine, PaymentMethod, Product


async def load_methods(connection: AsyncConnection, customer_id: str) -> tuple[PaymentMethod, ...]:
    """The customer's ways to pay, held until the transaction ends."""
    table = schema.payment_methods
    query = select(table).where(table.c.customer_id == customer_id).order_by(table.c.method_id).with_for_update()
    return tuple(to_payment_method(row) for row in (await connection.execute(query)).mappings())


def modify(changes: Sequence[LineChange], payment_method: str | None, policies: Policies) -> Change:
    """Other products or quantities for lines; stock, total and balances follow."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        wanted = {storable(each.new_sku or each.sku) for each in changes} | {storable(each.sku) for each in changes}
        products = await load_products(connection, wanted, lock=True)
        refuse(change_rules.why_not_change_lines(order, changes, products, policies=policies))
        methods = await load_methods(connection, order.customer_id)
        more = change_rules.difference(order, changes, products)
        refuse(change_rules.why_not_settle(methods, payment_method, more))
        moves = []
        for each in changes:
            line, product = change_rules.line_of(order, each.sku), products[each.new_sku or each.sku]
            if line is None:
                raise AssertionError("the rules let an unknown line through")
            quantity = line.quantity if each.quantity is None else each.quantity
            moves += [(line.sku, line.quantity), (product.sku, -quantity)]
            await _set_line(connection, order, line, product, quantity)
        total = change_rules.changed_total(order, changes, products)
        await set_order(connection, order, total=total, modified=True)
        await move_stock(connection, moves)
        await move_balance(connection, order, payment_method or order.payment_method, -more)

    return change


def change_payment(method_id: str) -> Change:
    """Another method pays; what was paid goes back."""

    async def change(connection: AsyncConnection, order: Order, now: datetime) -> None:
        methods = await load_methods(connection, order.customer_id)
        refuse(change_rules.why_not_change_payment(order, methods, method_id))
        await move_balance(connection, order, order.payment_method, order.total)
        await move_balance(connection, order, method_id, -order.total)
        await set_order(connection, order, payment_method=method_id)

    return change


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
            "family": product.family,
            "options": dict(product.attributes) if product.family else {},
        }
    where = (table.c.order_number == order.order_number, table.c.sku == line.sku)
    await connection.execute(update(table).where(*where).values(**values))
