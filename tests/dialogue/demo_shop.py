"""A demo shop of a test's own, on SQLite: seeded once per process, copied per test. It is always ``NOW`` there."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from threading import Thread

from dialogue.database import migrate, open_database
from dialogue.shop import demo
from dialogue.shop.clock import SHOP_ZONE
from dialogue.shop.sql import SqlShop

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHOP_ZONE)
_copies = count(1)


def clock() -> datetime:
    """The moment of every story."""
    return NOW


@asynccontextmanager
async def opened_demo_shop() -> AsyncIterator[SqlShop]:
    """A fresh copy of the seeded shop."""
    template = seeded_file()
    copy = template.with_name(f"copy{next(_copies)}.db")
    shutil.copy(template, copy)
    engine = open_database(f"sqlite+aiosqlite:///{copy}")
    try:
        yield SqlShop(engine, clock)
    finally:
        await engine.dispose()
        copy.unlink()


@cache
def seeded_file() -> Path:
    """The seeded shop's database, made once per process; copy it."""
    folder = Path(tempfile.mkdtemp(prefix="kefu-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "template.db"
    # A loop of its own: the caller's is running.
    seeding = Thread(target=lambda: asyncio.run(_seed(f"sqlite+aiosqlite:///{file}")))
    seeding.start()
    seeding.join()
    return file


async def _seed(url: str) -> None:
    engine = open_database(url)
    try:
        await migrate(engine)
        assert await demo.seed(engine, now=NOW)
    finally:
        await engine.dispose()
