"""A client of a running gateway, as any customer's: gets its own token and speaks the web voice protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from gateway.channels.web_codec import AUDIO_HEADER, SUBPROTOCOL
from gateway.cli import fail


@dataclass(slots=True)
class Gateway:
    """Where the gateway is."""

    url: str
    api_key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST JSON and return JSON; a refusal or an absent gateway ends the program with one line."""
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(self.url.rstrip("/") + path, json=body, headers=headers) as response,
            ):
                answer: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fail(f"no gateway answers at {self.url} ({type(error).__name__}); start it with 'make run'")
        if "error" in answer:
            fail(f"the gateway refused: {answer['error']['message']}")
        return answer

    @property
    def voice_url(self) -> str:
        """Address of the voice socket."""
        parts = urlsplit(self.url)
        return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, "/v1/voice", "", ""))

    async def voice_token(self) -> str:
        """A token for one voice connection."""
        return str((await self.post("/v1/token", {}))["token"])

    def subprotocols(self, token: str) -> list[str]:
        """What opens the socket."""
        return [SUBPROTOCOL, f"bearer.{token}"]


def split_audio(message: bytes) -> tuple[int, int, bytes]:
    """``(turn_id, sentence, pcm)`` of a binary message of the gateway."""
    turn_id, sentence = AUDIO_HEADER.unpack_from(message)
    return turn_id, sentence, message[AUDIO_HEADER.size :]


def parse_message(message: str) -> dict[str, Any]:
    """A JSON message of the gateway."""
    parsed: dict[str, Any] = json.loads(message)
    return parsed
