"""What a person hears before they take a call: the hand-off's summary, from the conversation's stored events."""

from __future__ import annotations

import io
import wave

from dialogue.types import HandedOff
from gateway.services import Services
from gateway.voice import Voice
from nlu.types import Language
from speech.audio import Resampler

SUMMARY_CHARS = 500
"""A person listens to no more before they take a call."""
_RATE_HZ = 8_000


async def summary_of(services: Services, channel: str, call_id: str) -> str:
    """The words of the last hand-off of this call; empty when there was none. Any worker can tell them."""
    name = services.tokens.name_of(channel, call_id)
    events = await services.conversations.core.store.load(f"phone-{name}")
    return next((event.summary for event in reversed(events) if isinstance(event, HandedOff)), "")[:SUMMARY_CHARS]


def language_of(text: str) -> Language:
    """Of a summary's words."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"


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
