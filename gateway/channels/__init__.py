"""One file per channel. Each is a module with ``routes(services) -> list of aiohttp route definitions`` and, where it
speaks a wire format, pure ``decode`` / ``encode``. Resolved at start-up from this registry.
"""

from __future__ import annotations

CHANNELS: dict[str, str] = {
    "web": "gateway.channels.web:routes",
    "rest": "gateway.channels.rest:routes",
    "openai_chat": "gateway.channels.openai_chat:routes",
    "openai_audio": "gateway.channels.openai_audio:routes",
    "realtime": "gateway.channels.realtime.door:routes",
    "ops": "gateway.channels.ops:routes",
}
