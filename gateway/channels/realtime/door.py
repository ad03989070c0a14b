"""The routes of the Realtime API: the socket, and the ephemeral secrets that open it from a browser or an app.

``GET /v1/realtime`` (WebSocket) takes an API key of ``gateway.api_keys``, or a secret of
``POST /v1/realtime/client_secrets``, as ``Authorization: Bearer`` or, from a browser, in the subprotocol
``openai-insecure-api-key.<secret>``. A secret opens one socket.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from dialogue.errors import StoreUnavailable
from gateway import log, patience
from gateway.auth import Grant, bearer, key_allowed
from gateway.channels import Door
from gateway.channels.identity import rest_grant
from gateway.channels.realtime.call import Call, new_id
from gateway.channels.realtime.calls import RtcCalls
from gateway.channels.realtime.config import Session, shown, updated
from gateway.channels.realtime.items import MAX_AUDIO_BYTES
from gateway.channels.rest import checked_object, read_object
from gateway.errors import Busy, ProtocolError, Unauthorized
from gateway.services import SERVICES, SOCKETS, Services

SUBPROTOCOL = "realtime"
SECRET_PREFIX = "ek_"
_KEY_NEEDED = "an API key (gateway.api_keys) or a secret of POST /v1/realtime/client_secrets is needed"
_KEY_PROTOCOL = "openai-insecure-api-key."
_MAX_MESSAGE_BYTES = MAX_AUDIO_BYTES * 4 // 3 + 4096
_HEARTBEAT_S = 20.0
_CLOSE_S = 1.0
_DEFAULT_TTL_S, _MIN_TTL_S, _MAX_TTL_S = 600, 10, 7200


def routes() -> Door:
    """The routes of this channel, and the WebRTC calls that outlive their requests."""
    calls = RtcCalls(_check, _grant)
    defs = [
        web.post("/v1/realtime/client_secrets", _client_secrets),
        web.get("/v1/realtime", _realtime),
        web.post("/v1/realtime/calls", calls.open),
        web.post("/v1/realtime/calls/{call}/hangup", calls.hang_up),
    ]
    return Door(defs, calls.life)


async def _client_secrets(request: web.Request) -> web.Response:
    """``kefu`` beside ``session`` may name ``conversation_id`` and, with an API key, ``customer_id``."""
    services = request.app[SERVICES]
    body = await read_object(request) if request.can_read_body else {}
    ours = checked_object(body.get("kefu"), "kefu")
    grant = rest_grant(request, ours.get("conversation_id"), ours.get("customer_id"))
    wanted = checked_object(body.get("session"), "session")
    session = updated(Session(), wanted)
    ttl_s = checked_ttl_s(body.get("expires_after"))
    token = services.tokens.issue(Grant(grant.conversation_id, grant.customer_id, wanted), "realtime", ttl_s=ttl_s)
    return web.json_response(
        {
            "value": SECRET_PREFIX + token,
            "expires_at": services.tokens.expires_at(ttl_s),
            "session": shown(session, new_id("sess")),
        }
    )


def checked_ttl_s(expires_after: object) -> int:
    """The life of a secret. Raises ``ProtocolError``."""
    if expires_after is None:
        return _DEFAULT_TTL_S
    seconds = expires_after.get("seconds", _DEFAULT_TTL_S) if isinstance(expires_after, dict) else None
    # 600.0 is an integer in JSON Schema.
    seconds = int(seconds) if isinstance(seconds, float) and seconds.is_integer() else seconds
    if not isinstance(seconds, int) or not _MIN_TTL_S <= seconds <= _MAX_TTL_S:
        raise ProtocolError(
            f"field 'expires_after.seconds' must be {_MIN_TTL_S} to {_MAX_TTL_S}", param="expires_after.seconds"
        )
    return seconds


def presented_key(request: web.Request) -> str | None:
    """From the Authorization header, or (browsers) a subprotocol; never from the URL."""
    if token := bearer(request.headers.get("Authorization")):
        return token
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    return next((part.removeprefix(_KEY_PROTOCOL) for part in offered if part.startswith(_KEY_PROTOCOL)), None)


def _check(request: web.Request, services: Services) -> None:
    """Refuse whoever has no good key; a secret is not used up by this. Raises ``Unauthorized``."""
    key = presented_key(request)
    if key is not None and key.startswith(SECRET_PREFIX):
        services.tokens.check(key.removeprefix(SECRET_PREFIX), "realtime")
    elif services.settings.gateway.require_token and not (
        services.settings.gateway.api_keys and key_allowed(key, services.settings.gateway.api_keys)
    ):
        raise Unauthorized(_KEY_NEEDED, code="invalid_api_key")


def _grant(request: web.Request, services: Services) -> Grant:
    key = presented_key(request)
    if key is not None and key.startswith(SECRET_PREFIX):
        grant = services.tokens.redeem(key.removeprefix(SECRET_PREFIX), "realtime")
        services.identities.connect(grant)
        return grant
    keys = services.settings.gateway.api_keys
    if keys and key_allowed(key, keys):
        return rest_grant(request, None, None, presented=key)
    if services.settings.gateway.require_token:
        raise Unauthorized(_KEY_NEEDED, code="invalid_api_key")
    return rest_grant(request, None, None)


async def _realtime(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    voice = services.voice
    if voice is None:
        raise Busy("speech is switched off on this gateway", code="voice_off")
    if "realtime=v1" in request.headers.get("OpenAI-Beta", ""):
        raise ProtocolError(
            "the beta of the Realtime API is not spoken here; leave out the header OpenAI-Beta",
            code="beta_not_supported",
        )
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        heartbeat=_HEARTBEAT_S,
        timeout=_CLOSE_S,
        max_msg_size=_MAX_MESSAGE_BYTES,
        compress=False,
    )
    if not socket.can_prepare(request):
        raise ProtocolError("GET /v1/realtime is a WebSocket; connect with ws:// or wss://", code="not_a_websocket")
    with services.admission.enter():
        grant = _grant(request, services)
        session = updated(Session(), dict(grant.details))
        try:
            conversation = await services.conversations.get(
                grant.conversation_id,
                customer_id=grant.customer_id,
                channel="realtime",
                language="en" if session.language == "en" else "zh",
            )
        except StoreUnavailable as error:
            raise Busy("the conversation cannot be opened just now", code=error.code, retry_after_s=2) from error
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        try:
            call = Call(services, voice, conversation, session, lambda text: _send(request, socket, text))
            reason = await call.run(_frames(socket))
            await patience.close(request, socket, WSCloseCode.OK, reason.encode()[:100])
        except Exception as error:  # noqa: BLE001 - an answer over HTTP would be garbage on a socket that is open
            services.metrics.errors.labels("internal").inc()
            log.logger().error("realtime socket failed", error=type(error).__name__, exc_info=True)
            await patience.close(request, socket, WSCloseCode.INTERNAL_ERROR, b"internal")
        finally:
            request.app[SOCKETS].discard(socket)
    return socket


async def _frames(socket: web.WebSocketResponse) -> AsyncGenerator[str | bytes]:
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            yield message.data
        else:
            return


async def _send(request: web.Request, socket: web.WebSocketResponse, text: str) -> None:
    # A socket that is gone: the receiving side ends the call.
    with suppress(ConnectionError):
        await patience.send(request, socket, text)
