"""Sound that the client commits itself: push to talk, recorded utterances. Bytes in, words out.

Over the socket the buffer is what was appended since the last commit or clear; over WebRTC it is what the track has
brought since, silence too, of which the last two minutes are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from gateway.channels.realtime.config import Session
from gateway.errors import ProtocolError
from gateway.voice import Voice
from nlu.types import Language
from speech import g711
from speech.audio import Resampler, float_from_pcm, resample
from speech.transcription import transcribe
from speech.types import LISTEN_RATE_HZ

_MAX_PUSH_TO_TALK_S = 120


class Ears:
    """What was appended since the last commit, and how it is recognised."""

    def __init__(self, voice: Voice, session: Callable[[], Session], media_hz: int | None = None) -> None:
        """``media_hz``: the rate of sound that has a way of its own."""
        self._voice = voice
        self._session = session
        self._to_listen = Resampler(media_hz, LISTEN_RATE_HZ) if media_hz else None
        """Kept at what recognisers take: a third of the memory of a track's 48 kHz."""
        self._held = bytearray()
        """s16le at ``_held_hz``."""

    @property
    def _held_hz(self) -> int:
        return LISTEN_RATE_HZ if self._to_listen else self._session().audio.input.format.rate_hz

    def pcm(self, audio: bytes) -> bytes:
        """s16le of sound in the input format."""
        law = self._session().audio.input.format.law
        return g711.decode(audio, law) if law else audio

    def hold(self, pcm: bytes) -> None:
        """Keep what was appended. Raises ``ProtocolError`` beyond two minutes."""
        if len(self._held) + len(pcm) > self._max_bytes:
            raise ProtocolError(
                f"more than {_MAX_PUSH_TO_TALK_S} s were appended; commit or clear them first", code="buffer_full"
            )
        self._held += pcm

    def hear(self, pcm: bytes) -> None:
        """Keep what the track brought, s16le at ``media_hz``. It never ends: the oldest goes."""
        if self._to_listen is not None:
            self._held += self._to_listen.push(pcm)
            del self._held[: -self._max_bytes]

    @property
    def _max_bytes(self) -> int:
        return _MAX_PUSH_TO_TALK_S * self._held_hz * 2

    def forget(self) -> None:
        """Drop what was appended."""
        self._held.clear()

    async def commit(self) -> str:
        """The words of what was held, which is held no more.

        Raises ``ProtocolError`` when nothing was, ``AsrError`` when they are not recognised.
        """
        pcm, self._held = bytes(self._held), bytearray()
        if len(pcm) < 2:
            raise ProtocolError("there is no sound to commit", code="input_audio_buffer_commit_empty")
        return await self._words(pcm, self._held_hz)

    async def recognise(self, pcm: bytes) -> str:
        """The words of s16le sound at the input rate. Raises ``AsrError``."""
        return await self._words(pcm, self._session().audio.input.format.rate_hz)

    async def _words(self, pcm: bytes, rate_hz: int) -> str:
        samples = resample(float_from_pcm(pcm[: len(pcm) & ~1]), rate_hz, LISTEN_RATE_HZ)
        segments = transcribe(samples, self._voice.asr, self._voice.vad.stream(), language=self.language())
        async with aclosing(segments):
            return " ".join([segment.text async for segment in segments])

    def language(self) -> Language | None:
        """What the transcription was told to expect; None: any."""
        language = self._session().language
        return None if language == "auto" else language
