"""What the demo shop contains, by the names that the conformance suite asks for. Read through the shop itself."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import reading
from dialogue.shop import demo, schema
from dialogue.shop.protocol import Shop
from dialogue.shop.types import Order, OrderStatus
from tests.dialogue.shop.samples import Samples


async def demo_samples(shop: Shop, engine: AsyncEngine, today: date) -> Samples:
    """Of the demo shop on ``engine``, as ``shop`` tells of it."""
    orders = await shop.orders(demo.DEMO_CUSTOMER_ID)
    by_status: dict[OrderStatus, Order] = {order.status: order for order in orders}
    customer = await shop.customer(demo.DEMO_CUSTOMER_ID)
    assert customer is not None
    methods = {method.kind: method.method_id for method in await shop.payment_methods(customer.customer_id)}
    shelf = await shop.search_products("", limit=999)
    family = await shop.variants(next(product.sku for product in shelf if product.family))
    return Samples(
        customer_id=customer.customer_id,
        phone=customer.phone,
        email=customer.email or "",
        postal_code=customer.postal_code or "",
        card=methods["wallet"],
        gift_card=methods["gift_card"],
        family=tuple(product.sku for product in family),
        shipped=by_status[OrderStatus.SHIPPED].order_number,
        delivered=by_status[OrderStatus.DELIVERED].order_number,
        over=by_status[OrderStatus.COMPLETED].order_number,
        paid=by_status[OrderStatus.PAID].order_number,
        unpaid=by_status[OrderStatus.PENDING_PAYMENT].order_number,
        more=3,
        returning=by_status[OrderStatus.RETURNING].order_number,
        food=await _delivered_food(engine),
        cheaper=by_status[OrderStatus.DELIVERED].order_number,
        sold_out=next(product.sku for product in shelf if not product.stock),
        accessorised="SM006",
        pickup_day=today + timedelta(days=2),
        visit_day=today + timedelta(days=3),
        compensation=Decimal("30.00"),
        words="我想买无线蓝牙耳机",
        words_en="true wireless earbuds",
        word_sku="SM001",
    )


async def _delivered_food(engine: AsyncEngine) -> str:
    orders, lines = schema.orders, schema.order_lines
    query = (
        select(orders.c.order_number)
        .join(lines)
        .where(orders.c.status == "delivered", lines.c.position == 1, lines.c.returnable.is_(False))
        .order_by(orders.c.delivered_at.desc())
    )
    async with reading(engine) as connection:
        number: str = (await connection.execute(query)).scalars().first()
    return number
