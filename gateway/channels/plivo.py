"""Channel ``plivo``: the answer webhook and the media socket; calls by REST.

    POST /v1/plivo/voice      signed (V3)    -> XML: Stream, with a pass
    GET  /v1/plivo/media      WebSocket; its 'start' must bring that pass
    POST /v1/plivo/transfer   signed         -> XML: Dial a person (?to=, hexadecimal; ?told=1: the summary first)
    POST /v1/plivo/whisper    signed         -> XML: Play the summary
    GET  /v1/plivo/summary    keyed address  -> WAV: the summary

V3: base64(HMAC-SHA256(auth token, URL + "?" + query + "." + sorted parameters + "." + nonce)).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlsplit
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import web

from gateway.auth import REPLAY_S, header_bytes
from gateway.channels.plivo_codec import PlivoDialect
from gateway.channels.rest_control import ask
from gateway.channels.upload import read_pairs
from gateway.errors import Busy, Forbidden, ProtocolError
from gateway.services import SERVICES, Services
from gateway.telephony.call import Line
from gateway.telephony.control import ControlFailed, Transfer
from gateway.telephony.door import media_socket, open_line, own_url, public_url, subject
from gateway.telephony.summary import spoken_summary, summary_url
from gateway.telephony.wire import CallStarted

CHANNEL = "plivo"
_PASS = "kefupass"
"""Plivo's extra headers take letters and digits only."""


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.post("/v1/plivo/voice", _voice),
        web.get("/v1/plivo/media", _media),
        web.post("/v1/plivo/transfer", _transfer),
        web.post("/v1/plivo/whisper", _whisper),
        web.get("/v1/plivo/summary", _summary),
    ]


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
    return _document(response)


def transfer_xml(to: str, whisper_url: str) -> str:
    """Dial a person; ``whisper_url`` gives XML of what they hear before they are connected, empty: nothing."""
    response = ET.Element("Response")
    dial = ET.SubElement(response, "Dial", {"confirmSound": whisper_url} if whisper_url else {})
    ET.SubElement(dial, "User" if to.startswith("sip:") else "Number").text = to
    return _document(response)


def _document(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


def _auth_token(services: Services) -> str:
    secret = services.settings.plivo.auth_token
    if secret is None:
        raise Forbidden("this channel is closed: set plivo.auth_token", code="channel_off")
    return secret.get_secret_value()


async def _signed_form(request: web.Request) -> Mapping[str, str]:
    """The form of a request that Plivo signed. Raises ``Forbidden``."""
    services = request.app[SERVICES]
    token = _auth_token(services)
    form = await read_pairs(request)
    nonce = request.headers.get("X-Plivo-Signature-V3-Nonce", "").encode("utf-8", "replace").decode()
    wanted = signature(token, public_url(request), nonce, form)
    given = request.headers.get("X-Plivo-Signature-V3", "").split(",")
    if not any(hmac.compare_digest(wanted.encode(), header_bytes(one.strip())) for one in given):
        raise Forbidden("X-Plivo-Signature-V3 does not fit; check plivo.auth_token", code="bad_signature")
    services.tokens.use_once(f"{CHANNEL}:{nonce}", REPLAY_S)
    found = dict(form)
    if not found.get("CallUUID"):
        raise ProtocolError("field 'CallUUID' is missing", param="CallUUID")
    return found


async def _voice(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    call = (await _signed_form(request))["CallUUID"]
    if services.voice is None or services.admission.full:
        raise Busy("all lines are busy")
    stream_url = own_url(request, "/v1/plivo/media", scheme="wss")
    return _xml(stream_xml(stream_url, services.tokens.issue_pass(subject(CHANNEL, call))))


async def _transfer(request: web.Request) -> web.Response:
    """Where a call's leg is sent by REST: the number is in the address, which Plivo has signed."""
    call = (await _signed_form(request))["CallUUID"]
    try:
        to = bytes.fromhex(request.query.get("to", "")).decode()
    except ValueError as error:
        raise ProtocolError("parameter 'to' is not hexadecimal UTF-8", param="to") from error
    is_told = request.query.get("told") == "1"
    return _xml(transfer_xml(to, own_url(request, f"/v1/plivo/whisper?call={quote(call)}") if is_told else ""))


async def _whisper(request: web.Request) -> web.Response:
    await _signed_form(request)
    response = ET.Element("Response")
    ET.SubElement(response, "Play").text = summary_url(request, CHANNEL, request.query.get("call", ""))
    return _xml(_document(response))


def _xml(document: str) -> web.Response:
    return web.Response(text=document, content_type="text/xml")


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    token = _auth_token(services)

    async def admit(started: CallStarted) -> Line:
        facts = started.facts
        given = next((value for name, value in facts.parameters.items() if name.lower().endswith(_PASS)), "")
        services.tokens.redeem_pass(given, subject(CHANNEL, facts.call_id))
        settings = services.settings.plivo
        transfer_url = own_url(request, "/v1/plivo/transfer")
        control = PlivoCalls(settings.api_url, settings.auth_id, token, facts.call_id, transfer_url)
        return await open_line(services, CHANNEL, started, control)

    return await media_socket(request, PlivoDialect(), CHANNEL, admit)


async def _summary(request: web.Request) -> web.Response:
    return await spoken_summary(request, CHANNEL)


class PlivoCalls:
    """One call by Plivo's REST; ``CallControl``."""

    def __init__(self, api_url: str, auth_id: str, auth_token: str, call_uuid: str, transfer_url: str) -> None:
        """``auth_id`` empty: nothing is asked. ``transfer_url``: our address that gives the XML of a transfer."""
        self.transfers = bool(auth_id)
        self._transfer_url = transfer_url
        self._url = f"{api_url}/v1/Account/{quote(auth_id)}/Call/{quote(call_uuid, safe='')}/" if auth_id else ""
        self._authorization = aiohttp.encode_basic_auth(auth_id, auth_token)

    async def hang_up(self) -> None:
        """See ``CallControl``. The stream keeps the call alive, so closing it ends nothing."""
        if self._url:
            await ask("DELETE", self._url, self._authorization)

    async def transfer(self, to: Transfer) -> None:
        """See ``CallControl``: the caller's leg goes to the XML at our address, which dials."""
        if not self.transfers or not to.to:
            raise ControlFailed("nobody to transfer to: set phone.agent and plivo.auth_id")
        address = f"{self._transfer_url}?to={to.to.encode().hex()}" + ("&told=1" if to.summary else "")
        leg = {"legs": "aleg", "aleg_url": address, "aleg_method": "POST"}
        await ask("POST", self._url, self._authorization, json=leg)
