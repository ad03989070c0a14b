"""Resident memory of the gateway process with 1, 10 and 50 open voice sessions in which nobody speaks."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import websockets
from websockets.asyncio.client import connect

from gateway.cli.client import Gateway
from tests.bench.gateway_process import GatewayProcess
from tests.bench.results import Result, Results

_COUNTS = (1, 10, 50)


async def measure(gateway: GatewayProcess) -> Results:
    """Sessions are opened one after another and kept."""
    results: Results = {}
    client = Gateway(gateway.url)
    async with AsyncExitStack() as stack:
        opened = 0
        before = gateway.tree_rss_mb()
        for count in _COUNTS:
            while opened < count:
                protocols = [websockets.Subprotocol(name) for name in client.subprotocols(await client.voice_token())]
                socket = await stack.enter_async_context(connect(client.voice_url, subprotocols=protocols))
                await socket.send(json.dumps({"type": "start", "version": 1, "greet": False}))
                opened += 1
            await asyncio.sleep(1)
            results[f"memory_{count}_idle_sessions"] = Result(round(gateway.tree_rss_mb(), 1), "MB", 1)
        per_session = (gateway.tree_rss_mb() - before) / opened
        results["memory_per_idle_session"] = Result(round(per_session, 3), "MB", opened)
    return results
