"""``POST /v1/realtime/calls``: a Realtime client's WebRTC offer, answered; ``POST .../{call}/hangup`` ends the call.

The offer is the body (``application/sdp``) or the field ``sdp`` of a form, beside which ``session`` may be JSON. The
key is the socket's: an API key, or a secret of ``/v1/realtime/client_secrets``. 201 with the answer and ``Location``.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from gateway import log
from gateway.auth import Grant
from gateway.channels.realtime.call import Call, new_id
from gateway.channels.realtime.config import Session, updated
from gateway.channels.realtime.peer import RealtimePeer
from gateway.channels.upload import UNREADABLE
from gateway.channels.webrtc.calls import Calls
from gateway.errors import Busy, ProtocolError
from gateway.services import SERVICES, Services
from gateway.wire import parse_json

_SDP = "application/sdp"
_FORM = "multipart/form-data"
Granted = Callable[[web.Request, Services], Grant]


class RtcCalls:
    """What is asked at the two routes."""

    def __init__(self, check: Callable[[web.Request, Services], None], granted: Granted) -> None:
        """``check`` raises for a key that is not good, before anything is read; ``granted`` uses it up."""
        self._check = check
        self._granted = granted
        self._calls: Calls[RealtimePeer] = Calls("realtime")
        self.life = self._calls.life

    async def open(self, request: web.Request) -> web.Response:
        """Answer an offer."""
        services = request.app[SERVICES]
        self._check(request, services)
        if services.voice is None or not services.settings.webrtc.enabled:
            raise Busy("WebRTC is switched off on this gateway; use the socket /v1/realtime", code="webrtc_off")
        voice = services.voice
        offer, wanted = await _read_offer(request)

        async def admit(peer: RealtimePeer) -> Coroutine[Any, Any, None]:
            grant = self._granted(request, services)
            session = updated(updated(Session(), dict(grant.details)), wanted)
            conversation = await services.conversations.get(
                grant.conversation_id,
                customer_id=grant.customer_id,
                channel="realtime",
                language="en" if session.language == "en" else "zh",
            )
            return _serve(peer, lambda media: Call(services, voice, conversation, session, media.send, media))

        call = new_id("rtc")
        answer = await self._calls.begin(services, call, offer, RealtimePeer, admit)
        headers = {"Location": f"/v1/realtime/calls/{call}"}
        return web.Response(status=201, text=answer, content_type=_SDP, headers=headers)

    async def hang_up(self, request: web.Request) -> web.Response:
        """End a call."""
        self._calls.hang_up(request.match_info["call"])
        return web.Response(status=200)


async def _serve(peer: RealtimePeer, call_of: Callable[[RealtimePeer], Call]) -> None:
    if await peer.serve(call_of) is None:
        log.logger().warning("webrtc did not connect", channel="realtime")


async def _read_offer(request: web.Request) -> tuple[str, dict[str, Any]]:
    """The SDP, and the session that is wanted beside it. Raises ``ProtocolError``."""
    if request.content_type == _SDP:
        return (await request.read()).decode("utf-8", "replace"), {}
    if request.content_type != _FORM:
        raise ProtocolError(f"the body must be the offer ({_SDP}), or a form with the field 'sdp'")
    try:
        form = await request.post()
        sdp, session = form.get("sdp"), form.get("session", "{}")
    except UNREADABLE as error:
        raise ProtocolError("the form cannot be read; send the field 'sdp'", code="bad_form") from error
    wanted = parse_json(session) if isinstance(session, str) else None
    if not isinstance(sdp, str):
        raise ProtocolError("field 'sdp' must be an offer (a string)", param="sdp")
    if not isinstance(wanted, dict):
        raise ProtocolError("field 'session' must be an object", param="session")
    return sdp, wanted
