"""The providers' ends of the stream channels: what each one's webhook brings and its stream says, for ``MediaDouble``.

    async with stream(client, "twilio", await parameters(client, "twilio")) as double: ...

Made of their recorded messages (``tests/data``) and of the protocols' descriptions; no vendor's network has a part in
it. The gateway must have been told the secrets below, and ``PUBLIC`` as its public address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import aiohttp
import jwt
from aiohttp import web
from aiohttp.test_utils import TestClient
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twilio.request_validator import RequestValidator

from gateway.channels import plivo
from gateway.telephony.wire import AudioFormat
from tests.media_double import Frame, MediaDouble, Shape, connected

Client = aiohttp.ClientSession | TestClient[web.Request, web.Application]
DATA = Path(__file__).parent / "data"
PUBLIC = "http://kefu.example.com"
TWILIO_TOKEN = "an auth token of tests"
_CALL_FIELDS = {"telnyx": "call_control_id", "plivo": "callId", "exotel": "call_sid"}
CALLS = {
    "twilio": "CA00000000000000000000000000000007", "telnyx": "v3:cc-1", "plivo": "c-1", "exotel": "call-1",
    "vonage": "63f61863-4a51-4f6b-86e1-46edebcf9356",
}  # fmt: skip
"""The provider's name of the call where a test gives none; of jambonz it is ``c-1``."""
TWILIO_CALL = CALLS["twilio"]
PLIVO_TOKEN = "tok"
VONAGE_SECRET = "the signature secret of tests, 32 bytes"
PASSWORD = "secret"
"""Of Exotel, jambonz and Asterisk."""
BASIC = {"Authorization": aiohttp.encode_basic_auth("kefu", PASSWORD)}
TELNYX_KEY = Ed25519PrivateKey.generate()
TELNYX_PUBLIC_KEY = base64.b64encode(
    TELNYX_KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
).decode()


def recorded(name: str) -> list[str]:
    """A stream of ``name``, message by message."""
    return (DATA / name / "stream.jsonl").read_text().splitlines()


# --- webhooks --------------------------------------------------------------------------------------------------------


def telnyx_signature(timestamp: str, body: bytes) -> str:
    """As Telnyx signs a webhook."""
    return base64.b64encode(TELNYX_KEY.sign(timestamp.encode() + b"|" + body)).decode()


def signed_form(name: str, call: str = "") -> tuple[str, dict[str, str]]:
    """Body and headers of the voice webhook of Telnyx or Plivo."""
    form = {"CallUUID": call or CALLS[name], "CallSid": "CA1", "CallSessionId": secrets.token_hex(8)}
    body = urlencode(form)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if name == "telnyx":
        now = str(int(time.time()))
        return body, {
            **headers,
            "telnyx-timestamp": now,
            "telnyx-signature-ed25519": telnyx_signature(now, body.encode()),
        }
    nonce = secrets.token_hex(8)
    signature = plivo.signature(PLIVO_TOKEN, f"{PUBLIC}/v1/plivo/voice", nonce, list(form.items()))
    return body, {**headers, "X-Plivo-Signature-V3-Nonce": nonce, "X-Plivo-Signature-V3": f"x,{signature}"}


async def twilio_webhook(client: Client, path: str, form: dict[str, str], signed: str | None = None) -> tuple[int, str]:
    """A webhook as Twilio calls it, signed with its own library; status and text of the answer."""
    good = RequestValidator(TWILIO_TOKEN).compute_signature(f"{PUBLIC}{path}", form)
    headers = {"X-Twilio-Signature": good if signed is None else signed}
    async with client.post(path, data=form, headers=headers) as response:
        return response.status, await response.text()


def vonage_token(body: bytes, secret: str = VONAGE_SECRET, **claims: Any) -> str:
    """As Vonage signs a webhook."""
    digest = hashlib.sha256(body).hexdigest()
    usual = {"iat": int(time.time()), "jti": secrets.token_hex(8), "iss": "Vonage", "payload_hash": digest}
    return jwt.encode({**usual, **claims}, secret, algorithm="HS256")


async def vonage_webhook(client: Client, path: str, fields: Mapping[str, Any], **claims: Any) -> tuple[int, Any]:
    """A webhook as Vonage calls it; status and JSON of the answer."""
    body = json.dumps(fields).encode()
    headers = {"Authorization": f"Bearer {vonage_token(body, **claims)}", "Content-Type": "application/json"}
    async with client.post(path, data=body, headers=headers) as response:
        return response.status, await response.json()


async def parameters(client: Client, name: str, call: str = "") -> dict[str, str]:
    """What the provider carries to the stream from our answer to its signed webhook."""
    if name in {"exotel", "jambonz"}:
        return {}
    if name == "vonage":
        return await _vonage_parameters(client, call or CALLS[name])
    if name == "twilio":
        form = {"CallSid": call or TWILIO_CALL, "From": "+15550100001", "To": "+15550100002"}
        status, document = await twilio_webhook(client, "/v1/twilio/voice", form)
    else:
        body, headers = signed_form(name, call)
        async with client.post(f"/v1/{name}/voice", data=body, headers=headers) as response:
            status, document = response.status, await response.text()
    assert status == 200, document
    root = ET.fromstring(document)
    if name == "plivo":
        (stream,) = root.findall("Stream")
        assert stream.text == "ws://kefu.example.com/v1/plivo/media"
        assert stream.attrib["extraHeaders"].replace("=", "").isalnum()
        return dict([stream.attrib["extraHeaders"].split("=")])
    (stream,) = root.findall("Connect/Stream")
    assert stream.attrib["url"] == f"ws://kefu.example.com/v1/{name}/media"
    return {item.attrib["name"]: item.attrib["value"] for item in stream}


async def _vonage_parameters(client: Client, call: str) -> dict[str, str]:
    fields = {"uuid": call, "from": "441632960960", "to": "441632960961"}
    status, (connect,) = await vonage_webhook(client, "/v1/vonage/answer", fields)
    assert (status, connect["action"]) == (200, "connect")
    (endpoint,) = connect["endpoint"]
    assert endpoint["uri"] == "ws://kefu.example.com/v1/vonage/media"
    assert len(json.dumps(endpoint["headers"])) <= 512
    return {"content-type": endpoint["content-type"], **endpoint["headers"]}


# --- streams ---------------------------------------------------------------------------------------------------------


def shape(name: str, call: str = "") -> Shape:
    """A provider's side of the stream."""
    match name:
        case "twilio":
            return _twilio(call or TWILIO_CALL)
        case "jambonz":
            return _jambonz(call or "c-1")
        case "vonage":
            return _VONAGE
        case _:
            return _thin(name, call)


@asynccontextmanager
async def stream(
    client: Client, name: str, given: dict[str, str], *, call: str = "", talks: bool = True
) -> AsyncIterator[MediaDouble]:
    """The provider's stream of one call, opened with what its webhook was given. ``talks``: see ``connected``."""
    headers = BASIC if name in {"exotel", "jambonz"} else {}
    protocols = ("audio.jambonz.org",) if name == "jambonz" else ()
    socket = await client.ws_connect(f"/v1/{name}/media", headers=headers, protocols=protocols)
    async with connected(socket, shape(name, call), given, talks=talks) as double:
        yield double


def _sound(frame: Frame) -> bytes | None:
    return base64.b64decode(frame["media"]["payload"]) if "media" in frame else None


def _twilio(call: str) -> Shape:
    sid = {"streamSid": "MZ1"}

    def start(given: Mapping[str, str]) -> list[Frame]:
        opened = {"streamSid": "MZ1", "callSid": call, "accountSid": "AC1", "customParameters": given}
        return [{"event": "connected"}, {"event": "start", "sequenceNumber": "1", "start": opened, **sid}]

    def media(number: int, payload: bytes) -> Frame:
        sound = {"timestamp": str(number * 20), "payload": base64.b64encode(payload).decode()}
        return {"event": "media", "media": sound, **sid}

    return Shape(
        start,
        media,
        key=lambda digit: {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": digit}, **sid},
        echo=lambda mark: {"event": "mark", "mark": {"name": mark}, **sid},
        payload=_sound,
        mark=lambda frame: frame["mark"]["name"] if frame["event"] == "mark" else None,
        is_clear=lambda frame: frame["event"] == "clear",
        stop={"event": "stop", "stop": {"callSid": call}, **sid},
    )


def _thin(name: str, call: str) -> Shape:
    """Telnyx, Plivo, Exotel: made of their recorded messages."""
    by_event = {frame["event"]: frame for frame in map(json.loads, recorded(name))}

    def start(given: Mapping[str, str]) -> list[Frame]:
        opened = json.loads(json.dumps(by_event["start"]))
        opened["start"][_CALL_FIELDS[name]] = call or CALLS[name]
        if name == "plivo":
            opened["extra_headers"] = ",".join(f"{key}={value}" for key, value in given.items())
        else:
            opened["start"]["custom_parameters"] = given
        return [opened]

    def media(number: int, payload: bytes) -> Frame:
        sound = {"chunk": str(number), "timestamp": str(number * 20), "payload": base64.b64encode(payload).decode()}
        return {**by_event["media"], "media": sound}

    def echo(mark: str) -> Frame:
        return {"event": "playedStream", "name": mark} if name == "plivo" else {"event": "mark", "mark": {"name": mark}}

    return Shape(
        start,
        media,
        key=lambda digit: {"event": "dtmf", "dtmf": {"digit": digit}},
        echo=echo,
        payload=_sound,
        mark=lambda frame: frame.get("name") or frame.get("mark", {}).get("name"),
        is_clear=lambda frame: frame["event"] in {"clear", "clearAudio"},
        format=AudioFormat(8000, None if name == "exotel" else "ulaw"),
        stop=by_event["stop"],
    )


def _jambonz(call: str) -> Shape:
    def start(given: Mapping[str, str]) -> list[Frame]:
        facts = {"callSid": call, "from": "+15550100001", "to": "+15550100002"}
        return [{**facts, "sampleRate": 8000, "mixType": "mono", "metadata": given}]

    return Shape(
        start,
        media=lambda _number, payload: payload,
        key=lambda digit: {"event": "dtmf", "dtmf": digit, "duration": "1600"},
        echo=lambda mark: {"type": "mark", "data": {"name": mark, "event": "playout"}},
        payload=lambda _frame: None,
        mark=lambda frame: frame["data"]["name"] if frame["type"] == "mark" else None,
        is_clear=lambda frame: frame["type"] == "killAudio",
        drop=lambda mark: {"type": "mark", "data": {"name": mark, "event": "cleared"}},
        format=AudioFormat(8000),
    )


_VONAGE = Shape(
    start=lambda given: [{"event": "websocket:connected", **given}],
    media=lambda _number, payload: payload,
    key=lambda digit: {"event": "websocket:dtmf", "digit": digit, "duration": 260},
    echo=lambda mark: {"event": "websocket:notify", "payload": {"mark": mark}},
    payload=lambda _frame: None,
    mark=lambda frame: frame["payload"]["mark"] if frame["action"] == "notify" else None,
    is_clear=lambda frame: frame["action"] == "clear",
    drop=lambda _mark: {"event": "websocket:cleared"},
    format=AudioFormat(8000),
)
