"""The routes of WebRTC: ``POST /v1/webrtc`` with an offer, ``DELETE /v1/webrtc/{id}`` to hang up.

In the manner of WHIP (RFC 9725), but both sides speak: the offer as JSON ``{"sdp", "type": "offer", "start"?}`` or as
``application/sdp``, with the voice token of ``POST /v1/token`` as ``Authorization: Bearer``; 201 with the answer and
its ``Location``. ``start`` has the fields of the message of that name (gateway/README.md) but rates.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

from aiohttp import web

from dialogue.errors import StoreUnavailable
from gateway import log
from gateway.auth import bearer
from gateway.channels import Door
from gateway.channels.rest import read_object
from gateway.channels.web_codec import VERSION, decode
from gateway.channels.webrtc.peer import Peer
from gateway.channels.webrtc.track import RATE_HZ
from gateway.config import IceServer
from gateway.errors import Busy, GatewayError, ProtocolError, Unauthorized
from gateway.events import Start
from gateway.services import SERVICES
from gateway.session import VoiceSession

_SDP = "application/sdp"


def routes() -> Door:
    """The routes of this channel, and the calls that outlive their requests."""
    calls = Calls()
    defs = [web.post("/v1/webrtc", calls.open), web.delete("/v1/webrtc/{call}", calls.hang_up)]
    return Door(defs, calls.life)


class Calls:
    """Calls in progress by their id."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}
        self._group: asyncio.TaskGroup

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """As long as the application lives; then everybody is hung up on."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            yield
            for peer in self._peers.values():
                peer.hang_up()

    async def open(self, request: web.Request) -> web.Response:
        """Answer an offer."""
        services = request.app[SERVICES]
        voice = services.voice
        if voice is None or not services.settings.webrtc.enabled:
            raise Busy("WebRTC is switched off on this gateway; use the socket /v1/voice", code="webrtc_off")
        offer, start = await _read_offer(request)
        with ExitStack() as stack:
            stack.enter_context(services.admission.enter())
            token = bearer(request.headers.get("Authorization"))
            if token is None:
                raise Unauthorized(
                    "a token is needed: POST /v1/token, then Authorization: Bearer", code="token_required"
                )
            peer = Peer([_ice(server) for server in services.settings.webrtc.ice_servers])
            try:
                answer = await peer.answer(offer)
                grant = services.tokens.redeem(token, "voice")
                conversation = await services.conversations.get(
                    grant.conversation_id,
                    customer_id=grant.customer_id,
                    channel="webrtc",
                    language="en" if start.language == "en" else "zh",
                )
            except StoreUnavailable as error:
                await peer.close()
                raise Busy("the conversation cannot be opened just now", code=error.code, retry_after_s=2) from error
            except GatewayError:
                await peer.close()
                raise
            session = VoiceSession(services, voice, conversation, start)
            call = secrets.token_urlsafe(12)
            self._peers[call] = peer
            self._group.create_task(self._serve(call, peer, session, stack.pop_all()), name="webrtc")
        return _created(request, call, answer)

    async def hang_up(self, request: web.Request) -> web.Response:
        """End a call; its id is the right to."""
        peer = self._peers.get(request.match_info["call"])
        if peer is None:
            raise ProtocolError("there is no such call", code="call_not_found", status=404)
        peer.hang_up()
        return web.Response(status=204)

    async def _serve(self, call: str, peer: Peer, session: VoiceSession, held: ExitStack) -> None:
        with held:
            try:
                await peer.run(session)
            except Exception as error:  # noqa: BLE001 - one call that breaks must not end the others
                log.logger(session_id=session.id).error("webrtc call failed", error=type(error).__name__, exc_info=True)
            finally:
                del self._peers[call]


def _created(request: web.Request, call: str, answer: str) -> web.Response:
    headers = {"Location": f"/v1/webrtc/{call}"}
    if request.content_type == _SDP:
        return web.Response(status=201, text=answer, content_type=_SDP, headers=headers)
    return web.json_response({"sdp": answer, "type": "answer", "call": call}, status=201, headers=headers)


async def _read_offer(request: web.Request) -> tuple[str, Start]:
    if request.content_type == _SDP:
        return await request.text(), start_of({})
    body = await read_object(request)
    sdp = body.get("sdp")
    if not isinstance(sdp, str) or body.get("type", "offer") != "offer":
        raise ProtocolError("field 'sdp' must be an offer (a string)", param="sdp")
    start = body.get("start") or {}
    if not isinstance(start, dict):
        raise ProtocolError("field 'start' must be an object", param="start")
    return sdp, start_of(start)


def start_of(fields: dict[str, Any]) -> Start:
    """The session's start as the client wants it; rates and channel are WebRTC's. Raises ``ProtocolError``."""
    fixed = {"type": "start", "version": VERSION, "rate_hz": RATE_HZ, "output_rate_hz": RATE_HZ}
    wanted = decode(json.dumps({**fields, **fixed}))
    assert isinstance(wanted, Start)
    return Start(RATE_HZ, RATE_HZ, wanted.language, wanted.speak, wanted.greet, channel="webrtc")


def _ice(server: IceServer) -> Any:
    from aiortc import RTCIceServer

    credential = server.credential.get_secret_value() if server.credential else None
    return RTCIceServer(list(server.urls), server.username or None, credential)
