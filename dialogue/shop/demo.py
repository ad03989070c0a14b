"""The demo shop in the database: seed it, keep its dates fresh, name an order to ask about.

``python -m dialogue.shop.demo --seed 20261122 --url sqlite+aiosqlite:///build/kefu.db`` migrates and seeds.

Its dates are relative to the moment of seeding (``shop_demo.anchored_at``). ``refresh`` moves every instant in the
shop forward by the whole days that have passed since, so that 「明天到」 stays true; what customers did in the demo
moves with it, so the order of things never changes. Run it at start-up and once a day. It touches only a seeded shop.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import UtcDateTime, insert_once, migrate, open_database, retrying, writing
from dialogue.errors import DialogueError, ShopUnavailable
from dialogue.shop import schema
from dialogue.shop.clock import wall_clock
from dialogue.shop.demo_rows import DEMO_CUSTOMER_ID, demo_rows, order_numbers

__all__ = ["DEFAULT_SEED", "DEMO_CUSTOMER_ID", "SHOP_NAME", "refresh", "sample_order_number", "seed"]

SHOP_NAME = "拾光小铺"
DEFAULT_SEED = 20261122
_ROW = 1
_TABLES = (
    schema.customers,
    schema.products,
    schema.orders,
    schema.order_lines,
    schema.shipments,
    schema.tracking_events,
    schema.returns,
    schema.relations,
    schema.reviews,
    schema.coupons,
    schema.tickets,
    schema.restock_notices,
    schema.payment_methods,
)


def sample_order_number(seed: int = DEFAULT_SEED) -> str:
    """The demo customer's newest order: shipped, and expected tomorrow or the day after."""
    return next(order_numbers(seed))


async def seed(engine: AsyncEngine, *, now: datetime, seed: int = DEFAULT_SEED) -> bool:
    """Fill an empty shop; True when it did, False when there was anything in it. Raises ``ShopUnavailable``."""
    rows = await asyncio.to_thread(demo_rows, seed, now)

    async def transaction() -> bool:
        async with writing(engine) as connection:
            # Taking the row first makes a second process wait here and then find a shop that is not empty.
            anchor = {"id": _ROW, "seed": seed, "anchored_at": now}
            if not await insert_once(connection, schema.demo, anchor):
                return False
            if not await _is_empty(connection):
                await connection.rollback()
                return False
            for table in _TABLES:
                await connection.execute(insert(table), getattr(rows, table.name.removeprefix("shop_")))
            return True

    return await retrying(transaction, unavailable=ShopUnavailable)


async def refresh(engine: AsyncEngine, *, now: datetime) -> int:
    """Move a seeded shop's dates forward; the whole days moved, 0 when fresh or not a demo. Raises ``ShopUnavailable``.

    Whole days since the anchor, not calendar days: an hour ago must not become an hour from now.
    """

    async def transaction() -> int:
        async with writing(engine) as connection:
            query = select(schema.demo.c.anchored_at).with_for_update()
            anchored_at = (await connection.execute(query)).scalar_one_or_none()
            days = (now - anchored_at).days if anchored_at else 0
            if days <= 0:
                return 0
            for table in (*_TABLES, schema.idempotency_keys, schema.demo):
                await _shift(connection, table, timedelta(days=days))
            return days

    return await retrying(transaction, unavailable=ShopUnavailable)


async def _is_empty(connection: AsyncConnection) -> bool:
    for table in (schema.customers, schema.products):
        if (await connection.execute(select(func.count()).select_from(table))).scalar_one():
            return False
    return True


async def _shift(connection: AsyncConnection, table: Table, by: timedelta) -> None:
    """Add ``by``, whole days, to every instant and day of ``table``."""
    instants = [column for column in table.columns if isinstance(column.type, UtcDateTime | Date)]
    if not instants:
        return
    keys = list(table.primary_key.columns)
    found = (await connection.execute(select(*keys, *instants))).all()
    moved = [
        {f"old_{key.name}": row._mapping[key] for key in keys}
        | {column.name: _plus(row._mapping[column], by) for column in instants}
        for row in found
    ]
    if moved:
        where = [key == bindparam(f"old_{key.name}") for key in keys]
        values: dict[str, Any] = {column.name: bindparam(column.name) for column in instants}
        await connection.execute(update(table).where(*where).values(values), moved)


def _plus(at: date | None, by: timedelta) -> date | None:
    return None if at is None else at + by


async def _main(url: str, number: int) -> None:
    engine = open_database(url)
    try:
        await migrate(engine)
        now = wall_clock()
        if await seed(engine, now=now, seed=number):
            done = f"seeded: 200 products, 60 customers, 400 orders; ask about order {sample_order_number(number)}"
        else:
            done = f"not empty, left as it is; dates moved by {await refresh(engine, now=now)} days"
    finally:
        await engine.dispose()
    sys.stdout.write(f"{SHOP_NAME}: {done}\n")


def main() -> None:
    """Seed the shop from the command line."""
    parser = argparse.ArgumentParser(prog="python -m dialogue.shop.demo", description="Seed the demo shop.")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--url", default="sqlite+aiosqlite:///build/kefu.db")
    given = parser.parse_args()
    try:
        asyncio.run(_main(given.url, given.seed))
    except DialogueError as error:
        sys.exit(f"demo shop: {error}")


if __name__ == "__main__":
    main()
