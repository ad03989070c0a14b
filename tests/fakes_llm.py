"""A language model endpoint that says what a test scripts, over real HTTP: the OpenAI chat protocol, streamed.

Each request takes the next ``Step``; the last one is repeated. What was asked is kept in ``asked``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Step:
    """One answer of the endpoint."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    """Tool calls: name, and arguments (a str goes out as it is, else as JSON)."""
    status: int = 200
    raw: bytes = b""
    """Sent instead of a proper answer."""
    hangs: bool = False
    """Never ends, after ``text``."""


@dataclass
class LyingEndpoint:
    """See ``running``."""

    steps: tuple[Step, ...]
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The next step."""
        step = self.steps[min(len(self.asked), len(self.steps) - 1)]
        self.asked.append(await request.json())
        if step.status != 200:
            return web.Response(status=step.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if step.raw:
            await response.write(step.raw)
            return response
        for start in range(0, len(step.text), 7):  # torn anywhere, as models do
            await _event(response, {"content": step.text[start : start + 7]})
        if step.hangs:
            await asyncio.sleep(60)
        for index, (name, arguments) in enumerate(step.calls):
            words = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            head, tail = words[: len(words) // 2], words[len(words) // 2 :]
            call = {"index": index, "id": f"call{len(self.asked)}{index}", "type": "function"}
            await _event(response, {"tool_calls": [call | {"function": {"name": name, "arguments": head}}]})
            await _event(response, {"tool_calls": [{"index": index, "function": {"arguments": tail}}]})
        await response.write(b"data: [DONE]\n\n")
        return response

    @property
    def results(self) -> list[dict[str, Any]]:
        """What the endpoint was told of its calls, in the last request."""
        told = [message for message in self.asked[-1]["messages"] if message["role"] == "tool"]
        return [json.loads(message["content"]) for message in told]


async def _event(response: web.StreamResponse, delta: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps({'choices': [{'delta': delta}]}, ensure_ascii=False)}\n\n".encode())


@asynccontextmanager
async def running(*steps: Step) -> AsyncIterator[LyingEndpoint]:
    """The endpoint on a port of its own."""
    endpoint = LyingEndpoint(steps)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        endpoint.url = str(server.make_url("/v1"))
        yield endpoint
