"""Channel ``plivo``: the answer webhook and the media socket; calls by REST.

    POST /v1/plivo/voice   signed (V3)  -> XML: Stream, with a pass
    GET  /v1/plivo/media   WebSocket; its 'start' must bring that pass

V3: base64(HMAC-SHA256(auth token, URL + "?" + query + "." + sorted parameters + "." + nonce)).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlsplit
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import web

from gateway.channels.plivo_codec import PlivoDialect
from gateway.channels.rest_control import ask
from gateway.errors import Busy, Forbidden, ProtocolError
from gateway.services import SERVICES, Services
from gateway.telephony.call import Line
from gateway.telephony.control import ControlFailed, Transfer
from gateway.telephony.door import media_socket, open_line, own_url, public_url, subject
from gateway.telephony.wire import CallStarted

CHANNEL = "plivo"
_PASS = "kefupass"
"""Plivo's extra headers take letters and digits only."""


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [web.post("/v1/plivo/voice", _voice), web.get("/v1/plivo/media", _media)]


def signature(auth_token: str, url: str, nonce: str, pairs: Sequence[tuple[str, str]] = ()) -> str:
    """V3 of a request; ``pairs``: the form of a POST. As the vendor's library makes it."""
    parts = urlsplit(url)
    query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True)))
    text = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or pairs:
        text += f"?{query}"
    if query and pairs:
        text += "."
    text += "".join(name + value for name, value in sorted(pairs))
    return base64.b64encode(hmac.digest(auth_token.encode(), f"{text}.{nonce}".encode(), "sha256")).decode()


def stream_xml(stream_url: str, call_pass: str) -> str:
    """Connect the call to a bidirectional stream and keep the call after it."""
    response = ET.Element("Response")
    options = {
        "bidirectional": "true",
        "keepCallAlive": "true",
        "contentType": "audio/x-mulaw;rate=8000",
        "extraHeaders": f"{_PASS}={call_pass}",
    }
    ET.SubElement(response, "Stream", options).text = stream_url
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")


def _auth_token(services: Services) -> str:
    secret = services.settings.plivo.auth_token
    if secret is None:
        raise Forbidden("this channel is closed: set plivo.auth_token", code="channel_off")
    return secret.get_secret_value()


async def _voice(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    token = _auth_token(services)
    form = [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
    wanted = signature(token, public_url(request), request.headers.get("X-Plivo-Signature-V3-Nonce", ""), form)
    given = request.headers.get("X-Plivo-Signature-V3", "").split(",")
    if not any(hmac.compare_digest(wanted.encode(), one.strip().encode()) for one in given):
        raise Forbidden("X-Plivo-Signature-V3 does not fit; check plivo.auth_token", code="bad_signature")
    call = dict(form).get("CallUUID", "")
    if not call:
        raise ProtocolError("field 'CallUUID' is missing", param="CallUUID")
    if services.voice is None or services.admission.full:
        raise Busy("all lines are busy")
    stream_url = own_url(request, "/v1/plivo/media", scheme="wss")
    document = stream_xml(stream_url, services.tokens.issue_pass(subject(CHANNEL, call)))
    return web.Response(text=document, content_type="text/xml")


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    token = _auth_token(services)

    async def admit(started: CallStarted) -> Line:
        facts = started.facts
        given = next((value for name, value in facts.parameters.items() if name.lower().endswith(_PASS)), "")
        services.tokens.redeem_pass(given, subject(CHANNEL, facts.call_id))
        settings = services.settings.plivo
        control = PlivoCalls(settings.api_url, settings.auth_id, token, facts.call_id)
        return await open_line(services, CHANNEL, started, control)

    return await media_socket(request, PlivoDialect(), CHANNEL, admit)


class PlivoCalls:
    """One call by Plivo's REST; ``CallControl``. Transfers need XML at an address of the shop's own: hang-up only."""

    transfers = False

    def __init__(self, api_url: str, auth_id: str, auth_token: str, call_uuid: str) -> None:
        """``auth_id`` empty: nothing is asked."""
        self._url = f"{api_url}/v1/Account/{quote(auth_id)}/Call/{quote(call_uuid, safe='')}/" if auth_id else ""
        self._authorization = aiohttp.encode_basic_auth(auth_id, auth_token)

    async def hang_up(self) -> None:
        """See ``CallControl``. The stream keeps the call alive, so closing it ends nothing."""
        if self._url:
            await ask("DELETE", self._url, self._authorization)

    async def transfer(self, to: Transfer) -> None:
        """Not possible."""
        raise ControlFailed("this channel cannot transfer")
