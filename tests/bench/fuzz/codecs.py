"""The codecs by name. Their modules are imported when they are asked for, so that atheris can instrument them."""

from __future__ import annotations

from importlib import import_module

from tests.bench.fuzz.judge import Subject

_SOCKETS, _TELEPHONES = "tests.bench.fuzz.sockets", "tests.bench.fuzz.telephones"
_SOUND, _NETWORK, _REQUESTS = (
    "tests.bench.fuzz.sound",
    "tests.bench.fuzz.telephone_network",
    "tests.bench.fuzz.requests",
)
CODECS: dict[str, str] = {
    **dict.fromkeys(("web", "webrtc", "realtime"), _SOCKETS),
    **dict.fromkeys(
        ("twilio", "telnyx", "plivo", "exotel", "vonage", "jambonz", "asterisk", "audiosocket"), _TELEPHONES
    ),
    **dict.fromkeys(("sip", "sip_calls", "sip_stream", "sdp"), _NETWORK),
    **dict.fromkeys(("rtp", "opus", "g722", "g711", "files"), _SOUND),
    **dict.fromkeys(("upload", "openai", "webhooks"), _REQUESTS),
}
"""Where each is."""
GUIDES: dict[str, tuple[str, ...]] = {
    _SOCKETS: (
        "gateway.channels.web_codec",
        "gateway.channels.realtime",
        "gateway.channels.webrtc.door",
        "gateway.wire",
    ),
    _TELEPHONES: (*(f"gateway.channels.{name}_codec" for name in CODECS), "gateway.telephony"),
    _NETWORK: ("gateway.channels.sip", "aiosipua", "aiortc.sdp"),
    _SOUND: ("gateway.channels.sip", "aiortp", "speech.containers", "speech.g711"),
    _REQUESTS: ("gateway.channels", "gateway.wire", "aiohttp.multipart"),
}
"""Whose branches guide the search."""
UNGUIDED: dict[str, tuple[str, ...]] = {
    "sip_calls": ("aiosipua.message", "aiosipua.headers", "aiosipua.header_codec"),
}
"""Modules that do not: their loops over single characters take two thirds of a run, and ``sip`` is guided by them."""


def subject(name: str) -> Subject:
    """The codec of this name. Raises ``KeyError``."""
    module = import_module(CODECS[name])
    known: list[Subject] = module.SUBJECTS
    return next(one for one in known if one.name == name)
