"""What Twilio asks over HTTP and what we ask of it: signatures (X-Twilio-Signature), TwiML, and calls by REST.

    sign: base64(HMAC-SHA1(auth token, URL + sorted name value ...)), the URL with or without its default port

Signature and TwiML are pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit, urlunsplit
from xml.etree import ElementTree as ET

import aiohttp

from gateway.auth import header_bytes
from gateway.channels.rest_control import ask
from gateway.telephony.control import ControlFailed, Transfer

_PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80}
_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_VOICES = {"zh": "zh-CN", "en": "en-US"}


def algorithm_of(settings: str | None) -> str | None:
    """The digest that the header ``X-Twilio-Webhooks-Signature-Settings`` names: without it SHA-1; None: unknown."""
    for part in (settings or "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return _DIGESTS.get(value.strip().upper())
    return "sha1"


def signature(auth_token: str, url: str, parameters: Iterable[tuple[str, str]], digest: str = "sha1") -> str:
    """Of a form request: each distinct name with its distinct values, both sorted, appended to the URL."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.digest(auth_token.encode(), text.encode(), digest)).decode()


def is_signed(
    auth_token: str,
    url: str,
    given: str | None,
    parameters: Iterable[tuple[str, str]],
    body: bytes | None = None,
    digest: str | None = "sha1",
) -> bool:
    """Whether Twilio signed this request; ``url`` is the public one. ``body``: of a JSON request, whose hash the URL
    carries as ``bodySHA256``. ``digest``: see ``algorithm_of``. Compared in constant time.
    """
    if digest is None:
        return False
    wanted = parse_qs(urlsplit(url).query).get("bodySHA256")
    if wanted is not None and body is not None:
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), wanted[0].encode()):
            return False
        parameters = ()
    known = tuple(parameters)
    offered = header_bytes(given)
    matches = [
        hmac.compare_digest(signature(auth_token, form, known, digest).encode(), offered)
        for form in (with_port(url), without_port(url))
    ]
    return any(matches)


def with_port(url: str) -> str:
    """The URL with its port, the default one when it names none."""
    parts = urlsplit(url)
    if parts.port is not None or parts.scheme not in _PORTS:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}"))


def without_port(url: str) -> str:
    """The URL without its port."""
    parts = urlsplit(url)
    if parts.port is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))


def connect_twiml(stream_url: str, parameters: Mapping[str, str], status_url: str) -> str:
    """Connect the call to a bidirectional stream."""
    response = ET.Element("Response")
    stream = ET.SubElement(
        ET.SubElement(response, "Connect"), "Stream", {"url": stream_url, "statusCallback": status_url}
    )
    for name, value in parameters.items():
        ET.SubElement(stream, "Parameter", {"name": name, "value": value})
    return _document(response)


def transfer_twiml(transfer: Transfer, whisper_url: str) -> str:
    """Dial a person; ``whisper_url`` gives what they hear before they are connected, empty: nothing."""
    response = ET.Element("Response")
    dial = ET.SubElement(response, "Dial")
    kind = "Sip" if transfer.to.startswith("sip:") else "Number"
    ET.SubElement(dial, kind, {"url": whisper_url} if whisper_url else {}).text = transfer.to
    return _document(response)


def say_twiml(text: str, language: str) -> str:
    """Say this."""
    response = ET.Element("Response")
    if text:
        ET.SubElement(response, "Say", {"language": _VOICES.get(language, "zh-CN")}).text = printable(text)
    return _document(response)


def reject_twiml() -> str:
    """All lines are busy."""
    response = ET.Element("Response")
    ET.SubElement(response, "Reject", {"reason": "busy"})
    return _document(response)


def printable(text: str) -> str:
    """Without the control characters that XML 1.0 does not have."""
    return "".join(character if character.isprintable() else " " for character in text)


def _document(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


class TwilioCalls:
    """One call by Twilio's REST; ``CallControl``."""

    def __init__(self, api_url: str, account_sid: str, auth_token: str, call_sid: str, whisper_url: str) -> None:
        """``whisper_url``: our address that says a call's summary."""
        self._url = f"{api_url}/2010-04-01/Accounts/{account_sid}/Calls/{call_sid}.json"
        self._authorization = aiohttp.encode_basic_auth(account_sid, auth_token)
        self._whisper_url = whisper_url
        self.transfers = bool(account_sid)

    async def hang_up(self) -> None:
        """See ``CallControl``. Without an account the end of our TwiML ends the call."""
        if self.transfers:
            await self._update({"Status": "completed"})

    async def transfer(self, to: Transfer) -> None:
        """See ``CallControl``."""
        if not self.transfers or not to.to:
            raise ControlFailed("nobody to transfer to: set phone.agent and twilio.account_sid")
        await self._update({"Twiml": transfer_twiml(to, self._whisper_url if to.summary else "")})

    async def _update(self, form: Mapping[str, str]) -> None:
        await ask("POST", self._url, self._authorization, form=form)
