"""Channel ``twilio``: the voice webhook, the media socket, the status callback and the whisper to a person.

    POST /v1/twilio/voice    signed   -> TwiML: Connect/Stream, with a pass for this call
    GET  /v1/twilio/media    WebSocket; its 'start' must bring that pass
    POST /v1/twilio/status   signed   -> streams that failed, into log and metrics
    POST /v1/twilio/whisper  signed   -> TwiML: what a person hears before they are connected

Signatures are over ``phone.public_url``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from gateway import log
from gateway.auth import REPLAY_S
from gateway.channels.twilio_codec import TwilioDialect
from gateway.channels.twilio_http import TwilioCalls, connect_twiml, is_signed, reject_twiml, say_twiml
from gateway.channels.upload import read_pairs
from gateway.errors import Forbidden, ProtocolError
from gateway.services import SERVICES, Services
from gateway.telephony.call import Line
from gateway.telephony.door import PASS, media_socket, open_line, own_url, public_url, subject
from gateway.telephony.summary import language_of, summary_of
from gateway.telephony.wire import CallStarted

CHANNEL = "twilio"
_SIGNATURE, _SIGNATURE_SETTINGS = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.post("/v1/twilio/voice", _voice),
        web.get("/v1/twilio/media", _media),
        web.post("/v1/twilio/status", _status),
        web.post("/v1/twilio/whisper", _whisper),
    ]


def _auth_token(services: Services) -> str:
    secret = services.settings.twilio.auth_token
    if secret is None:
        raise Forbidden("this channel is closed: set twilio.auth_token", code="channel_off")
    return secret.get_secret_value()


async def _signed_form(request: web.Request) -> Mapping[str, str]:
    """The form of a request that Twilio signed. Raises ``Forbidden``."""
    token = _auth_token(request.app[SERVICES])
    body = await request.read()
    pairs = await read_pairs(request)
    is_json = request.content_type == "application/json"
    if not is_signed(token, public_url(request), request.headers.get(_SIGNATURE), pairs, body if is_json else None):
        raise Forbidden(
            f"{_SIGNATURE} does not fit; check twilio.auth_token and phone.public_url", code="bad_signature"
        )
    # A call's request is signed anew at each step of the call; a copy would be given a pass to the call's stream.
    request.app[SERVICES].tokens.use_once(f"{CHANNEL}:{request.headers[_SIGNATURE]}", REPLAY_S)
    return dict(pairs)


async def _voice(request: web.Request) -> web.Response:
    form = await _signed_form(request)
    services = request.app[SERVICES]
    call_sid = form.get("CallSid", "")
    if not call_sid:
        raise ProtocolError("field 'CallSid' is missing", param="CallSid")
    if services.admission.full or services.voice is None:
        return _xml(reject_twiml())
    call_pass = services.tokens.issue_pass(subject(CHANNEL, call_sid))
    parameters = {PASS: call_pass, "from": form.get("From", ""), "to": form.get("To", "")}
    stream_url = own_url(request, "/v1/twilio/media", scheme="wss")
    return _xml(connect_twiml(stream_url, parameters, own_url(request, "/v1/twilio/status")))


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    token = _auth_token(services)
    given = request.headers.get(_SIGNATURE)
    # Twilio signs the upgrade; a proxy may not pass the header on, and then the pass alone decides.
    if given is not None and not is_signed(token, public_url(request, scheme="wss"), given, ()):
        raise Forbidden(
            f"{_SIGNATURE} does not fit; check twilio.auth_token and phone.public_url", code="bad_signature"
        )

    async def admit(started: CallStarted) -> Line:
        facts = started.facts
        services.tokens.redeem_pass(facts.parameters.get(PASS, ""), subject(CHANNEL, facts.call_id))
        settings = services.settings.twilio
        whisper = own_url(request, f"/v1/twilio/whisper?call={quote(facts.call_id)}")
        control = TwilioCalls(settings.api_url, settings.account_sid, token, facts.call_id, whisper)
        return await open_line(services, CHANNEL, started, control)

    return await media_socket(request, TwilioDialect(), CHANNEL, admit)


async def _status(request: web.Request) -> web.Response:
    form = await _signed_form(request)
    event = form.get("StreamEvent", form.get("CallStatus", ""))
    if event == "stream-error":
        request.app[SERVICES].metrics.errors.labels("twilio_stream").inc()
        # What Twilio says of an error names no person; the call is named by a digest.
        call = hashlib.sha256(form.get("CallSid", "").encode()).hexdigest()[:8]
        log.logger(channel=CHANNEL).warning("stream failed", call_hash=call, error=form.get("StreamError", "")[:200])
    return web.Response(status=204)


async def _whisper(request: web.Request) -> web.Response:
    """The summary of the hand-off that the conversation's events hold: any worker can tell it."""
    await _signed_form(request)
    summary = await summary_of(request.app[SERVICES], CHANNEL, request.query.get("call", ""))
    return _xml(say_twiml(summary, language_of(summary)))


def _xml(document: str) -> web.Response:
    return web.Response(text=document, content_type="text/xml")
