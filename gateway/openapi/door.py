"""Channel ``openapi``: the document of this gateway, and a page that shows it.

GET /openapi.json   OpenAPI 3.1, of the routes that are served
GET /docs           the page; it reads the document and loads nothing from elsewhere
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from gateway.openapi.document import Schema, document
from gateway.services import SERVICES

PAGE = Path(__file__).parents[1] / "web" / "docs.html"
_DOCUMENT: web.AppKey[list[Schema]] = web.AppKey("openapi_document", list)


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.get("/openapi.json", _openapi), web.get("/docs", _docs)]


def served(app: web.Application) -> set[tuple[str, str]]:
    """Verbs and paths of the application's routes, as the document names them; files below /web/ are no API."""
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and not isinstance(route.resource, web.StaticResource) and route.method != "HEAD"
    }


async def _openapi(request: web.Request) -> web.Response:
    return web.json_response(document(request.app[SERVICES].settings, served(request.app)))


async def _docs(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})
