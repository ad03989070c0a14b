"""Serves the demo shop over the REST contract, in a database of its own: ``python -m tests.example_shop --help``.

With ``--resettable`` it can be put back: POST /test/reset gives what the shop then contains, as the conformance suite
asks for it. A shop of yours offers the same on a test system, and never on another.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from aiohttp import web
from pydantic import TypeAdapter

from dialogue.database import migrate, open_database
from dialogue.shop import demo
from dialogue.shop.clock import SHOP_ZONE, wall_clock
from dialogue.shop.sql import SqlShop
from tests.dialogue.shop.demo_samples import demo_samples
from tests.dialogue.shop.samples import Samples
from tests.example_shop.server import application


def main() -> None:
    """Until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.example_shop", description="The demo shop as a REST shop.")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--token", required=True, help="what [shop] token of the gateway says")
    parser.add_argument("--resettable", action="store_true", help="offer POST /test/reset to the conformance suite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        opened = _opened(Path(folder), given.token, resettable=given.resettable)
        web.run_app(opened, host="127.0.0.1", port=given.port, access_log=None)


async def _opened(folder: Path, token: str, *, resettable: bool) -> web.Application:
    seeded, file = folder / "seeded.db", folder / "shop.db"
    now = _daytime(wall_clock()) if resettable else wall_clock()
    engine = open_database(f"sqlite+aiosqlite:///{seeded}")
    await migrate(engine)
    await demo.seed(engine, now=now)
    await engine.dispose()
    shutil.copy(seeded, file)
    engine = open_database(f"sqlite+aiosqlite:///{file}")
    shop = SqlShop(engine, (lambda: now) if resettable else wall_clock)
    app = application(shop, token)

    async def reset(_: web.Request) -> web.Response:
        await engine.dispose()
        _put_back(seeded, file)
        samples = await demo_samples(shop, engine, now.date())
        return web.Response(body=TypeAdapter(Samples).dump_json(samples), content_type="application/json")

    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    if resettable:
        app.router.add_post("/test/reset", reset)
    app.cleanup_ctx.append(close)
    return app


def _put_back(seeded: Path, file: Path) -> None:
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    shutil.copy(seeded, file)


def _daytime(at: datetime) -> datetime:
    """Two in the afternoon: the suite must not depend on the hour at which it runs."""
    return at.astimezone(SHOP_ZONE).replace(hour=14, minute=0, second=0, microsecond=0)


if __name__ == "__main__":
    main()
