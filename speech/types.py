"""What flows in and out of speech: audio frames in, speech events out, text in, audio frames out.

Only plain values; engines live in ``speech/asr`` and ``speech/tts`` and meet the rest of the house through the
protocols at the end of this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Language = Literal["zh", "en"]
Samples = NDArray[np.float32]
Hotwords = Mapping[Language, Sequence[str]]
"""Words that a recogniser should expect, by the language that is spoken; those at the end count most."""

LISTEN_RATE_HZ = 16_000
"""The one rate inside speech/listen: VAD and ASR models take 16 kHz mono."""


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A run of mono audio. Invariant: ``len(pcm)`` is even."""

    pcm: bytes
    """Signed 16-bit little-endian samples, one channel."""
    rate_hz: int
    """Samples per second."""
    start_ms: float
    """Position of the first sample on the stream's own sample clock, in milliseconds."""

    @property
    def duration_ms(self) -> float:
        """Length in milliseconds."""
        return len(self.pcm) / 2 * 1000 / self.rate_hz

    @property
    def end_ms(self) -> float:
        """Position just after the last sample, in milliseconds."""
        return self.start_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The customer has begun to speak (VAD, confirmed by a minimum of speech)."""

    utterance_id: int
    start_ms: float
    """Where speech began on the microphone's sample clock, in milliseconds."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The endpoint: the utterance is over and its final transcript will follow."""

    utterance_id: int
    end_ms: float
    """Where the last speech was heard on the microphone's sample clock, in milliseconds."""
    decided_ms: float
    """When the endpoint was decided on the same clock; ``decided_ms - end_ms`` is the endpoint wait."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text for an utterance. Its text is empty when nothing was said.

    Each utterance ends in exactly one with ``is_final``, or in one ``RecognitionFailed``.
    """

    utterance_id: int
    text: str
    is_final: bool
    language: Language
    confidence: float
    """0..1, the mean token probability of the recogniser."""
    start_ms: float
    end_ms: float
    alternatives: tuple[str, ...] = ()
    """Other readings, best first, where the engine has them."""
    decode_ms: float = 0.0
    """Time the recogniser took, in milliseconds."""
    at_pause: bool = False
    """Not final, but all that was said up to a plausible end: the final text if nothing more is said."""
    stable: str = ""
    """The beginning of ``text`` on which the last two transcripts of the utterance agree."""
    level_db: float = 0.0
    """Mean level of the utterance's speech so far, in dBFS; 0 where it was not measured."""


@dataclass(frozen=True, slots=True)
class RecognitionFailed:
    """The customer spoke but the recogniser did not answer; stands in for the final transcript. Listening goes on."""

    utterance_id: int
    code: str
    """The ``AsrError``'s code: asr_overloaded or asr_failed."""
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Wordless:
    """What an utterance held so far has no words: a noise, or voices in the background."""

    utterance_id: int
    start_ms: float
    until_ms: float


SpeechEvent = SpeechStarted | SpeechEnded | Transcript | RecognitionFailed | Wordless


@dataclass(frozen=True, slots=True)
class EndpointHint:
    """What the dialogue waits for, in endpointing's terms (mapped by the session from ``nlu.Expectation``)."""

    kind: Literal["free", "digits", "yes_no", "address"] = "free"
    digits: int | None = None
    """How many digits make the answer complete, when ``kind`` is ``digits``."""
    overlap: bool = False
    """The customer speaks over the bot, which is held until the words are known: short utterances end sooner."""
    check_after: str | None = None
    """The number is these digits, said before, and those to come, and ends in a Luhn check digit; None: no check."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """A batch recogniser's result for one stretch of audio."""

    text: str
    """Simplified Chinese or English; empty when the guards judged that nobody spoke."""
    language: Language
    confidence: float
    """0..1, mean token probability."""
    no_speech: float = 0.0
    """0..1, the model's own probability that this is not speech."""
    alternatives: tuple[str, ...] = ()
    decode_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AsrCapabilities:
    """What an ASR engine can do, as data."""

    languages: frozenset[Language]
    rate_hz: int = LISTEN_RATE_HZ


@dataclass(frozen=True, slots=True)
class TtsCapabilities:
    """What a TTS engine can do, as data."""

    languages: frozenset[Language]
    rate_hz: int
    """Rate of the frames it yields."""
    commercial_use: bool
    """False where the voice was trained on a corpus with non-commercial terms."""
    licence: str
    """One line shown at start-up and by ``kefu doctor``."""


class BatchAsr(Protocol):
    """Recognises one stretch of audio at a time; shared by all sessions, bounded inside."""

    capabilities: AsrCapabilities

    async def transcribe(
        self,
        samples: Samples,
        *,
        language: Language | None = None,
        partial: bool = False,
        hotwords: Hotwords | None = None,
    ) -> Recognition:
        """Recognise ``samples`` (float32, -1..1, mono, 16 kHz).

        ``partial`` asks for the cheap decode. ``hotwords`` are a hint that an engine may leave aside, for audio in
        which a VAD heard speech. Raises ``AsrOverloaded`` when the executor's queue is full and
        ``AsrFailed`` when the engine breaks. Safe to cancel: the late result is dropped.
        """
        ...

    async def close(self) -> None:
        """Release the model."""
        ...


class TtsEngine(Protocol):
    """Turns one sentence into audio; shared by all sessions, bounded inside."""

    capabilities: TtsCapabilities

    def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """Yield 20 ms frames of ``text`` (already spoken-text normalised), the first as soon as the engine has it.

        ``start_ms`` counts from 0. Raises ``TtsFailed``. Closing the iterator stops synthesis within one frame.
        """
        ...

    async def close(self) -> None:
        """Release the model."""
        ...
