"""Text turns through POST /v1/message: latency of one customer, and turns a second of sixteen."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from tests.bench.gateway_process import GatewayProcess
from tests.bench.questions import QUESTIONS
from tests.bench.results import Result, Results, quantiles

_SEQUENTIAL = 120
_CUSTOMERS = 16
_EACH = 12


async def measure(gateway: GatewayProcess) -> Results:
    """Every turn is a new conversation, so that none depends on the one before."""
    async with aiohttp.ClientSession() as session:
        for text in QUESTIONS[:8]:
            await _turn(session, gateway.url, text)
        # Each turn is a text not seen before: the encoder's cache must not flatter the figure.
        one = [await _turn(session, gateway.url, f"{QUESTIONS[n % len(QUESTIONS)]}{n}") for n in range(_SEQUENTIAL)]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for customer in range(_CUSTOMERS):
                group.create_task(_customer(session, gateway.url, customer))
        elapsed = time.perf_counter() - started
    rate = _CUSTOMERS * _EACH / elapsed
    return {
        **quantiles("text_turn", one),
        "text_turns_per_second": Result(
            round(rate, 1),
            "1/s",
            _CUSTOMERS * _EACH,
            reference=round(1000 * len(one) / sum(one), 1),
            more_is_better=True,
        ),
    }


async def _customer(session: aiohttp.ClientSession, url: str, number: int) -> None:
    for turn in range(_EACH):
        await _turn(session, url, f"{QUESTIONS[(number + turn) % len(QUESTIONS)]}{number}{turn}")


async def _turn(session: aiohttp.ClientSession, url: str, text: str) -> float:
    started = time.perf_counter()
    async with session.post(f"{url}/v1/message", json={"text": text}) as response:
        body = await response.json()
    if response.status != 200 or not body["text"] or body["degraded"]:
        raise RuntimeError(f"turn failed: {response.status} {body}")
    return (time.perf_counter() - started) * 1000
