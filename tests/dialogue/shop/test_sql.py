"""The SQL shop: the conformance suite on SQLite and PostgreSQL, and what only a database can get wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import open_database, reading
from dialogue.errors import ShopUnavailable
from dialogue.policies import shipped_policies
from dialogue.shop import SHOPS, demo, open_shop, schema
from dialogue.shop.rest_client import RestSettings
from dialogue.shop.sql import SqlShop
from dialogue.shop.types import Order, OrderStatus
from tests.dialogue.databases import fixed_clock
from tests.dialogue.shop.conformance import ShopConformance
from tests.dialogue.shop.samples import Samples


@pytest.fixture
def shop(engine: AsyncEngine) -> SqlShop:
    return SqlShop(engine, fixed_clock)


@pytest.fixture
async def samples(shop: SqlShop, engine: AsyncEngine) -> Samples:
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
        sold_out=next(product.sku for product in await shop.search_products("", limit=999) if not product.stock),
        accessorised="SM006",
        pickup_day=fixed_clock().date() + timedelta(days=2),
        visit_day=fixed_clock().date() + timedelta(days=3),
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


class TestSqlShop(ShopConformance):
    """Inherits every test of the suite."""


def test_open_shop_resolves_each_registered_back_end(tmp_path) -> None:
    engine = open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    where = RestSettings("http://127.0.0.1:9")
    for name in SHOPS:
        shop = open_shop(name, engine, shipped_policies(), where=where if name == "rest" else None)
        assert shop.order is not None
    with pytest.raises(ShopUnavailable, match="url"):
        open_shop("rest", engine, shipped_policies())
    with pytest.raises(ShopUnavailable, match="no shop back end 'nope': use one of sql"):
        open_shop("nope", engine, shipped_policies())


async def test_cancelling_puts_goods_back_on_stock_once(shop: SqlShop, samples: Samples) -> None:
    order = await shop.order(samples.paid)
    assert order is not None
    line = order.lines[0]
    before = await shop.product(line.sku)
    assert before is not None
    for _ in range(2):
        await shop.cancel_order(samples.paid, "", idempotency_key="a")
    assert await shop.product(line.sku) == replace(before, stock=before.stock + line.quantity)


async def test_an_order_takes_few_queries(shop: SqlShop, engine: AsyncEngine, samples: Samples) -> None:
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    assert len(await shop.orders(samples.customer_id)) == 6
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 5


async def test_a_short_lock_delays_a_write_and_loses_nothing(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("SQLite locks the whole file")
    shop, number = SqlShop(engine, fixed_clock), demo.sample_order_number()
    other = sqlite3.connect(engine.url.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.6, other.execute, ["ROLLBACK"])
    release.start()
    try:
        assert await shop.order(number) is not None
        assert (await shop.request_invoice(number, "个人", idempotency_key="a")).invoice == "requested"
    finally:
        release.join()
        other.close()


async def test_a_long_lock_is_unavailable_and_leaves_nothing(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("SQLite locks the whole file")
    shop, number = SqlShop(engine, fixed_clock, patience_s=0.3), demo.sample_order_number()
    other = sqlite3.connect(engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ShopUnavailable, match="stayed busy"):
        await shop.request_invoice(number, "个人", idempotency_key="a")
    other.execute("ROLLBACK")
    other.close()
    async with reading(engine) as connection:
        keys = await connection.execute(select(func.count()).select_from(schema.idempotency_keys))
        assert keys.scalar_one() == 0


async def test_a_database_that_is_away_is_unavailable() -> None:
    away = open_database("postgresql+asyncpg://postgres@127.0.0.1:1/nowhere")
    with pytest.raises(ShopUnavailable):
        await SqlShop(away, fixed_clock).order("12345678")
    await away.dispose()


async def test_two_processes_with_one_key_write_once(database_url: str) -> None:
    engines = [open_database(database_url) for _ in range(2)]
    shops = [SqlShop(each, fixed_clock) for each in engines]
    order = (await shops[0].orders(demo.DEMO_CUSTOMER_ID))[3]
    skus = (order.lines[0].sku,)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(shop.create_return(order.order_number, skus, "", idempotency_key="a"))
            for shop in shops
            for _ in range(5)
        ]
    assert len({task.result().return_number for task in tasks}) == 1
    for each in engines:
        await each.dispose()
