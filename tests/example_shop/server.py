"""The HTTP part of a REST shop: requests of ``dialogue.shop.rest_contract`` in, a ``Shop`` asked, answers out.

A shop engineer keeps the routes and puts their own system where ``shop`` is asked. What it owes: the token, arguments
checked before anything is done, a key for every WRITE, refusals as 409 with their rule, and nothing personal in a log.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from dialogue.errors import ActionRefused, ShopUnavailable
from dialogue.shop.protocol import Shop
from dialogue.shop.rest_contract import KEY_HEADER, Operation, arguments, operations, result

_MAX_KEY = 255


def application(shop: Shop, token: str) -> web.Application:
    """The contract over ``shop``, for who has ``token``."""
    app = web.Application(middlewares=[_checked(token)])
    for operation in operations().values():
        app.router.add_route(operation.verb, operation.path, _answer(shop, operation))
    return app


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _checked(token: str) -> Any:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return web.Response(status=401)
        return await handler(request)

    return check


def _answer(shop: Shop, operation: Operation) -> _Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        given = await _arguments(request, operation)
        keyed: Mapping[str, Any] = {"idempotency_key": _key(request)} if operation.writes else {}
        try:
            found = await getattr(shop, operation.name)(**given, **keyed)
        except ActionRefused as refused:
            return web.json_response({"rule": refused.rule}, status=409)
        except ShopUnavailable:
            return web.Response(status=503)
        if found is None:
            return web.Response(status=404)
        return web.Response(body=result(operation.name).dump_json(found), content_type="application/json")

    return answer


async def _arguments(request: web.Request, operation: Operation) -> Mapping[str, Any]:
    """What the request says, as the method takes it. Raises 400."""
    model = arguments(operation.name)
    try:
        if operation.verb == "GET":
            return _plain(model.model_validate_strings({**request.query, **request.match_info}))
        return _plain(model.model_validate_json(await request.read()))
    except (ValidationError, ValueError):
        raise web.HTTPBadRequest from None


def _plain(checked: BaseModel) -> Mapping[str, Any]:
    return {name: getattr(checked, name) for name in type(checked).model_fields}


def _key(request: web.Request) -> str:
    key = request.headers.get(KEY_HEADER, "")
    if not key or len(key) > _MAX_KEY:
        raise web.HTTPBadRequest
    return key
