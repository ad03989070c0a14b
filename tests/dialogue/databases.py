"""Databases for tests, on SQLite and on PostgreSQL: migrated and seeded once, fresh for each test.

``KEFU_TEST_POSTGRES`` names another server (without a database); where none answers, its tests are skipped.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol

import asyncpg

from dialogue.database import metadata, migrate, open_database
from dialogue.shop import demo
from dialogue.shop.clock import SHOP_ZONE

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHOP_ZONE)
POSTGRES = os.environ.get("KEFU_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432")
_numbers = count(1)


def fixed_clock() -> datetime:
    """The moment when the test's shop was seeded."""
    return NOW


class Template(Protocol):
    """A migrated and seeded database."""

    def fresh(self) -> str:
        """The URL of a database with the template's rows; the test must leave its tables as they are."""
        ...


@dataclass(frozen=True)
class SqliteTemplate:
    """Copies a file."""

    file: Path

    def fresh(self) -> str:
        """The URL of a copy."""
        copy = self.file.with_name(f"copy{next(_numbers)}.db")
        shutil.copy(self.file, copy)
        return f"sqlite+aiosqlite:///{copy}"


@dataclass(frozen=True)
class PostgresTemplate:
    """One database whose rows are put back before each test, because PostgreSQL takes long to copy a database."""

    name: str

    def fresh(self) -> str:
        """The URL of a database with the template's rows."""
        tables = [table.name for table in metadata.sorted_tables]
        shop = [name for name in tables if name.startswith("shop_")]
        # As a replica it does not check references: the rows were checked when they were seeded.
        statements = ["SET session_replication_role = replica", f"TRUNCATE {', '.join(tables)}"]
        statements += [f"INSERT INTO {name} SELECT * FROM pristine.{name}" for name in shop]
        asyncio.run(administer("; ".join(statements), self.name))
        return f"{POSTGRES}/{self.name}"

    def drop(self) -> None:
        """Remove the database."""
        asyncio.run(administer(f'DROP DATABASE "{self.name}" WITH (FORCE)'))

    def prepare(self) -> None:
        """Make the database. Raises ``OSError`` when there is no server."""
        asyncio.run(administer(f'CREATE DATABASE "{self.name}"'))
        asyncio.run(prepare(f"{POSTGRES}/{self.name}"))
        names = [table.name for table in metadata.sorted_tables]
        statements = ["CREATE SCHEMA pristine"] + [f"CREATE TABLE pristine.{name} AS TABLE {name}" for name in names]
        asyncio.run(administer("; ".join(statements), self.name))


async def administer(statements: str, database: str = "postgres") -> None:
    """Run statements on the server itself."""
    connection = await asyncpg.connect(f"{POSTGRES.replace('+asyncpg', '')}/{database}", timeout=5)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def prepare(url: str) -> None:
    """Migrate and seed."""
    engine = open_database(url)
    await migrate(engine)
    assert await demo.seed(engine, now=NOW)
    await engine.dispose()
