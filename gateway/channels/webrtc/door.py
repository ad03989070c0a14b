"""The routes of WebRTC: ``POST /v1/webrtc`` with an offer, ``DELETE /v1/webrtc/{id}`` to hang up.

In the manner of WHIP (RFC 9725), but both sides speak: the offer as JSON ``{"sdp", "type": "offer", "start"?}`` or as
``application/sdp``, with the voice token of ``POST /v1/token`` as ``Authorization: Bearer``; 201 with the answer and
its ``Location``. ``start`` has the fields of the message of that name (gateway/README.md) but rates.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from gateway.auth import bearer
from gateway.channels import Door
from gateway.channels.rest import checked_object, read_object
from gateway.channels.web_codec import VERSION, decode
from gateway.channels.webrtc.calls import Calls
from gateway.channels.webrtc.peer import Peer
from gateway.channels.webrtc.track import RATE_HZ
from gateway.errors import Busy, ProtocolError, Unauthorized
from gateway.events import Start
from gateway.services import SERVICES
from gateway.session import VoiceSession

_SDP = "application/sdp"


def routes() -> Door:
    """The routes of this channel, and the calls that outlive their requests."""
    door = _Offers()
    defs = [web.post("/v1/webrtc", door.open), web.delete("/v1/webrtc/{call}", door.hang_up)]
    return Door(defs, door.calls.life)


class _Offers:
    def __init__(self) -> None:
        self.calls: Calls[Peer] = Calls("webrtc")

    async def open(self, request: web.Request) -> web.Response:
        """Answer an offer."""
        services = request.app[SERVICES]
        voice = services.voice
        if voice is None or not services.settings.webrtc.enabled:
            raise Busy("WebRTC is switched off on this gateway; use the socket /v1/voice", code="webrtc_off")
        token = bearer(request.headers.get("Authorization"))
        if token is None:
            raise Unauthorized("a token is needed: POST /v1/token, then Authorization: Bearer", code="token_required")
        # Nothing is read and no port opened for whoever has none; it is used up only when the offer has proved good.
        services.tokens.check(token, "voice")
        offer, start = await _read_offer(request)

        async def admit(peer: Peer) -> Coroutine[Any, Any, None]:
            grant = services.tokens.redeem(token, "voice")
            services.identities.connect(grant)
            conversation = await services.conversations.get(
                grant.conversation_id,
                customer_id=grant.customer_id,
                channel="webrtc",
                language="en" if start.language == "en" else "zh",
            )
            return peer.run(VoiceSession(services, voice, conversation, start))

        call = secrets.token_urlsafe(12)
        answer = await self.calls.begin(services, call, offer, Peer, admit)
        return _created(request, call, answer)

    async def hang_up(self, request: web.Request) -> web.Response:
        """End a call."""
        self.calls.hang_up(request.match_info["call"])
        return web.Response(status=204)


def _created(request: web.Request, call: str, answer: str) -> web.Response:
    headers = {"Location": f"/v1/webrtc/{call}"}
    if request.content_type == _SDP:
        return web.Response(status=201, text=answer, content_type=_SDP, headers=headers)
    return web.json_response({"sdp": answer, "type": "answer", "call": call}, status=201, headers=headers)


async def _read_offer(request: web.Request) -> tuple[str, Start]:
    if request.content_type == _SDP:
        return (await request.read()).decode("utf-8", "replace"), start_of({})
    body = await read_object(request)
    sdp = body.get("sdp")
    if not isinstance(sdp, str):
        raise ProtocolError("field 'sdp' must be an offer (a string)", param="sdp")
    if body.get("type", "offer") != "offer":
        raise ProtocolError("field 'type' must be offer", param="type")
    return sdp, start_of(checked_object(body.get("start"), "start"))


def start_of(fields: dict[str, Any]) -> Start:
    """The session's start as the client wants it; rates and channel are WebRTC's. Raises ``ProtocolError``."""
    fixed = {"type": "start", "version": VERSION, "rate_hz": RATE_HZ, "output_rate_hz": RATE_HZ}
    wanted = decode(json.dumps({**fields, **fixed}))
    assert isinstance(wanted, Start)
    return Start(RATE_HZ, RATE_HZ, wanted.language, wanted.speak, wanted.greet, channel="webrtc")
