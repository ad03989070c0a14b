"""What a person hears before they take a call: the hand-off's summary, from the conversation's stored events.

Providers that play a file to the person fetch it at an address that only its call's key opens, for some minutes.
"""

from __future__ import annotations

import hmac
import io
import wave
from urllib.parse import urlencode

from aiohttp import web

from dialogue.types import HandedOff
from gateway.auth import Tokens, header_bytes
from gateway.errors import Busy, Forbidden
from gateway.services import SERVICES, Services
from gateway.telephony.door import own_url
from gateway.voice import Voice
from nlu.types import Language
from speech.audio import Resampler

SUMMARY_CHARS = 500
"""A person listens to no more before they take a call."""
_RATE_HZ = 8_000
_FETCHED_S = 600.0
"""A person's telephone rings for a while before anything is fetched."""


async def summary_of(services: Services, channel: str, call_id: str) -> str:
    """The words of the last hand-off of this call; empty when there was none. Any worker can tell them."""
    name = services.tokens.name_of(channel, call_id)
    events = await services.conversations.core.store.load(f"phone-{name}")
    return next((event.summary for event in reversed(events) if isinstance(event, HandedOff)), "")[:SUMMARY_CHARS]


def language_of(text: str) -> Language:
    """Of a summary's words."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"


def summary_url(request: web.Request, channel: str, call_id: str) -> str:
    """Where the provider of this call fetches its summary as sound."""
    tokens = request.app[SERVICES].tokens
    until = tokens.expires_at(_FETCHED_S)
    query = urlencode({"call": call_id, "until": until, "key": _key(tokens, channel, call_id, str(until))})
    return own_url(request, f"/v1/{channel}/summary?{query}")


async def spoken_summary(request: web.Request, channel: str) -> web.Response:
    """The summary as WAV. Raises ``Forbidden`` without its key, ``Busy`` without a voice."""
    services = request.app[SERVICES]
    call_id, until = request.query.get("call", ""), request.query.get("until", "")
    wanted = _key(services.tokens, channel, call_id, until)
    is_given = hmac.compare_digest(wanted.encode(), header_bytes(request.query.get("key")))
    if not is_given or int(until) < services.tokens.expires_at(0):
        raise Forbidden("the address of this summary is not valid, or no longer", code="bad_signature")
    if services.voice is None:
        raise Busy("speech is switched off on this gateway", code="voice_off")
    text = await summary_of(services, channel, call_id)
    return web.Response(body=await spoken(services.voice, text), content_type="audio/wav")


def _key(tokens: Tokens, channel: str, call_id: str, until: str) -> str:
    return tokens.name_of(f"summary of {channel} until {until}", call_id)


async def spoken(voice: Voice, text: str) -> bytes:
    """A WAV file, 8 kHz mono, of these words. Raises ``SpeechError``."""
    resampler = Resampler(voice.tts.capabilities.rate_hz, _RATE_HZ)
    pcm = bytearray()
    for line in filter(None, (part.strip() for part in text.splitlines())):
        async for frame in voice.tts.synthesize(line, language_of(text)):
            pcm += resampler.push(frame.pcm)
    pcm += resampler.flush()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(bytes(pcm))
    return buffer.getvalue()
