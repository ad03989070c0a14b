"""What /readyz tells: the state of each part, ``ok``, ``degraded: why`` or ``down: why``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.ground import NEEDED_MODELS
from gateway.shared import Worker
from inference_server.client import InferenceClient
from inference_server.launch import Triton

Ready = Callable[[], Awaitable[dict[str, str]]]
_HEALTH_S = 1.0


def health(triton: Triton | None, client: InferenceClient, engine: AsyncEngine, worker: Worker | None) -> Ready:
    """Asks them all at once. A database that is away means that customers are not served; the rest only degrades."""

    async def parts() -> dict[str, str]:
        async with asyncio.TaskGroup() as group:
            database = group.create_task(_answers(engine))
            models = [group.create_task(client.ready(model)) for model in NEEDED_MODELS]
        restarting = "restarting" if triton is not None and not triton.pid else "not answering"
        return {
            "gateway": "ok",
            "database": "ok" if database.result() else "down: it does not answer",
            # Customers are served all the same.
            "triton": "ok"
            if all(model.result() for model in models)
            else f"degraded: {restarting}, understanding by keywords",
            **({"workers": _workers(worker)} if worker else {}),
        }

    return parts


def _workers(worker: Worker) -> str:
    serving = sum(worker.memory.serving)
    return f"{'ok' if serving >= worker.count else 'degraded'}: {serving} of {worker.count} serve"


async def _answers(engine: AsyncEngine) -> bool:
    try:
        async with asyncio.timeout(_HEALTH_S), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
