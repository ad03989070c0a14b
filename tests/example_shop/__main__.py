"""Serves the demo shop over the REST contract, in a database of its own: ``python -m tests.example_shop --help``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from dialogue.database import migrate, open_database
from dialogue.shop import demo
from dialogue.shop.clock import wall_clock
from dialogue.shop.sql import SqlShop
from tests.example_shop.server import application


def main() -> None:
    """Until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.example_shop", description="The demo shop as a REST shop.")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--token", required=True, help="what [shop] token of the gateway says")
    parser.add_argument("--database", type=Path, help="file to keep the shop in; default: a fresh one, gone at the end")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = given.database or Path(folder) / "shop.db"
        web.run_app(_opened(file, given.token), host="127.0.0.1", port=given.port, access_log=None)


async def _opened(file: Path, token: str) -> web.Application:
    engine = open_database(f"sqlite+aiosqlite:///{file}")
    await migrate(engine)
    await demo.seed(engine, now=wall_clock())
    app = application(SqlShop(engine), token)

    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app.cleanup_ctx.append(close)
    return app


if __name__ == "__main__":
    main()
