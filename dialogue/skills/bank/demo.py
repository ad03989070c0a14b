"""The demo bank's people, cards and payments: ``demo.yaml``, with its days counted from the moment of seeding.

The days move on with the calendar: yesterday's payment is yesterday's whenever the demo is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Column, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue.database import retrying, writing
from dialogue.errors import ShopUnavailable
from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.bank import sql

_FILE = Path(__file__).with_name("demo.yaml")
_MONEY = ("balance", "limit", "bill", "minimum", "amount")


async def seed(engine: AsyncEngine, now: datetime) -> None:
    """Fill an empty bank, or move the days of one that was filled before. Raises ``ShopUnavailable``."""
    await sql.fill(engine, lambda: rows(now))
    await refresh(engine, now)


async def refresh(engine: AsyncEngine, now: datetime) -> int:
    """Move a seeded bank's dates forward; the whole days moved, 0 when fresh or not a demo. Raises ``ShopUnavailable``.

    Whole days since the anchor, not calendar days: an hour ago must not become an hour from now.
    """

    async def transaction() -> int:
        async with writing(engine) as connection:
            query = select(sql.demo.c.anchored_at).with_for_update()
            anchored_at = (await connection.execute(query)).scalar_one_or_none()
            days = (now - anchored_at).days if anchored_at else 0
            if days <= 0:
                return 0
            for column in (sql.payments.c.at, sql.applications.c.since, sql.cards.c.due, sql.demo.c.anchored_at):
                await _move(connection, column, timedelta(days=days))
            return days

    return await retrying(transaction, unavailable=ShopUnavailable)


async def _move(connection: AsyncConnection, column: Column[Any], by: timedelta) -> None:
    """Add ``by``, whole days, to every instant or day of ``column``."""
    (key,) = column.table.primary_key.columns
    found: Sequence[Any] = (await connection.execute(select(key, column).where(column.is_not(None)))).all()
    for name, value in found:
        await connection.execute(update(column.table).where(key == name).values({column: value + by}))


def rows(now: datetime) -> Mapping[Table, list[dict[str, Any]]]:
    """What stands in each table."""
    document = yaml.safe_load(_FILE.read_text("utf-8"))
    return {
        table: [_row(entry, now) for entry in document[name]]
        for name, table in (
            ("customers", sql.customers),
            ("cards", sql.cards),
            ("payments", sql.payments),
            ("applications", sql.applications),
        )
    } | {sql.demo: [{"id": 1, "anchored_at": now}]}


def _row(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {name: Decimal(str(value)) if name in _MONEY else value for name, value in entry.items()}
    if "hours_ago" in row:
        row["at"] = now - timedelta(hours=row.pop("hours_ago"))
    if "days_ago" in row:
        row["since"] = now - timedelta(days=row.pop("days_ago"))
    if "due_in_days" in row:
        days = row.pop("due_in_days")
        row["due"] = None if days is None else now.astimezone(SHOP_ZONE).date() + timedelta(days=days)
    return row
