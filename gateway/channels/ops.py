"""Channel ``ops``: health, readiness, metrics, and what the page needs to know about this gateway."""

from __future__ import annotations

from aiohttp import web

from gateway.services import SERVICES


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.get("/healthz", _health),
        web.get("/readyz", _ready),
        web.get("/metrics", _metrics),
        web.get("/v1/info", _info),
    ]


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _ready(request: web.Request) -> web.Response:
    """200 when every part works; 503 when customers would not be served. A degraded part is reported, not fatal."""
    parts = await request.app[SERVICES].ready()
    down = any(state.startswith("down") for state in parts.values())
    return web.json_response({"status": "down" if down else "ok", "parts": parts}, status=503 if down else 200)


async def _metrics(request: web.Request) -> web.Response:
    body = request.app[SERVICES].metrics.render()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _info(request: web.Request) -> web.Response:
    return web.json_response(request.app[SERVICES].info)
