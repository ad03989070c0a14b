"""Channel ``exotel``: the media socket of a voicebot applet.

    GET /v1/exotel/media   WebSocket; HTTP Basic credentials of the applet's address (wss://user:password@host/...)

Exotel signs nothing and has no webhook before the stream; the end of the stream goes on with the next applet.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web
from pydantic import SecretStr

from gateway.channels.exotel_codec import ExotelDialect
from gateway.errors import Forbidden, Unauthorized
from gateway.services import SERVICES
from gateway.telephony.call import Line
from gateway.telephony.control import SocketControl
from gateway.telephony.door import media_socket, open_line
from gateway.telephony.wire import CallStarted

CHANNEL = "exotel"


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.get("/v1/exotel/media", _media)]


def check_basic(request: web.Request, section: str, username: str, password: SecretStr | None) -> None:
    """Refuse without these credentials (RFC 7617), in constant time. Raises ``Unauthorized``, ``Forbidden``."""
    if password is None:
        raise Forbidden(f"this channel is closed: set {section}.password", code="channel_off")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        offered = base64.b64decode(given.strip(), validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        offered = b""
    if not hmac.compare_digest(offered, f"{username}:{password.get_secret_value()}".encode()):
        raise Unauthorized(f"credentials are needed: {section}.username and {section}.password")


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    settings = services.settings.exotel
    check_basic(request, "exotel", settings.username, settings.password)

    async def admit(started: CallStarted) -> Line:
        return await open_line(services, CHANNEL, started, SocketControl())

    return await media_socket(request, ExotelDialect(), CHANNEL, admit)
