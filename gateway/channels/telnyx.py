"""Channel ``telnyx``: the TeXML webhook and the media socket; calls by REST.

POST /v1/telnyx/voice   signed (Ed25519 over timestamp|body)  -> TeXML: Connect/Stream, RTP mode, with a pass
GET  /v1/telnyx/media   WebSocket; its 'start' must bring that pass
GET  /v1/telnyx/summary   keyed address  -> WAV: what a person hears before they are connected
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree as ET

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.channels.rest_control import ask
from gateway.channels.telnyx_codec import TelnyxDialect
from gateway.errors import Busy, Forbidden, ProtocolError
from gateway.services import SERVICES
from gateway.telephony.call import Line
from gateway.telephony.control import ControlFailed, Transfer
from gateway.telephony.door import PASS, media_socket, open_line, own_url, subject
from gateway.telephony.summary import spoken_summary, summary_url
from gateway.telephony.wire import CallStarted

CHANNEL = "telnyx"
_FRESH_S = 300.0
"""A signed request older than this is a replay."""
_GONE = frozenset({404, 422})
"""422 with code 90018: the call has ended."""


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.post("/v1/telnyx/voice", _voice),
        web.get("/v1/telnyx/media", _media),
        web.get("/v1/telnyx/summary", _summary),
    ]


def is_signed(public_key: str, timestamp: str, body: bytes, signature: str, now_s: float) -> bool:
    """Whether Telnyx signed this body, lately; ``public_key`` and ``signature`` in base64."""
    try:
        age_s = abs(now_s - float(int(timestamp)))
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (ValueError, OverflowError, binascii.Error, InvalidSignature):
        return False
    return age_s <= _FRESH_S


def stream_texml(stream_url: str, call_pass: str) -> str:
    """Connect the call to a bidirectional stream in RTP mode, without which our sound is dropped."""
    response = ET.Element("Response")
    options = {"url": stream_url, "bidirectionalMode": "rtp", "bidirectionalCodec": "PCMU"}
    stream = ET.SubElement(ET.SubElement(response, "Connect"), "Stream", options)
    ET.SubElement(stream, "Parameter", {"name": PASS, "value": call_pass})
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")


async def _voice(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    key = services.settings.telnyx.public_key
    if not key:
        raise Forbidden("this channel is closed: set telnyx.public_key", code="channel_off")
    body = await request.read()
    headers = request.headers
    timestamp, signature = headers.get("telnyx-timestamp", ""), headers.get("telnyx-signature-ed25519", "")
    if not is_signed(key, timestamp, body, signature, time.time()):
        raise Forbidden("telnyx-signature-ed25519 does not fit; check telnyx.public_key", code="bad_signature")
    services.tokens.use_once(f"{CHANNEL}:{timestamp}|{hashlib.sha256(body).hexdigest()}", 2 * _FRESH_S)
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    call = form.get("CallSid", "")
    if not call:
        raise ProtocolError("field 'CallSid' is missing", param="CallSid")
    if services.voice is None or services.admission.full:
        raise Busy("all lines are busy")
    stream_url = own_url(request, "/v1/telnyx/media", scheme="wss")
    # The stream names the call otherwise than the webhook: the pass says which door it is for, and is good once.
    document = stream_texml(stream_url, services.tokens.issue_pass(subject(CHANNEL, "")))
    return web.Response(text=document, content_type="text/xml")


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    settings = services.settings.telnyx
    if not settings.public_key:
        raise Forbidden("this channel is closed: set telnyx.public_key", code="channel_off")

    async def admit(started: CallStarted) -> Line:
        services.tokens.redeem_pass(started.facts.parameters.get(PASS, ""), subject(CHANNEL, ""))
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        call_id = started.facts.call_id
        control = TelnyxCalls(settings.api_url, key, call_id, lambda: summary_url(request, CHANNEL, call_id))
        return await open_line(services, CHANNEL, started, control)

    return await media_socket(request, TelnyxDialect(), CHANNEL, admit)


async def _summary(request: web.Request) -> web.Response:
    return await spoken_summary(request, CHANNEL)


class TelnyxCalls:
    """One call by Telnyx's REST; ``CallControl``."""

    def __init__(self, api_url: str, api_key: str, call_control_id: str, summary: Callable[[], str]) -> None:
        """Without a key only the end of the TeXML ends the call. ``summary``: its sound file's address."""
        self._summary = summary
        self._actions = f"{api_url}/v2/calls/{quote(call_control_id, safe='')}/actions"
        self._authorization = f"Bearer {api_key}"
        self.transfers = bool(api_key)

    async def hang_up(self) -> None:
        """See ``CallControl``."""
        if self.transfers:
            await ask("POST", f"{self._actions}/hangup", self._authorization, json={}, gone=_GONE)

    async def transfer(self, to: Transfer) -> None:
        """See ``CallControl``. The person hears the summary when they answer (``audio_url``), then the caller."""
        if not self.transfers or not to.to:
            raise ControlFailed("nobody to transfer to: set phone.agent and telnyx.api_key")
        told = {"audio_url": self._summary()} if to.summary else {}
        await ask("POST", f"{self._actions}/transfer", self._authorization, json={"to": to.to, **told}, gone=_GONE)
