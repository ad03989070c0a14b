"""Channel ``web``: the voice socket of the page and of ``kefu call``, and the tokens that open it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from dialogue.errors import StoreUnavailable
from gateway import log, patience
from gateway.auth import Grant, bearer
from gateway.channels.identity import demo_customer, new_conversation_id
from gateway.channels.rest import checked_text, read_object
from gateway.channels.web_codec import MAX_MESSAGE_BYTES, SUBPROTOCOL, decode, encode
from gateway.config import Webrtc
from gateway.errors import Busy, GatewayError, ProtocolError, Unauthorized
from gateway.events import ErrorOut, Inbound, Start, TextIn
from gateway.outbox import Outbox
from gateway.services import SERVICES, SOCKETS, Services
from gateway.session import VoiceSession

_START_S = 5.0
_HEARTBEAT_S = 20.0
# How long a client may take to answer a close.
_CLOSE_S = 1.0
_TOKEN_PREFIX = "bearer."
# A client that keeps sending garbage is let go; a single slip is only pointed out.
_MAX_BAD_MESSAGES = 20


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.post("/v1/token", _token), web.get("/v1/voice", _voice)]


async def _token(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    if services.admission.full:
        # Said here because a browser cannot read why a WebSocket handshake was refused.
        raise services.admission.busy()
    body = await read_object(request) if request.can_read_body else {}
    grant = _grant_for_token(request, body)
    return web.json_response(
        {
            "token": services.tokens.issue(grant, "voice"),
            "resume_token": services.tokens.issue(grant, "resume"),
            "expires_in_s": services.tokens.ttl_s,
            "conversation_id": grant.conversation_id,
            "webrtc": _webrtc(services.settings.webrtc),
        }
    )


def _webrtc(settings: Webrtc) -> dict[str, Any] | None:
    """What a page needs for WebRTC, in a browser's terms; None where it is to use the socket."""
    if not settings.enabled:
        return None
    servers = [
        {
            "urls": list(server.urls),
            **({"username": server.username} if server.username else {}),
            **({"credential": server.credential.get_secret_value()} if server.credential else {}),
        }
        for server in settings.ice_servers
    ]
    return {"url": "/v1/webrtc", "ice_servers": servers}


def _grant_for_token(request: web.Request, body: dict[str, object]) -> Grant:
    resume = body.get("resume_token")
    if resume is None:
        if body.get("conversation_id") is not None:
            raise Unauthorized("an existing conversation needs its 'resume_token'", code="resume_token_required")
        return Grant(f"web-{new_conversation_id()}", demo_customer(request))
    if not isinstance(resume, str):
        raise ProtocolError("field 'resume_token' must be a string")
    return request.app[SERVICES].tokens.redeem(resume, "resume")


def _presented_token(request: web.Request) -> str | None:
    """From the Authorization header, or (browsers) a subprotocol ``bearer.<token>``. Never from the URL."""
    if token := bearer(request.headers.get("Authorization")):
        return token
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    return next((part.removeprefix(_TOKEN_PREFIX) for part in offered if part.startswith(_TOKEN_PREFIX)), None)


async def _voice(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    if services.voice is None:
        raise Busy("speech is switched off on this gateway; use POST /v1/message", code="voice_off")
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        heartbeat=_HEARTBEAT_S,
        timeout=_CLOSE_S,
        max_msg_size=MAX_MESSAGE_BYTES,
        compress=False,
    )
    if not socket.can_prepare(request):
        raise ProtocolError("GET /v1/voice is a WebSocket; connect with ws:// or wss://", code="not_a_websocket")
    # Capacity before the token: a customer who is turned away keeps their token for the next try.
    with services.admission.enter():
        grant = _open_grant(request, services)
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        try:
            await _serve(request, services, socket, grant)
        except Exception as error:  # noqa: BLE001 - an answer over HTTP would be garbage on a socket that is open
            services.metrics.errors.labels("internal").inc()
            log.logger().error("voice socket failed", error=type(error).__name__, exc_info=True)
            await patience.close(request, socket, WSCloseCode.INTERNAL_ERROR, b"internal")
        finally:
            request.app[SOCKETS].discard(socket)
    return socket


def _open_grant(request: web.Request, services: Services) -> Grant:
    token = _presented_token(request)
    if token is not None:
        grant = services.tokens.redeem(token, "voice")
        services.identities.connect(grant)
        return grant
    if services.settings.gateway.require_token:
        raise Unauthorized(
            "a token is needed: POST /v1/token, then subprotocol 'bearer.<token>'", code="token_required"
        )
    return Grant(f"web-{new_conversation_id()}", demo_customer(request))


async def _serve(request: web.Request, services: Services, socket: web.WebSocketResponse, grant: Grant) -> None:
    try:
        start = await _read_start(socket)
        conversation = await services.conversations.get(
            grant.conversation_id,
            customer_id=grant.customer_id,
            channel="web",
            language="en" if start.language == "en" else "zh",
        )
    except GatewayError as error:
        await _refuse(request, socket, error.code, error.message, WSCloseCode.POLICY_VIOLATION)
        return
    except StoreUnavailable as error:
        services.metrics.errors.labels(error.code).inc()
        await _refuse(
            request, socket, error.code, "the conversation cannot be opened just now", WSCloseCode.TRY_AGAIN_LATER
        )
        return
    assert services.voice is not None
    session = VoiceSession(services, services.voice, conversation, start)
    log.logger(session_id=session.id, conversation_id=conversation.id).info("session open", channel="web")
    garbage = _Patience()
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(_send(request, socket, session.outbox), name="send")
        reason = await session.run(_receive(request, socket, session.outbox, garbage))
        # A client that is gone does not read its goodbye.
        await asyncio.wait([sending], timeout=2)
        sending.cancel()
    code = WSCloseCode.OK if garbage.left else WSCloseCode.POLICY_VIOLATION
    await patience.close(request, socket, code, reason.encode()[:100])


async def _read_start(socket: web.WebSocketResponse) -> Start:
    try:
        async with asyncio.timeout(_START_S):
            message = await socket.receive()
    except TimeoutError as error:
        raise ProtocolError(f"no 'start' message within {_START_S:.0f} s", code="start_expected") from error
    if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
        raise ProtocolError("the socket closed before 'start'", code="start_expected")
    first = decode(message.data)
    if not isinstance(first, Start):
        raise ProtocolError("the first message must be 'start'", code="start_expected")
    return first


async def _refuse(
    request: web.Request, socket: web.WebSocketResponse, code: str, message: str, close_code: int
) -> None:
    if not socket.closed:
        with suppress(ConnectionError):
            await patience.send(request, socket, encode(ErrorOut(code, message, fatal=True)))
    await patience.close(request, socket, close_code, code.encode())


@dataclass(slots=True)
class _Patience:
    """How many more wrong messages a client may send."""

    left: int = _MAX_BAD_MESSAGES


async def _receive(
    request: web.Request, socket: web.WebSocketResponse, outbox: Outbox, garbage: _Patience
) -> AsyncGenerator[Inbound]:
    """Events until the client leaves. A wrong message is answered with an error and skipped."""
    async for message in socket:
        # Fifty a second for each customer: no set of enum members is built for it.
        if message.type is not WSMsgType.BINARY and message.type is not WSMsgType.TEXT:
            return
        try:
            event = decode(message.data)
            if isinstance(event, TextIn):
                event = TextIn(checked_text(request, event.text))
        except ProtocolError as error:
            garbage.left -= 1
            fatal = garbage.left == 0
            await outbox.put(ErrorOut(error.code, error.message, fatal=fatal))
            if fatal:
                return
            continue
        yield event


async def _send(request: web.Request, socket: web.WebSocketResponse, outbox: Outbox) -> None:
    async for event in outbox:
        try:
            await patience.send(request, socket, encode(event))
        except ConnectionError:
            # The socket is gone; the receiving side ends the session.
            return
