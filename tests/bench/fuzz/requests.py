"""Bodies and headers of HTTP requests: forms with a file, OpenAI's shapes, signed webhooks of providers."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from aiohttp.http import HttpVersion11, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from gateway.admission import Admission
from gateway.auth import Tokens
from gateway.channels import openai_audio, plivo, rest, telnyx, twilio
from gateway.channels.openai_chat import last_user_text, wants_usage
from gateway.channels.openai_tools import declared, offer, results
from gateway.channels.upload import read_form
from gateway.config import Phone, Plivo, Settings, Telnyx, Twilio
from gateway.errors import GatewayError
from gateway.services import SERVICES, Services
from tests.bench.fuzz.cases import Case, Message
from tests.bench.fuzz.judge import Subject
from tests.bench.fuzz.loops import loop

_MAX_FILE_BYTES = 32_768


def _raw(message: Message) -> bytes:
    return message.encode("utf-8", "replace") if isinstance(message, str) else message


@cache
def _app() -> web.Application:
    settings = Settings(
        twilio=Twilio(auth_token="12345"),  # type: ignore[arg-type]
        plivo=Plivo(auth_token="12345"),  # type: ignore[arg-type]
        telnyx=Telnyx(public_key="A" * 43 + "="),
        phone=Phone(public_url="https://shop.example"),
    )
    services = SimpleNamespace(
        settings=settings, tokens=Tokens(None, 60, loop().time), admission=Admission(1), voice=None
    )
    app = web.Application()
    app[SERVICES] = cast("Services", services)
    return app


def _headers(lines: bytes) -> CIMultiDict[str]:
    """Those that are text: the gateway refuses others before anybody reads them (``gateway.app``)."""
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines.split(b"\r\n")[:40]:
        name, colon, value = line.partition(b":")
        key = name.decode("utf-8", "replace").strip()
        if colon and key.isascii() and key.replace("-", "").isalnum():
            headers.add(key, value.decode("utf-8", "replace").strip(" \t"))
    return headers


@cache
def _connection() -> Any:
    """What a request asks of its connection; ``mock`` makes one in a millisecond, which is too long for each."""
    made = make_mocked_request("POST", "/", app=_app())
    return made.protocol, made._payload_writer, made.match_info


async def _request(raw: bytes, path: str) -> web.Request:
    """Of header lines, an empty line, and the body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    task_loop = asyncio.get_running_loop()
    reader = StreamReader(_Protocol(), 65_536, loop=task_loop)  # type: ignore[arg-type]
    reader.feed_data(body)
    reader.feed_eof()
    protocol, writer, match = _connection()
    message = RawRequestMessage(
        "POST", path, HttpVersion11, CIMultiDictProxy(_headers(head)), (), False, None, False, False, URL(path)
    )
    request = web.Request(message, reader, protocol, writer, None, task_loop, client_max_size=65_536)  # type: ignore[arg-type]
    request._match_info = match
    return request


class _Protocol:
    """What a reader tells its connection: to wait, and to go on."""

    _reading_paused = False

    def pause_reading(self, **_: bool) -> None:
        """The buffer is full."""

    def resume_reading(self, **_: bool) -> None:
        """It is not."""


# --- forms -----------------------------------------------------------------------------------------------------------


def _form_seeds() -> Sequence[Case]:
    head = b"Content-Type: multipart/form-data; boundary=xx\r\n\r\n"
    file = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    file += b"Content-Type: audio/wav\r\n\r\nRIFF....\r\n"
    model = b'--xx\r\nContent-Disposition: form-data; name="model"\r\n\r\nkefu\r\n'
    shape = b'--xx\r\nContent-Disposition: form-data; name="response_format"\r\n\r\nverbose_json\r\n'
    language = (
        b'--xx\r\nContent-Disposition: form-data; name="language"\r\nContent-Transfer-Encoding: base64\r\n\r\nemg=\r\n'
    )
    stream = b'--xx\r\nContent-Disposition: form-data; name="timestamp_granularities[]"\r\n\r\nsegment\r\n'
    inner = b"--xx\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n--yy\r\n\r\nx\r\n--yy--\r\n"
    end = b"--xx--\r\n"
    return [
        (head + file + model + shape + stream + end,),
        (head + model + language + file + end,),
        (head + inner + file + end,),
    ]


async def _form(raw: bytes) -> object:
    warnings.simplefilter("ignore")  # aiohttp warns of each Content-Disposition that it leaves out
    request = await _request(raw, "/v1/audio/transcriptions")
    form = await read_form(request, _MAX_FILE_BYTES)
    if form.file is not None and len(form.file) > _MAX_FILE_BYTES:
        raise AssertionError("a file is bounded")
    return form, openai_audio.checked_fields(form)


# --- OpenAI's bodies -------------------------------------------------------------------------------------------------


def _chat_seeds() -> Sequence[Case]:
    tool = {"type": "function", "function": {"name": "hand_off", "description": "d", "parameters": {"type": "object"}}}
    parts = [{"type": "text", "text": "我的订单"}, {"type": "image_url", "image_url": {"url": "x"}}]
    called = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "hand_off"}}],
    }
    bodies: list[dict[str, Any]] = [
        {"model": "kefu", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
        "stream": True,
         "stream_options": {"include_usage": True}, "metadata": {"conversation_id": "c"}, "user": "anna"},
        {"model": "kefu", "messages": [{"role": "user", "content": parts}], "tools": [tool], "tool_choice": "auto"},
        {"model": "kefu", "messages": [{"role": "user", "content": "hi"}, called, {"role": "tool",
        "tool_call_id": "c", "content": "ok"}],
         "tools": [tool]},
        {"model": "kefu", "input": "你好", "voice": "alloy", "response_format": "wav", "speed": 1.5,
        "stream_format": "sse"},
        {"text": "你好", "conversation_id": "c", "language": "zh", "explain": True},
    ]  # fmt: skip
    return [(json.dumps(body).encode(),) for body in bodies]


async def _chat(raw: bytes) -> object:
    request = await _request(b"\r\n\r\n" + raw, "/v1/chat/completions")
    body = await rest.read_object(request)
    parsers: list[Callable[[], object]] = [
        lambda: offer(declared(body.get("tools")), body.get("tool_choice"), {"hand_off": "hand_off"}),
        lambda: results(body.get("messages")),
        lambda: rest.checked_text(request, last_user_text(body.get("messages")), "messages"),
        lambda: wants_usage(body.get("stream_options")),
        lambda: openai_audio.speech_request(body).input.encode("utf-8", "replace"),
        lambda: (rest.checked_text(request, body.get("text")), rest.checked_language(body.get("language"))),
    ]
    found = []
    for parse in parsers:
        try:
            found.append(parse())
        except GatewayError as error:
            found.append((error.message, error.param))
    return found


# --- webhooks --------------------------------------------------------------------------------------------------------


def _hook_seeds() -> Sequence[Case]:
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    call = b"CallSid=CA1&From=%2B1555&To=%2B1666&CallStatus=ringing"
    twilio_hook = form + b"Host: shop.example\r\nX-Twilio-Signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=\r\n\r\n" + call
    json_hook = b"Content-Type: application/json\r\nX-Twilio-Signature: x\r\n\r\n{}"
    plivo_hook = form + b"X-Plivo-Signature-V3: a=,b=\r\nX-Plivo-Signature-V3-Nonce: 12345\r\n\r\nCallUUID=c-1&From=1"
    telnyx_hook = (
        form + b"telnyx-timestamp: 1700000000\r\ntelnyx-signature-ed25519: " + b"A" * 86 + b"==\r\n\r\n" + call
    )
    return [
        ("/v1/twilio/voice", twilio_hook),
        ("/v1/twilio/status?bodySHA256=00", json_hook),
        ("/v1/plivo/voice?a=1&b=", plivo_hook),
        ("/v1/telnyx/voice", telnyx_hook),
        ("/v1/twilio/whisper?call=CA1", twilio_hook),
    ]


@cache
def _hooks() -> dict[str, Any]:
    routes = [*twilio.routes(), *plivo.routes(), *telnyx.routes()]
    return {route.path: route.handler for route in routes if route.method == "POST"}


async def _hook(path: str, raw: bytes) -> object:
    request = await _request(raw, path)
    handler = _hooks().get(request.path)
    if handler is None:
        return None
    response = await handler(request)
    raise AssertionError(f"{request.path} let in who has not signed: {response.status}")


def _webhooks() -> Any:
    """A text is the path of what comes next."""
    path = "/v1/twilio/voice"

    def feed(message: Message) -> object:
        nonlocal path
        if isinstance(message, str):
            if message.startswith("/v1/") and message.isascii() and message.isprintable() and " " not in message:
                path = message
            return None
        return loop().run_until_complete(_hook(path, message))

    return feed


def _run(parse: Callable[[bytes], Any]) -> Callable[[], Any]:
    return lambda: lambda message: loop().run_until_complete(parse(_raw(message)))


_HTTP_WORDS = (
    "Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-Length", "Content-Encoding",
    "multipart/form-data",
    "form-data", "boundary", "boundary=xx", "name", "filename", "filename*", "file", "model", "--xx", "--xx--",
    "base64", "gzip",
    "quoted-printable", "deflate", "identity", "charset", "utf-16", "X-Twilio-Signature", "X-Plivo-Signature-V3",
    "X-Plivo-Signature-V3-Nonce", "telnyx-timestamp", "telnyx-signature-ed25519", "Host", "application/json",
    "bodySHA256",
)  # fmt: skip
_CHAT_WORDS = (
    "model", "messages", "role", "content", "user", "system", "tool", "tools", "function", "name", "type", "text",
    "stream",
    "stream_options", "include_usage", "metadata", "input", "voice", "response_format", "speed", "stream_format",
    "language",
)  # fmt: skip

SUBJECTS = [
    Subject("upload", _form_seeds, _run(_form), (GatewayError,), _HTTP_WORDS),
    Subject("openai", _chat_seeds, _run(_chat), (GatewayError, web.HTTPRequestEntityTooLarge), _CHAT_WORDS),
    Subject(
        "webhooks",
        _hook_seeds, _webhooks, (GatewayError, web.HTTPException), _HTTP_WORDS,
    ),
]  # fmt: skip
