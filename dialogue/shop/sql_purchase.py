"""Orders placed by dialogue, appointments at home and cash back for reviews in the SQL shop, each inside the caller's
transaction; see ``sql_orders``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogue.database import insert_once, storable
from dialogue.policies import Policies
from dialogue.shop import change_rules, order_rules, schema
from dialogue.shop.order_numbers import numbers_for
from dialogue.shop.records import rows, to_cashback, to_visit
from dialogue.shop.sql_changes import load_methods
from dialogue.shop.sql_orders import locked_order, move_balance, move_stock, refuse
from dialogue.shop.sql_reads import load_products
from dialogue.shop.sql_service import locked_customer
from dialogue.shop.types import Cashback, Customer, Order, OrderStatus, Product, Visit, VisitKind

MAX_LINK = 1000
_MAX_NAME, _MAX_PHONE = 64, 16


async def place_order(
    connection: AsyncConnection,
    customer_id: str,
    items: Sequence[tuple[str, int]],
    payment_method: str,
    key: str,
    now: datetime,
    policies: Policies,
) -> Order:
    """A paid order to the customer's address; stock and balance follow."""
    customer = await locked_customer(connection, customer_id)
    products = await load_products(connection, {storable(sku) for sku, _ in items}, lock=True)
    wanted = [(products.get(sku), count) for sku, count in items]
    refuse(order_rules.why_not_order(wanted, policies=policies))
    refuse("already_in_order" if len({sku for sku, _ in items}) < len(items) else None)
    goods = [(product, count) for product, count in wanted if product is not None]
    total = order_rules.total(goods)
    methods = await load_methods(connection, customer.customer_id)
    refuse(change_rules.why_not_settle(methods, storable(payment_method), total))
    number = await _new_number(connection, key)
    await connection.execute(insert(schema.orders).values(_head(number, customer, payment_method, total, now)))
    lines = [_line(number, place, product, count) for place, (product, count) in enumerate(goods, 1)]
    await connection.execute(insert(schema.order_lines), lines)
    order = await locked_order(connection, number)
    await move_stock(connection, [(product.sku, -count) for product, count in goods])
    await move_balance(connection, order, payment_method, -total)
    return order


async def book_visit(
    connection: AsyncConnection,
    order_number: str,
    kind: VisitKind,
    day: date,
    whom: tuple[str | None, str | None],
    now: datetime,
    policies: Policies,
) -> Visit:
    """Somebody comes then; the last booking counts. ``whom``: name and phone, None: the customer's."""
    refuse(None if kind in get_args(VisitKind) else "no_visits")
    order = await locked_order(connection, order_number)
    refuse(order_rules.why_not_visit(order, kind, policies=policies))
    refuse(order_rules.why_not_on(day, now, policies=policies))
    customer = await locked_customer(connection, order.customer_id)
    name, phone = whom[0] or customer.name, whom[1] or customer.phone
    row = {
        "order_number": order.order_number,
        "kind": kind,
        "day": day,
        "name": storable(name)[:_MAX_NAME],
        "phone": storable(phone)[:_MAX_PHONE],
    }
    table = schema.visits
    same = (table.c.order_number == order.order_number, table.c.kind == kind)
    if not await insert_once(connection, table, row):
        await connection.execute(update(table).where(*same).values(**row))
    found = await rows(connection, table, *same)
    return to_visit(found[0])


async def register_cashback(
    connection: AsyncConnection, order_number: str, photo: str, now: datetime, policies: Policies
) -> Cashback:
    """A person has yet to look: this shop cannot tell what is on a picture."""
    order = await locked_order(connection, order_number)
    table = schema.cashbacks
    found = await rows(connection, table, table.c.order_number == order.order_number)
    known = to_cashback(found[0]) if found else None
    refuse(order_rules.why_not_cashback(order, known, policies=policies))
    link = storable(photo).strip()[:MAX_LINK]
    refuse(None if link else "no_photo")
    row = {"order_number": order.order_number, "status": "in_review", "photo": link, "created_at": now}
    refuse(None if await insert_once(connection, table, row) else "already_registered")
    return Cashback(order.order_number, "in_review")


async def _new_number(connection: AsyncConnection, key: str) -> str:
    table = schema.orders
    for number in numbers_for(key):
        if (
            await connection.execute(select(table.c.order_number).where(table.c.order_number == number))
        ).first() is None:
            return number
    raise AssertionError("every order number is taken")


def _head(number: str, customer: Customer, method: str, total: Decimal, now: datetime) -> dict[str, Any]:
    return {
        "order_number": number,
        "customer_id": customer.customer_id,
        "status": OrderStatus.PAID,
        "created_at": now,
        "paid_at": now,
        "total": total,
        "address": customer.address,
        "invoice": "none",
        "payment_method": method,
    }


def _line(number: str, place: int, product: Product, count: int) -> dict[str, Any]:
    return {
        "order_number": number,
        "position": place,
        "sku": product.sku,
        "name": product.name,
        "name_en": product.name_en,
        "quantity": count,
        "unit_price": product.price,
        "returnable": product.returnable,
        "category": product.category,
        "family": product.family,
        "options": dict(product.attributes) if product.family else {},
    }
