"""The SQL shop: the conformance suite on SQLite and PostgreSQL, and what only a database can get wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import open_database, reading
from dialogue.errors import ShopUnavailable
from dialogue.policies import shipped_policies
from dialogue.shop import SHOPS, demo, open_shop, schema
from dialogue.shop.rest_client import RestSettings
from dialogue.shop.sql import SqlShop
from tests.dialogue.databases import fixed_clock
from tests.dialogue.shop.conformance import ShopConformance
from tests.dialogue.shop.demo_samples import demo_samples
from tests.dialogue.shop.samples import Samples


@pytest.fixture
def shop(engine: AsyncEngine) -> SqlShop:
    return SqlShop(engine, fixed_clock)


@pytest.fixture
async def samples(shop: SqlShop, engine: AsyncEngine) -> Samples:
    return await demo_samples(shop, engine, fixed_clock().date())


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
