"""Channel ``jambonz``: the media socket of jambonz (verb ``listen``/``stream``) and of FreeSWITCH's mod_audio_fork.

    GET /v1/jambonz/media   WebSocket; HTTP Basic (the verb's wsAuth)

The verb: ``{"verb": "listen", "url": "wss://HOST/v1/jambonz/media", "sampleRate": 8000, "mixType": "mono",
"passDtmf": true, "wsAuth": {...}, "bidirectionalAudio": {"enabled": true, "streaming": true, "sampleRate": 8000}}``.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from gateway.channels.exotel import check_basic
from gateway.channels.jambonz_codec import JambonzDialect
from gateway.services import SERVICES
from gateway.telephony.call import Line
from gateway.telephony.control import SocketControl
from gateway.telephony.door import media_socket, open_line
from gateway.telephony.wire import CallFacts, CallStarted

CHANNEL = "jambonz"
SUBPROTOCOLS = ("audio.jambonz.org", "audio.drachtio.org")


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.get("/v1/jambonz/media", _media)]


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    settings = services.settings.jambonz
    check_basic(request, "jambonz", settings.username, settings.password)

    async def admit(started: CallStarted) -> Line:
        if not started.facts.call_id:
            # mod_audio_fork sends what its user likes; a call without a name is a conversation of its own.
            started = CallStarted(CallFacts(secrets.token_urlsafe(16)), started.format)
        return await open_line(services, CHANNEL, started, SocketControl())

    return await media_socket(request, JambonzDialect(), CHANNEL, admit, protocols=SUBPROTOCOLS)
