"""Channel ``exotel``: the media socket of a voicebot applet.

    GET /v1/exotel/media   WebSocket; HTTP Basic credentials of the applet's address (wss://user:password@host/...)
    GET /v1/exotel/next    ?CallSid=; the same credentials -> 200 and the person's number, or 302: hang up

Exotel signs nothing and has no webhook before the stream; the end of the stream goes on with the next applet: a
Passthru that asks ``next`` (200: on to a Connect, whose number comes from the same address; 302: hang up).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator

from aiohttp import web
from pydantic import SecretStr

from gateway.channels import Door
from gateway.channels.exotel_codec import ExotelDialect
from gateway.errors import Forbidden, ProtocolError, Unauthorized
from gateway.services import SERVICES, Services
from gateway.telephony.call import Line
from gateway.telephony.dialplan import DialplanCalls, DialplanControl, check_workers
from gateway.telephony.door import media_socket, open_line
from gateway.telephony.wire import CallStarted

CHANNEL = "exotel"
_CALLS: web.AppKey[DialplanCalls] = web.AppKey("exotel_calls", DialplanCalls)


def routes() -> Door:
    """The routes of this channel, and what is known of its calls."""
    return Door([web.get("/v1/exotel/media", _media), web.get("/v1/exotel/next", _next)], _life)


async def _life(app: web.Application) -> AsyncIterator[None]:
    services = app[SERVICES]
    if services.settings.exotel.password is not None:
        check_workers(services, CHANNEL)
    app[_CALLS] = DialplanCalls(services.clock)
    yield


def check_basic(request: web.Request, section: str, username: str, password: SecretStr | None) -> None:
    """Refuse without these credentials (RFC 7617), in constant time. Raises ``Unauthorized``, ``Forbidden``."""
    if password is None:
        raise Forbidden(f"this channel is closed: set {section}.password", code="channel_off")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        offered = base64.b64decode(given.strip(), validate=True) if scheme.lower() == "basic" else b""
    except ValueError:  # not base64, or no ASCII at all
        offered = b""
    if not hmac.compare_digest(offered, f"{username}:{password.get_secret_value()}".encode()):
        raise Unauthorized(f"credentials are needed: {section}.username and {section}.password")


def _admitted(request: web.Request) -> Services:
    services = request.app[SERVICES]
    check_basic(request, "exotel", services.settings.exotel.username, services.settings.exotel.password)
    return services


async def _next(request: web.Request) -> web.Response:
    _admitted(request)
    call = request.query.get("CallSid", "")
    if not call:
        raise ProtocolError("parameter 'CallSid' is missing", param="CallSid")
    transfer = request.app[_CALLS].waiting(call)
    if transfer is None or not transfer.to:
        return web.Response(status=302)
    return web.Response(text=transfer.to)


async def _media(request: web.Request) -> web.StreamResponse:
    services, calls = _admitted(request), request.app[_CALLS]

    async def admit(started: CallStarted) -> Line:
        return await open_line(services, CHANNEL, started, DialplanControl(calls, started.facts.call_id))

    return await media_socket(request, ExotelDialect(), CHANNEL, admit)
