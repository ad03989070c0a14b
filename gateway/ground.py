"""What a gateway has once, however many workers it runs: the model server, and the database with its demo shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import migrate, open_database
from dialogue.domains import DEFAULT, load_business
from dialogue.errors import ShopUnavailable
from dialogue.shop import demo
from dialogue.shop.clock import wall_clock
from gateway import log
from gateway.auth import kept_secret
from gateway.config import Settings
from inference_server.generate_weights import GENERATE_WEIGHTS
from inference_server.launch import REPOSITORY, Triton, server_python
from inference_server.weights import located

Progress = Callable[[str], None]
NEEDED_MODELS = ("embed", "intent", "sentiment")
"""Customers are understood by these; ``generate`` may still be loading."""
_REFRESH_S = 3600.0


@asynccontextmanager
async def ground(settings: Settings, progress: Progress) -> AsyncIterator[Settings]:
    """What workers stand on, and the settings with which they find it. Raises what set-up raises, in one line."""
    async with AsyncExitStack() as stack:
        triton = await open_triton(settings, stack, progress)
        progress("database")
        await open_prepared(settings, stack)
        gateway = settings.gateway
        if gateway.token_secret is None:
            # Made here, once: workers that begin together would otherwise both be the first.
            gateway = gateway.model_copy(update={"token_secret": kept_secret(Path(gateway.secret_file))})
        served = settings.triton.model_copy(update={"url": triton.url}) if triton else settings.triton
        yield settings.model_copy(update={"gateway": gateway, "triton": served})


async def open_triton(settings: Settings, stack: AsyncExitStack, progress: Progress) -> Triton | None:
    """The bundled server, unless one is configured or nothing needs it."""
    if settings.triton.url:
        return None
    progress("model server (Triton)")
    events = log.logger()
    generate = settings.triton.generate_model or (
        str(located(GENERATE_WEIGHTS)) if settings.generate.backend == "triton" else ""
    )
    triton = Triton(
        REPOSITORY,
        models=NEEDED_MODELS,
        lazy_models=("generate",) if generate else (),
        server_python=server_python(),
        environment={"KEFU_GENERATE_MODEL": generate, "KEFU_INTENT_HEAD": intent_head(settings.domain.name)},
        runtime_dir=Path(settings.triton.runtime_dir),
        on_event=lambda line: events.info("triton", line=line),
    )
    return await stack.enter_async_context(triton)


def intent_head(domain: str) -> str:
    """The file beside the intent model that ``nlu.train --domain`` wrote."""
    return "head.npz" if domain == DEFAULT else f"head.{Path(domain).name}.npz"


async def connected(settings: Settings, stack: AsyncExitStack) -> AsyncEngine:
    """The database as it is."""
    engine = open_database(settings.database.url)
    stack.push_async_callback(engine.dispose)
    return engine


async def open_prepared(settings: Settings, stack: AsyncExitStack) -> AsyncEngine:
    """The database with its newest schema and, where configured, the domain's demo data."""
    engine = await connected(settings, stack)
    await migrate(engine)
    seed = load_business(settings.domain.name).demo
    if seed is not None and settings.shop.demo_data:
        await seed(engine, wall_clock())
        stack.callback(asyncio.create_task(_keep_dates_fresh(partial(seed, engine)), name="demo dates").cancel)
    elif seed is None and settings.shop.demo_data and settings.shop.backend == "sql":
        await demo.seed(engine, now=wall_clock())
        moved = partial(_moved, engine)
        stack.callback(asyncio.create_task(_keep_dates_fresh(moved), name="demo dates").cancel)
    return engine


async def _moved(engine: AsyncEngine, now: datetime) -> None:
    await demo.refresh(engine, now=now)


async def _keep_dates_fresh(move: Callable[[datetime], Awaitable[None]]) -> None:
    """What is shown arrives tomorrow, or was bought yesterday, whatever day it is."""
    while True:
        try:
            await move(wall_clock())
        except ShopUnavailable as error:
            log.logger().warning("demo dates not refreshed", code=error.code)
        await asyncio.sleep(_REFRESH_S)
