"""Sound that the client commits itself: push to talk, recorded utterances. Bytes in the input format in, words out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from gateway.channels.realtime.config import Session
from gateway.errors import ProtocolError
from gateway.voice import Voice
from nlu.types import Language
from speech import g711
from speech.audio import float_from_pcm, resample
from speech.transcription import transcribe
from speech.types import LISTEN_RATE_HZ

_MAX_PUSH_TO_TALK_S = 120


class Ears:
    """What was appended since the last commit, and how it is recognised."""

    def __init__(self, voice: Voice, session: Callable[[], Session]) -> None:
        self._voice = voice
        self._session = session
        self._held = bytearray()
        """s16le at the input rate."""

    def pcm(self, audio: bytes) -> bytes:
        """s16le of sound in the input format."""
        law = self._session().audio.input.format.law
        return g711.decode(audio, law) if law else audio

    def hold(self, pcm: bytes) -> None:
        """Keep what was appended. Raises ``ProtocolError`` beyond two minutes."""
        if len(self._held) + len(pcm) > _MAX_PUSH_TO_TALK_S * self._session().audio.input.format.rate_hz * 2:
            raise ProtocolError(
                f"more than {_MAX_PUSH_TO_TALK_S} s were appended; commit or clear them first", code="buffer_full"
            )
        self._held += pcm

    def forget(self) -> None:
        """Drop what was appended."""
        self._held.clear()

    def take(self) -> bytes:
        """What was appended, once. Raises ``ProtocolError`` when nothing was."""
        pcm, self._held = bytes(self._held), bytearray()
        if len(pcm) < 2:
            raise ProtocolError("nothing was appended", code="input_audio_buffer_commit_empty")
        return pcm

    async def recognise(self, pcm: bytes) -> str:
        """The words of s16le sound at the input rate. Raises ``AsrError``."""
        rate_hz = self._session().audio.input.format.rate_hz
        samples = resample(float_from_pcm(pcm[: len(pcm) & ~1]), rate_hz, LISTEN_RATE_HZ)
        segments = transcribe(samples, self._voice.asr, self._voice.vad.stream(), language=self.language())
        async with aclosing(segments):
            return " ".join([segment.text async for segment in segments])

    def language(self) -> Language | None:
        """What the transcription was told to expect; None: any."""
        language = self._session().language
        return None if language == "auto" else language
