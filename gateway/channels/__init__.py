"""One file per channel. Each is a module with ``routes() -> list of aiohttp route definitions`` (or a ``Door``) and,
where it speaks a wire format, pure ``decode`` / ``encode``. Resolved at start-up from this registry.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from aiohttp.web import Application, RouteDef


@dataclass(frozen=True, slots=True)
class Door:
    """A channel with more than routes: what lives as long as the application (a server socket, calls)."""

    routes: Sequence[RouteDef]
    life: Callable[[Application], AsyncIterator[None]]
    """An aiohttp ``cleanup_ctx``: opens, yields once, closes. ``app[SERVICES]`` is there."""


CHANNELS: dict[str, str] = {
    "web": "gateway.channels.web:routes",
    "rest": "gateway.channels.rest:routes",
    "openai_chat": "gateway.channels.openai_chat:routes",
    "openai_audio": "gateway.channels.openai_audio:routes",
    "realtime": "gateway.channels.realtime.door:routes",
    "webrtc": "gateway.channels.webrtc.door:routes",
    "twilio": "gateway.channels.twilio:routes",
    "telnyx": "gateway.channels.telnyx:routes",
    "plivo": "gateway.channels.plivo:routes",
    "exotel": "gateway.channels.exotel:routes",
    "vonage": "gateway.channels.vonage:routes",
    "jambonz": "gateway.channels.jambonz:routes",
    "asterisk": "gateway.channels.asterisk:routes",
    "sip": "gateway.channels.sip.door:routes",
    "ops": "gateway.channels.ops:routes",
    "openapi": "gateway.openapi.door:routes",
}
