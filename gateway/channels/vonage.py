"""Channel ``vonage``: the answer webhook and the media socket of Vonage's Voice API; calls by REST.

    POST /v1/vonage/answer   signed (JWT, HS256, of the account's signature secret)  -> NCCO: connect to our WebSocket
    GET  /v1/vonage/media    WebSocket; its first message must bring the pass of that NCCO
    GET  /v1/vonage/summary  keyed address  -> WAV: what a person hears before they are connected
    POST /v1/vonage/whisper  signed         -> NCCO: stream the summary

The application's answer_method must be POST: its body is in the signature (``payload_hash``), a query is not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import jwt
from aiohttp import web

from gateway.auth import bearer, header_bytes
from gateway.channels.rest import read_object
from gateway.channels.rest_control import ask
from gateway.channels.vonage_codec import VonageDialect
from gateway.config import Vonage
from gateway.errors import Busy, Forbidden, ProtocolError
from gateway.services import SERVICES, Services
from gateway.telephony.call import Line
from gateway.telephony.control import ControlFailed, Transfer
from gateway.telephony.door import PASS, media_socket, open_line, own_url, subject
from gateway.telephony.summary import spoken_summary, summary_url
from gateway.telephony.wire import CallStarted

CHANNEL = "vonage"
_FRESH_S = 300.0
_TOKEN_S = 60


def routes() -> list[web.RouteDef]:
    """The routes of this channel."""
    return [
        web.post("/v1/vonage/answer", _answer),
        web.get("/v1/vonage/media", _media),
        web.post("/v1/vonage/whisper", _whisper),
        web.get("/v1/vonage/summary", _summary),
    ]


def is_signed(secret: str, token: str, body: bytes, now_s: float) -> str:
    """The name of the request (``jti``) that Vonage signed with this token, lately; empty: it did not."""
    try:
        claims = jwt.decode(
            header_bytes(token),
            secret,
            algorithms=["HS256"],
            options={"require": ["iat", "jti", "payload_hash"], "verify_iat": False, "verify_aud": False},
        )
        fresh = abs(now_s - float(claims["iat"])) <= _FRESH_S
    except (jwt.InvalidTokenError, TypeError, ValueError):
        return ""
    same = hmac.compare_digest(str(claims["payload_hash"]).encode(), hashlib.sha256(body).hexdigest().encode())
    return str(claims["jti"]) if fresh and same else ""


def _settings(services: Services) -> Vonage:
    if services.settings.vonage.signature_secret is None:
        raise Forbidden("this channel is closed: set vonage.signature_secret", code="channel_off")
    return services.settings.vonage


async def _signed(request: web.Request) -> Mapping[str, Any]:
    """The JSON of a request that Vonage signed. Raises ``Forbidden``."""
    services = request.app[SERVICES]
    settings = _settings(services)
    assert settings.signature_secret is not None
    token = bearer(request.headers.get("Authorization")) or ""
    name = is_signed(settings.signature_secret.get_secret_value(), token, await request.read(), time.time())
    if not name:
        raise Forbidden("the request's token does not fit; check vonage.signature_secret", code="bad_signature")
    services.tokens.use_once(f"{CHANNEL}:{name}", 2 * _FRESH_S)
    return await read_object(request)


async def _answer(request: web.Request) -> web.Response:
    call = await _signed(request)
    services = request.app[SERVICES]
    name = call.get("uuid")
    if not isinstance(name, str) or not name:
        raise ProtocolError("field 'uuid' is missing", param="uuid")
    if services.voice is None or services.admission.full:
        raise Busy("all lines are busy")
    headers = {PASS: services.tokens.issue_pass(subject(CHANNEL, name)), "call": name}
    headers |= {key: str(call.get(key, ""))[:40] for key in ("from", "to")}
    uri = own_url(request, "/v1/vonage/media", scheme="wss")
    endpoint = {"type": "websocket", "uri": uri, "content-type": "audio/l16;rate=8000", "headers": headers}
    return web.json_response([{"action": "connect", "endpoint": [endpoint]}])


async def _media(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    settings = _settings(services)

    async def admit(started: CallStarted) -> Line:
        call = started.facts.call_id
        services.tokens.redeem_pass(started.facts.parameters.get(PASS, ""), subject(CHANNEL, call))
        control = VonageCalls(settings, call, own_url(request, f"/v1/vonage/whisper?call={quote(call)}"))
        return await open_line(services, CHANNEL, started, control)

    return await media_socket(request, VonageDialect(), CHANNEL, admit)


async def _whisper(request: web.Request) -> web.Response:
    await _signed(request)
    address = summary_url(request, CHANNEL, request.query.get("call", ""))
    return web.json_response([{"action": "stream", "streamUrl": [address]}])


async def _summary(request: web.Request) -> web.Response:
    return await spoken_summary(request, CHANNEL)


class VonageCalls:
    """One call by Vonage's REST; ``CallControl``. Its tokens are signed with the application's private key (RS256)."""

    def __init__(self, settings: Vonage, call_uuid: str, whisper_url: str) -> None:
        """Without an application the end of the socket ends the call. ``whisper_url`` gives the NCCO of a summary."""
        self._settings = settings
        self._url = f"{settings.api_url}/v1/calls/{quote(call_uuid, safe='')}"
        self._whisper_url = whisper_url
        self.transfers = bool(settings.application_id and settings.private_key)

    async def hang_up(self) -> None:
        """See ``CallControl``."""
        if self.transfers:
            await self._update({"action": "hangup"})

    async def transfer(self, to: Transfer) -> None:
        """See ``CallControl``: the caller's leg goes on with an NCCO that connects the person."""
        if not self.transfers or not to.to:
            raise ControlFailed("nobody to transfer to: set phone.agent, vonage.application_id and private_key")
        is_sip = to.to.startswith("sip:")
        endpoint: dict[str, Any] = (
            {"type": "sip", "uri": to.to} if is_sip else {"type": "phone", "number": to.to.lstrip("+")}
        )
        if to.summary and not is_sip:
            endpoint["onAnswer"] = {"url": self._whisper_url}
        ncco = [{"action": "connect", "endpoint": [endpoint]}]
        await self._update({"action": "transfer", "destination": {"type": "ncco", "ncco": ncco}})

    async def _update(self, body: Mapping[str, Any]) -> None:
        assert self._settings.private_key is not None
        now = int(time.time())
        claims = {"application_id": self._settings.application_id, "iat": now, "exp": now + _TOKEN_S}
        claims["jti"] = secrets.token_hex(16)
        try:
            token = jwt.encode(claims, self._settings.private_key.get_secret_value(), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise ControlFailed("vonage.private_key is no RSA key in PEM") from error
        await ask("PUT", self._url, f"Bearer {token}", json=body)
