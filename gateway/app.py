"""The aiohttp application: middlewares at the door, channels from the registry, the page.

Every error leaves as ``{"error": {"code", "message"}}``; a traceback never does.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import importlib
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import WSCloseCode, web

from dialogue.errors import StoreUnavailable
from gateway import log
from gateway.address import client_address, rate_key
from gateway.channels import CHANNELS, Door
from gateway.errors import Forbidden, GatewayError, ProtocolError
from gateway.patience import CLOSE_S, IDLE_S, minded
from gateway.services import SERVICES, SOCKETS, Services

WEB = Path(__file__).parent / "web"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# The page loads nothing from elsewhere; worklets and modules come from here. blob: is for locally made audio.
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; media-src 'self' blob:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_CORS_HEADERS = "Authorization, Content-Type"
_DRAIN_STEP_S = 0.05
_SHOWN_TO_BROWSERS = frozenset({"/", "/v1/info", "/docs", "/openapi.json"})
"""What a browser reads without naming its origin."""
_OPENS_A_SOCKET = frozenset({"/v1/voice", "/v1/token", "/v1/webrtc", "/v1/realtime", "/v1/realtime/client_secrets"})
"""What is limited as connections."""
_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
"""Names a request in its answer (``X-Request-Id``) and in the log of what broke."""
_UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})


def make_app(services: Services, channels: Sequence[str] = tuple(CHANNELS)) -> web.Application:
    """The application with the named channels."""
    app = web.Application(
        middlewares=[_errors, _door],
        client_max_size=services.settings.gateway.max_body_bytes,
    )
    app[SERVICES] = services
    app[SOCKETS] = set()
    app.on_shutdown.append(_close_sockets)
    for name in channels:
        module, _, factory = CHANNELS[name].partition(":")
        door = getattr(importlib.import_module(module), factory)()
        if isinstance(door, Door):
            app.cleanup_ctx.append(door.life)
        app.add_routes(door.routes if isinstance(door, Door) else door)
    app.router.add_get("/", _page)
    app.router.add_static("/web/", WEB, append_version=False)
    app.on_response_prepare.append(_add_headers)
    return app


def make_runner(app: web.Application, shutdown_s: float) -> web.AppRunner:
    """What serves ``app``; requests that are under way have ``shutdown_s`` when it stops."""
    return web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_s, keepalive_timeout=IDLE_S)


async def drain(app: web.Application, limit_s: float, hurry: asyncio.Event) -> None:
    """Return when no customer is on a socket any more, after ``limit_s`` seconds, or when there is a hurry."""
    waited_s = 0.0
    while app[SOCKETS] and waited_s < limit_s and not hurry.is_set():
        await asyncio.sleep(_DRAIN_STEP_S)
        waited_s += _DRAIN_STEP_S


async def _close_sockets(app: web.Application) -> None:
    """Customers on a socket are told that the gateway goes away; their clients come back to the next one."""
    closing = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"stopping") for socket in app[SOCKETS]]
    with suppress(TimeoutError):
        # One that takes nothing would be waited for until all are cut off.
        async with asyncio.timeout(CLOSE_S):
            await asyncio.gather(*closing, return_exceptions=True)


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})


def check_origin(request: web.Request) -> None:
    """Refuse browsers on other sites. Requests without an Origin header do not come from a browser page."""
    origin = request.headers.get("Origin")
    if origin is None:
        if request.path in _SHOWN_TO_BROWSERS:
            check_host(request)
        return
    if origin.partition("://")[2] == request.host:
        check_host(request)
        return
    if origin not in request.app[SERVICES].settings.gateway.origins:
        raise Forbidden("this origin may not use the gateway; add it to gateway.origins")


def check_host(request: web.Request) -> None:
    """Refuse a page of another site whose name was made to point at this machine (DNS rebinding).

    Such a page is its own origin, so only the name tells. Addresses are no names; a trusted proxy has checked it.
    """
    gateway = request.app[SERVICES].settings.gateway
    if request.remote in gateway.trusted_proxies or "*" in gateway.hosts:
        return
    name = _host_name(request.host)
    known = {_host_name(origin.partition("://")[2]) for origin in gateway.origins}
    known |= {host.lower() for host in gateway.hosts} | _own_names() | {gateway.host.lower()}
    if name in known or name.endswith(".localhost") or _is_address(name):
        return
    raise Forbidden(
        "the gateway does not know this host name; add it to gateway.hosts (or your proxy to gateway.trusted_proxies)",
        code="host_not_allowed",
    )


def _host_name(host: str) -> str:
    """Without port, brackets and final dot, in lower case."""
    name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@functools.cache
def _own_names() -> frozenset[str]:
    own = socket.gethostname().lower()
    return frozenset({"localhost", own, own.partition(".")[0], f"{own.partition('.')[0]}.local"})


def _check_content_type(request: web.Request) -> None:
    """Refuse a Content-Type on which Python's header parser breaks, before anything asks for it."""
    try:
        _ = request.content_type
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise ProtocolError("the header Content-Type cannot be read", code="bad_content_type") from error


@web.middleware
async def _door(request: web.Request, handler: Handler) -> web.StreamResponse:
    services = request.app[SERVICES]
    if request.path not in _UNLIMITED and not request.path.startswith("/web/"):
        limit = services.connects if request.path in _OPENS_A_SOCKET else services.requests
        limit.take(rate_key(client_address(request)))
        check_origin(request)
        _check_content_type(request)
    if request.method == "OPTIONS" and request.headers.get("Origin"):
        return web.Response(status=204)
    async with minded(request):
        return await handler(request)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[_REQUEST_ID] = secrets.token_hex(8)
    try:
        return await handler(request)
    except GatewayError as error:
        request.app[SERVICES].metrics.refused.labels(error.code).inc()
        return error_response(error.status, error.code, error.message, error.retry_after_s, error.param)
    except web.HTTPRequestEntityTooLarge:
        limit = request.app[SERVICES].settings.gateway.max_body_bytes
        return error_response(413, "body_too_large", f"the body may have {limit} bytes")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = error_response(error.status, f"http_{error.status}", error.reason)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except StoreUnavailable as error:
        request.app[SERVICES].metrics.errors.labels(error.code).inc()
        return error_response(503, error.code, "the conversation cannot be opened just now; try again shortly", 2)
    except Exception as error:  # noqa: BLE001 - no traceback to the customer; the log has it
        address = hashlib.sha256(client_address(request).encode()).hexdigest()[:8]
        log.logger().error(
            "request failed",
            request_id=request[_REQUEST_ID],
            route=request.path,
            method=request.method,
            address_hash=address,
            error=type(error).__name__,
            exc_info=True,
        )
        request.app[SERVICES].metrics.errors.labels("internal").inc()
        return error_response(500, "internal", "something broke on our side; the request was not completed, try again")


def error_response(
    status: int, code: str, message: str, retry_after_s: int | None = None, param: str | None = None
) -> web.Response:
    """The one error shape; also OpenAI's (``error.message``, ``error.type``, ``error.code``, ``error.param``)."""
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    kind = "server_error" if status >= 500 else _ERROR_TYPES.get(status, "invalid_request_error")
    body = {"error": {"code": code, "message": message, "type": kind, "param": param}}
    return web.json_response(body, status=status, headers=headers)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_SECURITY_HEADERS)
    response.headers["X-Request-Id"] = request.get(_REQUEST_ID, "")
    if (worker := request.app[SERVICES].worker) is not None:
        response.headers["X-Kefu-Worker"] = str(worker)
    if request.path.startswith("/web/"):
        response.headers["Cache-Control"] = "no-cache"
    origin = request.headers.get("Origin")
    if origin and origin in request.app[SERVICES].settings.gateway.origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = _CORS_HEADERS
        response.headers["Vary"] = "Origin"
