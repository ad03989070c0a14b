"""The demo bank's people, cards and payments: ``demo.yaml``, with its days counted from the moment of seeding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.shop.clock import SHOP_ZONE
from dialogue.skills.bank import sql

_FILE = Path(__file__).with_name("demo.yaml")
_MONEY = ("balance", "limit", "bill", "minimum", "amount")


async def seed(engine: AsyncEngine, now: datetime) -> None:
    """Fill an empty bank. Raises ``ShopUnavailable``."""
    await sql.fill(engine, lambda: rows(now))


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
    }


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
